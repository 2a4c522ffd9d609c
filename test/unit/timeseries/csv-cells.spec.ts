import { describe, expect, it } from '@jest/globals';
import { parse as referenceParse } from 'csv-parse/sync';
import * as fc from 'fast-check';
import { NumberReader } from '../../../libs/timeseries/src/csv/numbers.js';
import { RecordScanner } from '../../../libs/timeseries/src/csv/record-scanner.js';
import { CellTimes } from '../../../libs/timeseries/src/times/cell-times.js';

const number = (text: string, decimal: '.' | ',' = '.'): number =>
  new NumberReader({ decimal, thousands: null, settled: true }).read(
    Buffer.from(text),
    0,
    Buffer.byteLength(text),
  );

describe('a number in a cell', () => {
  it('is the double that the platform reads, in every notation', () => {
    const decimal = fc
      .tuple(fc.constantFrom('', '-', '+'), fc.stringMatching(/^\d{1,20}(\.\d{0,25})?$/))
      .map(([sign, digits]) => sign + digits);
    const exponent = fc
      .double({ noNaN: true, noDefaultInfinity: true })
      .map((value) => value.toExponential());
    const plain = fc.double({ noNaN: true, noDefaultInfinity: true }).map(String);
    fc.assert(
      fc.property(fc.oneof(decimal, exponent, plain), (text) => {
        expect(number(text)).toBe(Number(text));
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['.5', 0.5],
    ['5.', 5],
    ['-0', -0],
    ['+1.25', 1.25],
    ['1e3', 1000],
    [' 7 ', 7],
    ['inf', Infinity],
    ['1,234', 1234],
    ['1,234,567.25', 1_234_567.25],
    ['12,34,567.5', 1_234_567.5],
    ['1_000', 1000],
    ["1'234.5", 1234.5],
    ['1 234.5', 1234.5],
    ['1\u00a0234.5', 1234.5],
    ['$185.50', 185.5],
    ['-$1,185.50', -1185.5],
    ['€ 12.5', 12.5],
    ['12.5 USD', 12.5],
    ['1.25%', 1.25],
    ['-0.52 %', -0.52],
    ['24.82M', 24_820_000],
    ['1.5K', 1500],
    ['2.1B', 2_100_000_000],
    ['(1.5)', -1.5],
    ['\u22121.5', -1.5],
  ])('is read from %p', (text, expected) => {
    expect(number(text)).toBe(expected);
  });

  it.each([
    [''],
    ['.'],
    ['-'],
    ['+'],
    ['1.2.3'],
    ['1,5'],
    ['0x10'],
    ['1e'],
    ['--1'],
    ['1__000'],
    ['1,23'],
    ['1.234,5'],
    ['24.82MB'],
    ['NaN'],
    ['1 2'],
    ['١'],
  ])('is not read from %p', (text) => {
    expect(number(text)).toBeNaN();
  });
});

describe('a number with a decimal comma', () => {
  it.each([
    ['1,5', 1.5],
    ['1.234,5', 1234.5],
    ['1.200.300', 1_200_300],
    ['1.200', 1200],
    ["1'234,5", 1234.5],
    ['-1,5%', -1.5],
    ['12', 12],
  ])('is read from %p', (text, expected) => {
    expect(number(text, ',')).toBe(expected);
  });

  it.each([['1.5'], ['1,234.5'], ['1,5,5']])('is not read from %p', (text) => {
    expect(number(text, ',')).toBeNaN();
  });
});

describe('a time in a cell', () => {
  it.each([
    ['2024-01-10 08:00:00', Date.UTC(2024, 0, 10, 8)],
    ['2024-01-10T08:00:00', Date.UTC(2024, 0, 10, 8)],
    ['2024-01-10', Date.UTC(2024, 0, 10)],
    ['2024-02-30 08:00:00', NaN],
    ['2024-01-10 08:00:0x', NaN],
    ['2024-01-10 24:00:00', Date.UTC(2024, 0, 11)],
    ['2024-01-10 24:00:01', NaN],
    ['2024/01/10 08:00:00', Date.UTC(2024, 0, 10, 8)],
    ['+024-01-10 08:00:00', NaN],
  ])('is told of %s, or that it is none', (text, expected) => {
    expect(new CellTimes('ymd').read(Buffer.from(text), 0, text.length)).toBe(expected);
  });
});

describe('RecordScanner', () => {
  /** Scans with a window that shows ever more bytes, as reads from a disk do. */
  function scan(text: string, step: number): string[][] {
    const bytes = Buffer.from(text);
    const scanner = new RecordScanner();
    const records: string[][] = [];
    for (let end = Math.min(step, bytes.length); ; end = Math.min(end + step, bytes.length)) {
      while (scanner.next(bytes, end, false)) records.push(cellsOf(scanner, bytes));
      if (end === bytes.length) break;
    }
    while (scanner.next(bytes, bytes.length, true)) records.push(cellsOf(scanner, bytes));
    return records;
  }

  const cellsOf = (scanner: RecordScanner, bytes: Buffer): string[] =>
    Array.from({ length: scanner.cells }, (_, cell) =>
      bytes.toString('utf8', scanner.spans[2 * cell], scanner.spans[2 * cell + 1]).replaceAll('""', '"'),
    );

  it('splits as csv-parse does, wherever the reads end', () => {
    const plain = fc.stringMatching(/^[a-z0-9 .é]{0,4}$/);
    const quoted = fc.stringMatching(/^[a-z",\n\r]{0,5}$/).map((text) => `"${text.replaceAll('"', '""')}"`);
    const row = fc
      .array(fc.oneof(plain, quoted), { minLength: 2, maxLength: 4 })
      .map((cells) => cells.join(','));
    const file = fc.tuple(
      fc.array(row, { minLength: 1, maxLength: 6 }),
      fc.constantFrom('\n', '\r\n'),
      fc.boolean(),
    );
    fc.assert(
      fc.property(file, fc.integer({ min: 1, max: 40 }), ([rows, newline, closed], step) => {
        const text = rows.join(newline) + (closed ? newline : '');
        const expected = referenceParse(text, { relax_column_count: true, record_delimiter: newline });
        expect(scan(text, step)).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });

  it('counts lines through quoted line ends', () => {
    const bytes = Buffer.from('a,b\r\n"1\n2\r\n3",x\n\ny,z');
    const scanner = new RecordScanner();
    const lines: number[] = [];
    while (scanner.next(bytes, bytes.length, true)) lines.push(scanner.line);
    expect(lines).toEqual([1, 2, 5, 6]);
  });
});
