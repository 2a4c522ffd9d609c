import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { loadCsv } from '#libs/timeseries';
import { csvFiles } from './csv-files.js';

const { write } = csvFiles();

describe('a file that is no table', () => {
  it.each<[string, Buffer, RegExp]>([
    [
      'an Excel workbook',
      Buffer.from('d0cf11e0a1b11ae1', 'hex'),
      /is an Excel workbook \(xls\).*save it as CSV/,
    ],
    [
      'a broken Feather file',
      Buffer.from('ARROW1\0\0\x01\x02'),
      /is a Feather file that is broken.*read_feather/,
    ],
    ['a broken Parquet file', Buffer.from('PAR1\x15\x04'), /is a Parquet file that is broken.*read_parquet/],
    ['an old Feather file', Buffer.from('FEA1\x15\x04'), /is a Feather file of version 1.*read_feather/],
    ['a packed Parquet file', gzipSync('PAR1\x15\x04'), /is a packed Parquet file.*unpack it/],
    ['an HDF5 file', Buffer.from('\x89HDF\r\n\x1a\n', 'latin1'), /is an HDF5 file/],
    [
      'a web page',
      Buffer.from('<!DOCTYPE html><html><body>Log in</body></html>'),
      /is a web page.*download did not give the data/,
    ],
    ['a pickle', Buffer.from('\x80\x04\x95\x00', 'latin1'), /is a Python pickle/],
    ['another binary file', Buffer.from([1, 2, 3, 0, 0, 0, 9, 250, 251]), /is a binary file/],
    [
      'a gzip file that is cut off',
      gzipSync('DATE_TIME,A\n2024-01-10,1\n'.repeat(99)).subarray(0, 40),
      /gzip file that is cut off/,
    ],
    ['a zip archive that is cut off', Buffer.from('PK\x03\x04abc'), /zip archive that is cut off/],
    ['JSON without a table', Buffer.from('{"error":"no such symbol"}'), /JSON without a table/],
    ['JSON that is broken', Buffer.from('[{"date":"2024-01-30",'), /begins like JSON, but is none/],
  ])('is named for what it is, without its bytes: %s', async (_, bytes, words) => {
    const error = await loadCsv(write(bytes), { dateColumn: 'DATE_TIME' }).catch((one: unknown) => one);
    expect(error).toMatchObject({ kind: 'invalid', message: expect.stringMatching(words) });
    expect((error as Error).message).not.toMatch(/[^\x20-\x7e]/);
  });
});
