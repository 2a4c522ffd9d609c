import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { formatNaiveIso, loadCsv, type CsvOptions, type LoadedCsv } from '#libs/timeseries';
import { csvFiles } from './csv-files.js';

const { write } = csvFiles();
const date = { dateColumn: 'DATE_TIME' };
const load = (text: string | Buffer, options: Partial<CsvOptions> = {}): Promise<LoadedCsv> =>
  loadCsv(write(text), { ...date, ...options });
const hour = 3_600_000;
const start = Date.UTC(2024, 0, 10, 8);

describe('loading a CSV file', () => {
  it('finds columns by name, in whatever order they stand', async () => {
    const a = await load('DATE_TIME,OPEN,CLOSE\n2024-01-10 08:00:00,1,2\n');
    const b = await load('CLOSE,DATE_TIME,OPEN\n2,2024-01-10 08:00:00,1\n');
    for (const { frame } of [a, b]) {
      expect([...frame.time]).toEqual([start]);
      expect(frame.column('OPEN')[0]).toBe(1);
      expect(frame.column('CLOSE')[0]).toBe(2);
    }
  });

  it('takes only the columns asked for, in that order', async () => {
    const { frame } = await load('DATE_TIME,A,B,C\n2024-01-10,1,2,3\n', { columns: ['C', 'A'] });
    expect(frame.names).toEqual(['C', 'A']);
  });

  it('reads CRLF, a byte order mark, quotes, blank lines and a last line without an end', async () => {
    const text =
      '\ufeff"DATE_TIME","CL""OSE, final"\r\n\r\n"2024-01-10 08:00:00","1.5"\r\n   \r\n2024-01-10 09:00:00, 2.5 ';
    const { frame, badRowCount } = await load(text);
    expect(frame.names).toEqual(['CL"OSE, final']);
    expect([...frame.column('CL"OSE, final')]).toEqual([1.5, 2.5]);
    expect([...frame.time]).toEqual([start, start + hour]);
    expect(badRowCount).toBe(0);
  });

  it('reads lines that end with CR alone', async () => {
    const { frame } = await load('DATE_TIME,A\r2024-01-10,1\r2024-01-11,2\r');
    expect([...frame.column('A')]).toEqual([1, 2]);
  });

  it('converts offsets and reads each form of timestamp', async () => {
    const { frame } = await load(
      'DATE_TIME,A\n2024-01-10T10:00:00+02:00,1\n2024-01-10T08:00:01Z,2\n2024-01-10 08:00:02.5,3\n2024-01-11,4\n',
    );
    expect([...frame.time]).toEqual([start, start + 1000, start + 2500, start + 16 * hour]);
  });

  it('sorts rows stably by time and counts times that repeat', async () => {
    const text = 'DATE_TIME,A\n2024-01-11,1\n2024-01-10,2\n2024-01-11,3\n2024-01-10,4\n';
    const { frame, reordered, duplicateTimes } = await load(text);
    expect([...frame.column('A')]).toEqual([2, 4, 1, 3]);
    expect(reordered).toBe(true);
    expect(duplicateTimes).toBe(2);
    expect((await load('DATE_TIME,A\n2024-01-10,1\n2024-01-11,2\n')).reordered).toBe(false);
  });

  it('leaves columns without numbers out unless they are asked for', async () => {
    const text = 'DATE_TIME,VENUE,A,NOTE\n2024-01-10,EBS,1,\n2024-01-11,EBS,2,\n';
    const { frame, ignoredColumns } = await load(text);
    expect(frame.names).toEqual(['A']);
    expect(ignoredColumns).toEqual(['VENUE', 'NOTE']);
    await expect(load(text, { columns: ['VENUE'] })).rejects.toMatchObject({
      kind: 'invalid',
      code: 'csv_column_not_numeric',
      message: expect.stringMatching(/column "VENUE" of prices-\d+\.csv holds no numbers: line 2 has "EBS"/),
    });
  });

  it('keeps columns that begin with gaps', async () => {
    const { frame } = await load('DATE_TIME,A,B\n2024-01-10,1,\n2024-01-11,2,NaN\n2024-01-12,3,7\n');
    expect([...frame.column('B')]).toEqual([NaN, NaN, 7]);
  });
});

