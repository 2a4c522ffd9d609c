import { appendFileSync, chmodSync, closeSync, ftruncateSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { loadCsv, type CsvOptions } from '#libs/timeseries';
import { faultOfFile } from '../../../libs/timeseries/src/csv/csv-format.js';
import { csvFiles } from './csv-files.js';

const { directory, write } = csvFiles();

async function refusal(path: string, options: Partial<CsvOptions> = {}) {
  const error: unknown = await loadCsv(path, { dateColumn: 'DATE_TIME', ...options }).catch(
    (one: unknown) => one,
  );
  expect(error).toMatchObject({ name: 'AppError' });
  const { kind, code, message } = error as { kind: string; code: string; message: string };
  expect(message).not.toContain(directory);
  return { kind, code, message };
}

describe('a file that cannot be loaded', () => {
  it.each([
    ['an empty file', '', 'csv_empty', 'is empty'],
    ['blank lines only', '\n\n', 'csv_empty', 'is empty'],
    ['a header only', 'DATE_TIME,A\n', 'csv_no_rows', 'nothing below the header'],
    [
      'bad rows only',
      'DATE_TIME,A\nx,1\ny,2\n',
      'csv_no_rows',
      'all 2 rows are bad, the first: line 2, bad date, DATE_TIME "x" (time_format tells',
    ],
    [
      'a date column that is not there',
      'Date,Open\n2024-01-10,1\n',
      'csv_missing_column',
      'no date column "when"; its columns are "Date", "Open"',
      'when',
    ],
    ['no line end', 'x'.repeat(2_000_000), 'csv_header_too_long', 'no end'],
    [
      'a quote left open in a long file',
      `DATE_TIME,A\n2024-01-10,1\n2024-01-11,"2\n${'2024-01-12,3\n'.repeat(120_000)}`,
      'csv_row_too_long',
      'from line 3 on',
    ],
    ['too many columns', `DATE_TIME${',x'.repeat(5000)}\n`, 'csv_too_many_columns', '5001'],
  ])('is named for what it is: %s', async (_, text, code, words, dateColumn = 'DATE_TIME') => {
    const { kind, code: found, message } = await refusal(write(text), { dateColumn });
    expect({ kind, found }).toEqual({ kind: 'invalid', found: code });
    expect(message).toContain(words);
  });

  it('may be a missing file', async () => {
    expect(await refusal(join(directory, 'none.csv'))).toEqual({
      kind: 'not_found',
      code: 'csv_missing',
      message: 'there is no file none.csv',
    });
    expect(await refusal(join(write('x'), 'below-a-file.csv'))).toMatchObject({ code: 'csv_missing' });
  });

  it('may be a directory', async () => {
    mkdirSync(join(directory, 'folder.csv'));
    expect(await refusal(join(directory, 'folder.csv'))).toMatchObject({
      kind: 'invalid',
      code: 'csv_is_directory',
    });
  });

  it('may be a device, without reading from it', async () => {
    expect(await refusal('/dev/zero')).toMatchObject({ kind: 'invalid', code: 'csv_not_a_file' });
  });

  it('may be a file of 2 GB, before a byte is read', async () => {
    const path = join(directory, 'huge.csv');
    const file = openSync(path, 'w');
    ftruncateSync(file, 2_000_000_000);
    closeSync(file);
    expect(await refusal(path)).toEqual({
      kind: 'too_large',
      code: 'csv_too_large',
      message: 'huge.csv has 2000 MB; at most 1074 MB are read',
    });
    expect(await refusal(write('DATE_TIME,A\n'), { maxBytes: 5 })).toMatchObject({ code: 'csv_too_large' });
  });

  it('may be one without permission', async () => {
    const denied = Object.assign(new Error('EACCES: permission denied, open /secret/a.csv'), {
      code: 'EACCES',
    });
    expect(faultOfFile('a.csv', denied)).toEqual({
      kind: 'unavailable',
      code: 'csv_unreadable',
      detail: 'no permission to read a.csv',
    });
    expect(faultOfFile('a.csv', Object.assign(new Error('EIO'), { code: 'EIO' })).detail).toBe(
      "a.csv can't be read (EIO)",
    );
    if (process.getuid?.() === 0) return;
    const path = write('DATE_TIME,A\n2024-01-10,1\n');
    chmodSync(path, 0);
    expect(await refusal(path)).toMatchObject({ code: 'csv_unreadable' });
  });

  it('is refused with the missing value column and those present', async () => {
    const path = write('DATE_TIME,OPEN,CLOSE\n2024-01-10,1,2\n');
    expect(await refusal(path, { columns: ['CLOSE', 'HIGH'] })).toMatchObject({
      code: 'csv_missing_column',
      message: expect.stringContaining('no column "HIGH"; its columns are "DATE_TIME", "OPEN", "CLOSE"'),
    });
    expect(await refusal(path, { columns: ['DATE_TIME'] })).toMatchObject({ code: 'csv_column_not_numeric' });
  });

  it('may be one that changed while it was read', async () => {
    const path = write(`DATE_TIME,A\n${'2024-01-10,1\n'.repeat(50_000)}`);
    // The parser looks at the signal between two reads: the moment at which another process appends a row.
    let appended = false;
    const betweenReads = () => {
      if (!appended) appendFileSync(path, '2024-01-11,2\n');
      appended = true;
    };
    const signal = Object.assign(new AbortController().signal, { throwIfAborted: betweenReads });
    await expect(loadCsv(path, { dateColumn: 'DATE_TIME' }, signal)).rejects.toMatchObject({
      kind: 'unavailable',
      code: 'csv_changed',
    });
    expect(appended).toBe(true);
    expect((await loadCsv(path, { dateColumn: 'DATE_TIME' })).frame.length).toBe(50_001);
  });

  it('is given up when the caller stops', async () => {
    const path = write(`DATE_TIME,A\n${'2024-01-10,1\n'.repeat(50_000)}`);
    const reason = new Error('no longer wanted');
    await expect(loadCsv(path, { dateColumn: 'DATE_TIME' }, AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});
