import type { ArrowField } from './arrow-schema.js';
import { viewOf, wholeMilliseconds } from './file-bytes.js';
import {
  type CellText,
  clockText,
  type ColumnCells,
  dayText,
  numberText,
  quoted,
  TimeText,
} from './text-rows.js';

/** The buffers of a column in one batch. */
export interface ArrowBuffers {
  readonly rows: number;
  readonly nulls: number;
  readonly validity: Uint8Array;
  readonly parts: readonly Uint8Array[];
}

/** A text in a cell is cut off here, as no number is as long. */
const MAX_TEXT_BYTES = 64 * 1024;
const DAY_MS = 86_400_000;

/**
 * The values of a column in one batch.
 * @param dictionary texts that the values point at
 * @throws RangeError when the buffers are too short for their rows
 */
export function columnCells(
  field: ArrowField,
  buffers: ArrowBuffers,
  dictionary?: readonly string[],
): ColumnCells {
  const { rows, nulls, validity } = buffers;
  const cells = valuesOf(field, buffers, dictionary);
  if (nulls === 0 || validity.length === 0) return cells;
  if (validity.length * 8 < rows) throw new RangeError('too few bits for the rows');
  const isThere = (row: number): boolean => (((validity[row >> 3] ?? 0) >> (row & 7)) & 1) !== 0;
  const { text, number } = cells;
  return {
    text: (row) => (isThere(row) ? text(row) : ''),
    number: number && ((row) => (isThere(row) ? number(row) : NaN)),
  };
}

function valuesOf(
  field: ArrowField,
  { rows, parts }: ArrowBuffers,
  dictionary?: readonly string[],
): ColumnCells {
  const values = parts[0] ?? new Uint8Array(0);
  const { type, bits, signed, perMs } = field;
  if (field.dictionary !== null) {
    const at = integerAt(values, rows, field.dictionary.bits, field.dictionary.signed);
    return onlyText((row) => dictionary?.[Number(at(row))] ?? '');
  }
  switch (type) {
    case 'int': {
      const at = integerAt(values, rows, bits, signed);
      return { text: (row) => String(at(row)), number: (row) => Number(at(row)) };
    }
    case 'float': {
      const number = floatAt(values, rows, bits);
      return { text: (row) => numberText(number(row)), number };
    }
    case 'bool': {
      needs(values, rows, 1);
      const number = (row: number): number => ((values[row >> 3] ?? 0) >> (row & 7)) & 1;
      return { text: (row) => String(number(row)), number };
    }
    case 'decimal': {
      const text = decimalText(values, rows, field);
      return { text, number: (row) => Number(text(row)) };
    }
    case 'date': {
      const at = integerAt(values, rows, bits, true);
      const day = (row: number): number =>
        bits === 32 ? Number(at(row)) : Math.floor(Number(at(row)) / DAY_MS);
      return { text: (row) => dayText(day(row)), number: (row) => day(row) * DAY_MS };
    }
    case 'time': {
      const at = integerAt(values, rows, bits, true);
      return onlyText((row) => clockText(Number(at(row)) / perMs));
    }
    case 'timestamp': {
      needs(values, rows, 64);
      const view = viewOf(values);
      const times = new TimeText(field.zone);
      const number = (row: number): number =>
        wholeMilliseconds(view.getInt32(8 * row + 4, true), view.getUint32(8 * row, true), perMs);
      return { text: (row) => times.text(number(row)), number };
    }
    case 'utf8':
    case 'large utf8':
      return onlyText(offsetText(values, parts[1] ?? new Uint8Array(0), rows, type === 'utf8' ? 32 : 64));
    case 'utf8 view':
      return onlyText(viewText(values, parts.slice(1), rows));
    default:
      return onlyText(() => '');
  }
}

const onlyText = (text: CellText): ColumnCells => ({ text, number: null });