describe('bad rows', () => {
  const text = [
    'DATE_TIME,A,B',
    '2024-01-10,1,2',
    'never,1,2',
    '2024-02-30,1,2',
    '2024-01-11,one,2',
    '2024-01-11,1,',
    '2024-01-11,1',
    '2024-01-11,1,2,3',
    '2024-01-11,1,inf',
    '2024-01-11,1,1e999',
    '',
    '2024-01-11,"1"x,2',
    '2024-01-11,0x10,2',
    '2024-01-12,"3',
    '4",4',
    '2024-01-13,5,6',
  ].join('\n');

  it('are left out and reported with line, rule, column and value', async () => {
    const { frame, badRows, badRowCount } = await load(text);
    expect([...frame.column('A')]).toEqual([1, NaN, 1, 1, 1, NaN, NaN, 5]);
    expect(badRowCount).toBe(5);
    expect(badRows).toEqual([
      { line: 3, rule: 'bad_date', column: 'DATE_TIME', value: 'never' },
      { line: 4, rule: 'bad_date', column: 'DATE_TIME', value: '2024-02-30' },
      { line: 7, rule: 'too_few_cells' },
      { line: 8, rule: 'too_many_cells' },
      { line: 12, rule: 'bad_quotes' },
    ]);
  });

  it('are not those in which one cell holds no number: that costs only its value', async () => {
    const { frame, badCells, notes } = await load(text);
    expect([...frame.column('B')]).toEqual([2, 2, NaN, NaN, NaN, 2, 4, 6]);
    expect(badCells).toEqual([
      { column: 'A', count: 3, line: 5, value: 'one' },
      { column: 'B', count: 2, line: 9, value: 'inf' },
    ]);
    expect(notes.map(({ code }) => code)).toEqual(['bad_rows', 'bad_cells', 'bad_cells', 'duplicate_times']);
  });

  it('are listed up to a limit and counted beyond it', async () => {
    const many = `DATE_TIME,A\n2024-01-10,1\n${'x,1\n'.repeat(500)}`;
    const { badRows, badRowCount } = await load(many);
    expect(badRows).toHaveLength(100);
    expect(badRowCount).toBe(500);
  });

  it('of an open quote do not swallow the report', async () => {
    const { badRows, frame } = await load('DATE_TIME,A\n2024-01-10,1\n2024-01-11,"2\n');
    expect(frame.length).toBe(1);
    expect(badRows).toEqual([{ line: 3, rule: 'bad_quotes' }]);
  });
});

describe('a written file', () => {
  const columnName = fc
    .string({ minLength: 1, maxLength: 8 })
    .filter((name) => name.trim() === name && name !== 'DATE_TIME' && name !== '');
  const table = fc.record({
    names: fc.uniqueArray(columnName, { minLength: 1, maxLength: 4 }),
    rows: fc.array(
      fc.record({
        time: fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 }),
        values: fc.array(
          fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
          { minLength: 4, maxLength: 4 },
        ),
      }),
      { minLength: 1, maxLength: 30 },
    ),
    newline: fc.constantFrom('\n', '\r\n'),
    mark: fc.boolean(),
    quoteAll: fc.boolean(),
    lastNewline: fc.boolean(),
    separator: fc.constantFrom(' ', 'T'),
  });

  it('is read back exactly, whatever its dialect', async () => {
    const path = write('');
    await fc.assert(
      fc.asyncProperty(table, async ({ names, rows, newline, mark, quoteAll, lastNewline, separator }) => {
        const quote = (text: string): string =>
          quoteAll || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
        const lines = [
          ['DATE_TIME', ...names],
          ...rows.map(({ time, values }) => [
            formatNaiveIso(time).replace('T', separator),
            ...names.map((_, index) => String(values[index])),
          ]),
        ].map((cells) => cells.map(quote).join(','));
        write(
          (mark ? '\ufeff' : '') + lines.join(newline) + (lastNewline ? newline : ''),
          path.split('/').at(-1),
        );
        const { frame, badRowCount } = await loadCsv(path, date);
        const sorted = rows.toSorted((a, b) => a.time - b.time);
        expect(badRowCount).toBe(0);
        expect([...frame.time]).toEqual(sorted.map(({ time }) => time));
        expect(frame.names).toEqual(names);
        for (const [index, name] of names.entries()) {
          expect([...frame.column(name)]).toEqual(sorted.map(({ values }) => values[index]));
        }
      }),
      { numRuns: 150 },
    );
  });
});
