import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
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
      '  time_zone: times were converted from EST, in which histdata writes (data_timezone overrides it; files of NinjaTrader look the same, whose times are ends of bars in UTC: set csv_dialect to ninjatrader for those)',
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

/** Small files that failed once, with their right last bars. */
const CASES = resolve('../shared/cases/market-data');

interface RightBar {
  readonly right_time: string | null;
  readonly right_close: number | null;
  readonly interval: string;
  readonly target: string | null;
}

(existsSync(CASES) ? describe : describe.skip)('data inspect of a file that failed once', () => {
  const right = existsSync(CASES)
    ? (JSON.parse(readFileSync(join(CASES, 'expected.json'), 'utf8')) as Record<string, RightBar>)
    : {};
  const names = existsSync(CASES)
    ? readdirSync(CASES).filter((name) => !/^(?:expected|market_)/.test(name))
    : [];

  it('has a right answer of each', () => expect(names.toSorted()).toEqual(Object.keys(right).toSorted()));

  it.each(names)('says what a trader wants to know: %s', async (name) => {
    const { right_time: time, right_close: close, interval = '', target = null } = right[name] ?? {};
    const { status, stdout, stderr } = await inspect(join(CASES, name));
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const lines = stdout.split('\n').map((text) => text.trimEnd());
    const fact = (of: string) => lines.find((line) => line.startsWith(`  ${of.padEnd(10)}  `))?.slice(14);
    expect(fact('First bar')).toMatch(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/);
    if (time != null) expect(fact('Last bar')).toBe(`${time.replace(' ', 'T')}Z`);
    expect(fact('Bars')).toContain(`, ${LENGTHS[interval]} apart`);
    expect([fact('Gaps'), fact('Duplicates'), fact('Left out')]).toEqual(['none', '0', '0 rows']);
    expect(fact('Times')).toMatch(/^%?\S.* in \S.*; zone \S+ \(.+\); beginnings of bars$/);
    // Of the columns, that of the close has the right last value, whatever its name.
    const isClose = target === null ? /^ {2}\S*close\S* |\sCLOSE\s|\sprice /i : new RegExp(`^ {2}${target} `);
    const row = lines.find((line) => isClose.test(line) && / values /.test(line)) ?? '';
    if (close != null) expect(Number(row.split(/\s+/).at(-1))).toBe(close);
    expect(lines.some((line) => line === 'Notes' || line === 'No notes.')).toBe(true);
    const json = JSON.parse((await inspect(join(CASES, name), '--json')).stdout) as Record<string, unknown>;
    expect(json).toMatchObject({ last_bar: fact('Last bar'), first_bar: fact('First bar'), duplicates: 0 });
  });
});

const LENGTHS: Readonly<Record<string, string>> = { '1h': '1 h', '1d': '1 d', '1w': '7 d' };

describe('data validate', () => {
  const validate = (...args: readonly string[]) => command.run('data', 'validate', ...args);
  const good = () => join(folder, 'good.csv');
  beforeAll(() => {
    const bars = [0, 1, 2, 3].map((hour) => `2024-01-02 0${hour}:00:00,1,1.5,0.9,1.${hour}`);
    writeFileSync(good(), ['DATE_TIME,OPEN,HIGH,LOW,CLOSE', ...bars, ''].join('\n'));
    writeFileSync(join(folder, 'near.csv'), 'DATE_TIME,CLOSE,RSI\n2024-01-02 01:00:00,1.1004,5\n');
  });

  it('passes data that are what they should be, and compares them', async () => {
    const near = await validate(
      good(),
      '--reference',
      join(folder, 'near.csv'),
      '--to',
      '2024-01-02T03:00:00Z',
    );
    expect(near.stdout.split('\n').map((text) => text.trimEnd())).toEqual([
      'good.csv: passed',
      '  Result  Check           Found',
      '  passed  columns         OPEN, HIGH, LOW, CLOSE',
      '  passed  missing values  none in the wanted columns',
      '  passed  prices          0 bars with a high or low inside of the others; 0 with prices that are not positive',
      '  passed  rows            4 rows; 0 were left out',
      '  passed  duplicates      0 times stand twice',
      '  passed  gaps            0 gaps, 0 bars',
      '  passed  ends            last bar 2024-01-02T03:00:00.000Z',
      '',
      'Compared with near.csv: 1 common bars, tolerance 0.001',
      expect.stringMatching(/^ {2}Result {2}Column {2}Bars {2}Greatest difference +Mean$/),
      expect.stringMatching(/^ {2}passed {2}CLOSE {3}1 {5}0\.000\d+ +0\.000\d+$/),
      '',
    ]);
    expect(near.status).toBe(0);
  });

  it('fails others with exit code 1, and says what is wrong as JSON', async () => {
    const { status, stdout } = await validate(
      join(folder, 'hist.csv'),
      '--json',
      '--expect_columns',
      'CLOSE,RSI',
      '--from',
      '2024-01-01',
      '--reference',
      good(),
    );
    expect(status).toBe(1);
    const { checks, ...rest } = JSON.parse(stdout) as { checks: { check: string; passed: boolean | null }[] };
    expect(Object.fromEntries(checks.map(({ check, passed }) => [check, passed]))).toEqual({
      columns: false,
      'missing values': false,
      prices: false,
      rows: true,
      duplicates: false,
      gaps: true,
      begins: false,
    });
    expect(rest).toMatchObject({
      file: 'hist.csv',
      passed: false,
      reference: { validation_passed: false, total_common_dates: 0 },
    });
    expect((await validate(good(), '--from', 'soon')).stderr).toContain('--from: must be a time such as');
  });
});
