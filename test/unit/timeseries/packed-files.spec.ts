import { crc32, deflateRawSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { loadCsv } from '#libs/timeseries';
import { csvFiles } from './csv-files.js';
import { day, expectLast, hourly, hours } from './last-bar.js';

const { write } = csvFiles();

/** A zip archive of these files, as other programs write it. */
function zip(files: Readonly<Record<string, string | Buffer>>): Buffer {
  const locals: Buffer[] = [];
  const centrals: Buffer[] = [];
  let offset = 0;
  for (const [name, content] of Object.entries(files)) {
    const data = deflateRawSync(content);
    const sizes = Buffer.alloc(16);
    sizes.writeUInt32LE(crc32(content), 0);
    sizes.writeUInt32LE(data.length, 4);
    sizes.writeUInt32LE(Buffer.byteLength(content), 8);
    sizes.writeUInt16LE(name.length, 12);
    const method = Buffer.from('14000000080000000000', 'hex');
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), method, sizes, Buffer.from(name), data]);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(offset, 10);
    const version = Buffer.from('1400', 'hex');
    centrals.push(
      Buffer.concat([Buffer.from('PK\x01\x02'), version, method, sizes, place, Buffer.from(name)]),
    );
    locals.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(centrals);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(centrals.length, 4);
  end.writeUInt16LE(centrals.length, 6);
  end.writeUInt32LE(central.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...locals, central, Buffer.from('PK\x05\x06'), end]);
}

describe('a packed file', () => {
  const good = `DATE_TIME,Open,High,Low,Close\n${hourly((d, t, p) => `${d} ${t},${p.join(',')}`)}\n`;
  it.each<[string, Buffer]>([
    ['gzip', gzipSync(good)],
    ['zip', zip({ 'bars.csv': good })],
    [
      'zip, with a folder and a report beside it',
      zip({ 'a/': '', 'a/bars.csv': good, 'report.txt': 'no gaps', '__MACOSX/._bars.csv': 'x' }),
    ],
    ['UTF-16 with a byte order mark', Buffer.from(`\ufeff${good}`, 'utf16le')],
    ['UTF-16 without one', Buffer.from(good, 'utf16le')],
    ['big-endian UTF-16', Buffer.from(`\ufeff${good}`, 'utf16le').swap16()],
    ['gzip of UTF-16', gzipSync(Buffer.from(`\ufeff${good}`, 'utf16le'))],
    [
      'gzip of JSON',
      gzipSync(
        `[${hourly((d, t, p) => `[${Date.parse(`${d}T${t}Z`)},${p.join(',')}]`).replaceAll('\n', ',')}]`,
      ),
    ],
  ])('is read as it is: %s', async (_, bytes) => {
    await expectLast(write(bytes), {}, hours);
  });

  it.each([
    ['Windows-1252', '446174756d3b4572737465723b48f6636873743b546965663b5363686c75df0a'],
    [
      'Windows-1250',
      '446174613b4f747761726369653b4e616a7779bf737a793b4e616a6e69bf737a793b5a616d6b6e69ea6369650a',
    ],
    ['Windows-1251', 'c4e0f2e03bcef2eaf03bcce0eaf13bcce8ed3bc7e0eaf00a'],
    ['GBK', 'c8d5c6da3bbfaac5ccbcdb3bd7eeb8dfbcdb3bd7eeb5cdbcdb3bcad5c5ccbcdb0a'],
    ['EUC-KR', 'c0cfc0da3bbdc3b0a13bb0edb0a13bc0fab0a13bc1beb0a10a'],
    ['Shift_JIS', '93fa95743b8e6e926c3b8d82926c3b88c0926c3b8f49926c0a'],
  ])('has the names that its maker wrote, which are no UTF-8: %s', async (_, header) => {
    const text = Buffer.concat([Buffer.from(header, 'hex'), Buffer.from('2024-01-31;1.5;1.7;1.4;1.6\n')]);
    await expectLast(write(text), {}, day(1.6));
  });

  it.each<[string, Buffer, RegExp]>([
    [
      'two data files',
      zip({ 'a.csv': good, 'b.csv': good }),
      /a zip archive of 2 files \("a.csv", "b.csv"\); it must hold one data file: unpack/,
    ],
    ['no file', zip({}), /zip archive/],
    [
      'a workbook',
      zip({ '[Content_Types].xml': '', 'xl/workbook.xml': '' }),
      /is an Excel workbook \(xlsx\).*save the sheet as CSV/,
    ],
    ['a Parquet file', zip({ 'a.parquet': Buffer.from('PAR1\0\0') }), /is a packed Parquet file/],
  ])('is refused with what is in it: %s', async (_, bytes, words) => {
    await expect(loadCsv(write(bytes), { dateColumn: 'DATE_TIME' })).rejects.toMatchObject({
      kind: 'invalid',
      message: expect.stringMatching(words),
    });
  });

  it('is not unpacked beyond the limit, nor to 200 times its size', async () => {
    const large = gzipSync(good.repeat(20));
    await expect(loadCsv(write(large), { dateColumn: 'DATE_TIME', maxBytes: 5000 })).rejects.toMatchObject({
      kind: 'too_large',
      code: 'csv_too_large',
    });
    const bomb = gzipSync(Buffer.alloc(12 * 1024 * 1024, '2024-01-30,1\n'));
    await expect(loadCsv(write(bomb), { dateColumn: 'DATE_TIME' })).rejects.toMatchObject({
      kind: 'too_large',
      message: expect.stringContaining('200 times its size'),
    });
  });
});
