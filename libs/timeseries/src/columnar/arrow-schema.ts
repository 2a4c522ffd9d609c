import { FlatTable } from './flatbuffer.js';
import { viewOf } from './file-bytes.js';

/** Types of Arrow that are read, by their numbers in its description (Schema.fbs). */
export const TYPES = [
  'none',
  'null',
  'int',
  'float',
  'binary',
  'utf8',
  'bool',
  'decimal',
  'date',
  'time',
  'timestamp',
  'interval',
  'list',
  'struct',
  'union',
  'fixed binary',
  'fixed list',
  'map',
  'duration',
  'large binary',
  'large utf8',
  'large list',
  'run ends',
  'binary view',
  'utf8 view',
  'list view',
  'large list view',
] as const;

/** Kinds of messages in a stream of Arrow. */
export const MESSAGE = { schema: 1, dictionary: 2, batch: 3 } as const;

/** A column as an Arrow file describes it. */
export interface ArrowField {
  readonly name: string;
  readonly type: (typeof TYPES)[number];
  /** Bits of a value; 0 for texts. */
  readonly bits: number;
  readonly signed: boolean;
  /** Units of a time in a millisecond. */
  readonly perMs: number;
  readonly zone: string | null;
  /** Decimals of a decimal number. */
  readonly scale: number;
  /** Number of the dictionary that values point into, and what these pointers are; null without one. */
  readonly dictionary: { readonly id: number; readonly bits: number; readonly signed: boolean } | null;
  readonly children: readonly ArrowField[];
  /** A union whose values have places of their own. */
  readonly dense: boolean;
}

const UNITS = [0.001, 1, 1000, 1_000_000];
/** Nesting that no table of data has; it ends descriptions that contain themselves. */
const MAX_DEPTH = 20;

/** The schema of a message. */
export const schemaOf = (message: FlatTable): FlatTable | null =>
  message.byte(1) === MESSAGE.schema ? message.table(2) : null;

/**
 * The columns of a schema.
 * @throws RangeError for one that is broken, or of the byte order of other machines
 */
export function schemaFields(schema: FlatTable | null): readonly ArrowField[] {
  if (schema === null) throw new RangeError('no schema');
  if (schema.short(0) !== 0) throw new RangeError('numbers with the largest part first');
  return schema.tables(1).map((field) => fieldOf(field, 0));
}

function fieldOf(field: FlatTable, depth: number): ArrowField {
  if (depth > MAX_DEPTH) throw new RangeError('fields too deep');
  const type = TYPES[field.byte(2)] ?? 'none';
  const details = field.table(3);
  const dictionary = field.table(4);
  const index = dictionary?.table(1);
  return {
    name: field.text(0),
    type,
    ...valuesOf(type, details),
    zone: type === 'timestamp' ? details?.text(1) || null : null,
    dictionary:
      dictionary === null
        ? null
        : {
            id: dictionary.long(0),
            bits: index?.int(0) ?? 32,
            signed: index === null || index === undefined || index.byte(1) !== 0,
          },
    children: field.tables(5).map((child) => fieldOf(child, depth + 1)),
    dense: type === 'union' && details?.short(0) === 1,
  };
}

function valuesOf(
  type: ArrowField['type'],
  details: FlatTable | null,
): Pick<ArrowField, 'bits' | 'signed' | 'perMs' | 'scale'> {
  const values = { bits: 0, signed: true, perMs: 1, scale: 0 };
  if (details === null) return { ...values, bits: type === 'bool' ? 1 : 0 };
  switch (type) {
    case 'int':
      return { ...values, bits: details.int(0), signed: details.byte(1) !== 0 };
    case 'float':
      return { ...values, bits: [16, 32, 64][details.short(0)] ?? 0 };
    case 'bool':
      return { ...values, bits: 1 };
    case 'decimal':
      return { ...values, bits: details.int(2, 128), scale: details.int(1) };
    case 'date':
      return { ...values, bits: details.short(0, 1) === 0 ? 32 : 64 };
    case 'time':
      return { ...values, bits: details.int(1, 32), perMs: UNITS[details.short(0, 1)] ?? 1 };
    case 'timestamp':
      return { ...values, bits: 64, perMs: UNITS[details.short(0)] ?? 1 };
    default:
      return values;
  }
}

/** The zones of the columns that have one, from the schema that Arrow leaves in the files of others; empty where it is broken. */
export function zonesOfSchema(bytes: Uint8Array): ReadonlyMap<string, string> {
  try {
    const start = bytes.length > 8 && viewOf(bytes).getInt32(0, true) === -1 ? 8 : 4;
    const fields = schemaFields(schemaOf(FlatTable.root(bytes.subarray(start))));
    return new Map(fields.flatMap(({ name, zone }) => (zone === null ? [] : [[name, zone]])));
  } catch (error) {
    if (error instanceof RangeError) return new Map();
    throw error;
  }
}
