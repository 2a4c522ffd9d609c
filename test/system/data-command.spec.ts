import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BuiltCommand } from './built-command.js';

let folder: string;
let command: BuiltCommand;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'data-'));
  command = new BuiltCommand(folder);
  writeFileSync(
    join(folder, 'hist.csv'),
    '20240102 200000;1.1;1.2;1.0;1.15;0\n20240102 210000;1.15;1.25;1.1;1.2;0\n20240103 000000;1.2;1.3;1.1;0;0\n20240103 000000;1.2;1.3;1.1;x;0\n',
  );
  writeFileSync(join(folder, 'unclear.csv'), 'Date,Close\n01/02/2024,1\n02/02/2024,2\n');
});
afterAll(async () => {
  await command.end();
  rmSync(folder, { recursive: true, force: true });
});

const inspect = (...args: readonly string[]) => command.run('data', 'inspect', ...args);

describe('data inspect', () => {
  it('prints what a trader wants to know of a file', async () => {
    const { status, stdout, stderr } = await inspect(join(folder, 'hist.csv'));
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout.split('\n').map((text) => text.trimEnd())).toEqual([
      'hist.csv',
      '  Format      text, UTF-8, separated by semicolons, no header',
      '  Maker       HistData.com (csv_dialect histdata)',
      '  Times       %Y%m%d %H%M%S in DATE_TIME; zone EST (usual for the maker); beginnings of bars',
      '  Numbers     decimal point',
      '  Bars        4, 3 h apart',
      '  First bar   2024-01-03T01:00:00Z',
      '  Last bar    2024-01-03T05:00:00Z',
      '  Gaps        none',
      '  Duplicates  1',
      '  Left out    0 rows',
      '',
      '  Column     Use     Also  Missing  First  Last',
      '  DATE_TIME  time',
      '  OPEN       values        0        1.1    1.2',
      '  HIGH       values        0        1.2    1.3',
      '  LOW        values        0        1      1.1',
      '  CLOSE      values        1        1.15',
      '  VOLUME     values        0        0      0',
      '',
      'Notes',
      '  format: cells are separated by semicolons, there is no header, times are written %Y%m%d %H%M%S, it looks like a file of histdata',
      '  bad_cells: 1 cell of CLOSE is no number and counts as missing, the first on line 4: "x" (decimal and thousands tell how numbers are written)',
      '  duplicate_times: 1 bar has the time of the bar before',
      '  time_zone: times were converted from EST, in which histdata writes (data_timezone overrides it)',
      '  zero_prices: 1 bar has a price of 0, the first at 2024-01-03T05:00:00Z',
      '',
    ]);
  });

  it('prints the same as JSON', async () => {
    const { stdout } = await inspect(join(folder, 'hist.csv'), '--json', '--data_timezone', 'UTC');
    expect(JSON.parse(stdout)).toMatchObject({
      file: 'hist.csv',
      format: {
        separator: ';',
        header_line: null,
        maker: 'histdata',
        timezone: 'UTC',
        timezone_from: 'setting',
      },
      bars: 4,
      last_bar: '2024-01-03T00:00:00Z',
      duplicates: 1,
      gaps: { count: 0, missing_bars: 0 },
    });
  });

  it('says which setting a file needs, and takes it', async () => {
    const refused = await inspect(join(folder, 'unclear.csv'));
    expect(refused.status).toBe(1);
    expect(refused.stderr).toMatch(
      /^unclear\.csv has dates such as "01\/02\/2024", .*set time_format to %d\/%m\/%Y or %m\/%d\/%Y/,
    );
    expect(refused.stderr).not.toContain(folder);
    const taken = await inspect(join(folder, 'unclear.csv'), '--time_format', '%d/%m/%Y', '--json');
    expect(JSON.parse(taken.stdout)).toMatchObject({ last_bar: '2024-02-02T00:00:00Z', interval: '1 d' });
    const wrong = await inspect(join(folder, 'unclear.csv'), '--csv_dialect', 'mt6');
    expect(wrong.status).toBe(2);
    expect(wrong.stderr).toMatch(/--csv_dialect: "mt6" is not allowed; one of auto, mt4, mt5/);
  });
});