function needs(values: Uint8Array, rows: number, bits: number): void {
  if (!(values.length * 8 >= rows * bits)) throw new RangeError('too few bytes for the rows');
}

function integerAt(
  values: Uint8Array,
  rows: number,
  bits: number,
  signed: boolean,
): (row: number) => number | bigint {
  needs(values, rows, bits);
  const view = viewOf(values);
  switch (bits) {
    case 8:
      return signed ? (row) => view.getInt8(row) : (row) => view.getUint8(row);
    case 16:
      return signed ? (row) => view.getInt16(2 * row, true) : (row) => view.getUint16(2 * row, true);
    case 32:
      return signed ? (row) => view.getInt32(4 * row, true) : (row) => view.getUint32(4 * row, true);
    case 64:
      return signed ? (row) => view.getBigInt64(8 * row, true) : (row) => view.getBigUint64(8 * row, true);
    default:
      throw new RangeError(`integers of ${bits} bits`);
  }
}

function floatAt(values: Uint8Array, rows: number, bits: number): (row: number) => number {
  needs(values, rows, bits);
  const view = viewOf(values);
  if (bits === 64) return (row) => view.getFloat64(8 * row, true);
  if (bits === 32) return (row) => view.getFloat32(4 * row, true);
  if (bits === 16) return (row) => halfOf(view.getUint16(2 * row, true));
  throw new RangeError(`numbers of ${bits} bits`);
}

/** A number of 16 bits (IEEE 754 binary16). */
function halfOf(half: number): number {
  const [sign, exponent, fraction] = [half >> 15 === 0 ? 1 : -1, (half >> 10) & 31, half & 1023];
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Exact digits: a decimal of 128 bits may have more of them than a double. */
function decimalText(values: Uint8Array, rows: number, { bits, scale }: ArrowField): CellText {
  needs(values, rows, bits);
  const view = viewOf(values);
  const words = bits / 64;
  if (![0.5, 1, 2, 4].includes(words)) throw new RangeError(`decimals of ${bits} bits`);
  return (row) => {
    if (bits === 32) return pointed(BigInt(view.getInt32(4 * row, true)), scale);
    let value = view.getBigInt64(8 * (words * row + words - 1), true);
    for (let word = words - 2; word >= 0; word -= 1)
      value = (value << 64n) | view.getBigUint64(8 * (words * row + word), true);
    return pointed(value, scale);
  };
}

function pointed(value: bigint, scale: number): string {
  if (scale <= 0) return scale === 0 ? String(value) : `${value}e${-scale}`;
  const digits = String(value < 0n ? -value : value).padStart(scale + 1, '0');
  return `${value < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

function offsetText(offsets: Uint8Array, bytes: Uint8Array, rows: number, bits: 32 | 64): CellText {
  if (rows === 0) return () => '';
  const at = integerAt(offsets, rows + 1, bits, true);
  return (row) => textIn(bytes, Number(at(row)), Number(at(row + 1)));
}

/** Texts of at most 12 bytes stand in the view itself, longer ones in a further buffer. */
function viewText(views: Uint8Array, data: readonly Uint8Array[], rows: number): CellText {
  needs(views, rows, 128);
  const view = viewOf(views);
  return (row) => {
    const length = view.getInt32(16 * row, true);
    if (length <= 12) return textIn(views, 16 * row + 4, 16 * row + 4 + length);
    const start = view.getInt32(16 * row + 12, true);
    return textIn(data[view.getInt32(16 * row + 8, true)] ?? views.subarray(0, 0), start, start + length);
  };
}

function textIn(bytes: Uint8Array, from: number, to: number): string {
  if (!(from >= 0 && from <= to && to <= bytes.length)) throw new RangeError('a text beyond its buffer');
  return quoted(
    Buffer.from(bytes.buffer, bytes.byteOffset + from, Math.min(to - from, MAX_TEXT_BYTES)).toString('utf8'),
  );
}
