import 'reflect-metadata';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { runCommand } from '../../src/app/commands/run-command.js';

const folder = mkdtempSync(join(tmpdir(), 'backtest-'));
const bars = join(folder, 'bars.csv');
const close = (day: number): number => 100 + day / 7 + Math.sin(day * 12.9898) * 3;
writeFileSync(
  bars,
  [
    'DATE_TIME,CLOSE',
    ...Array.from({ length: 300 }, (_, day) => {
      const date = new Date(Date.UTC(2020, 0, 1 + day)).toISOString().slice(0, 10);
      return `${date},${close(day).toFixed(4)}`;
    }),
  ].join('\n'),
);
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs the command here; what it printed, and said beside it. */
async function run(...argv: readonly string[]) {
  const taken = { out: '', err: '' };
  const { stdout, stderr } = process;
  const [toOut, toErr] = [stdout.write, stderr.write];
  stdout.write = (text) => ((taken.out += String(text)), true);
  stderr.write = (text) => ((taken.err += String(text)), true);
  try {
    const code = await runCommand(argv);
    return { code, ...taken };
  } finally {
    stdout.write = toOut;
    stderr.write = toErr;
  }
}

const walk = (...more: readonly string[]) =>
  run('backtest', '--data_file_path', bars, '--predictor_plugin', 'random_walk_predictor', ...more);

describe('the command backtest', () => {
  it('shows its progress, prints a table, and writes every forecast', async () => {
    const file = join(folder, 'a.ndjson');
    const page = join(folder, 'a.html');
    const asked = [
      '--from',
      '2020-03-01',
      '--to',
      '2020-08-31',
      '--horizons',
      '1,5',
      '--forecasts',
      file,
      '--html',
      page,
    ];
    const { code, out, err } = await walk(...asked);
    expect({ code, err }).toMatchObject({
      code: 0,
      err: expect.stringContaining('100 %, 184 of 184 forecasts'),
    });
    expect(out).toContain('184 forecasts from 2020-03-01T00:00:00Z to 2020-08-31T00:00:00Z');
    expect(out).toMatch(/^1 +184 +[\d.]+ +[\d.]+ +/m);
    expect(out).toContain('Later bars were changed behind 12 forecasts; none depended on them.');
    const lines = readFileSync(file, 'utf8').trim().split('\n');
    expect(lines).toHaveLength(184);
    const html = readFileSync(page, 'utf8');
    expect(html.match(/<svg /g)).toHaveLength(4);
    expect(html).toContain(`<td>184</td>`);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      baseline: '2020-03-01T00:00:00Z',
      horizons: [1, 5],
      values: [Number(close(61).toFixed(4)), Number(close(65).toFixed(4))],
    });
    const same = await run('backtest', 'compare', file, file);
    expect(same).toMatchObject({ code: 0, out: expect.stringMatching(/^5 +184 .*no difference shown$/m) });
    const worse = join(folder, 'b.ndjson');
    const raised = lines.map((line, at) => {
      const one = JSON.parse(line) as { losses: number[] };
      return JSON.stringify({ ...one, losses: one.losses.map((loss) => loss + 1 + (at % 3)) });
    });
    writeFileSync(worse, raised.join('\n'));
    expect((await run('backtest', 'compare', file, worse)).out).toMatch(/^1 +184 .*A, a\.ndjson$/m);
  });

  it.each([
    [['--from', 'tomorrow'], '--from must be a time such as 2020-01-31'],
    [['--horizons', '0'], '--horizons must be whole numbers from 1 to 1000'],
    [['--stride', '0'], '--stride 0 is not allowed; an integer from 1 to 1000000'],
    [['--strid', '2'], 'strid (from the flags): there is no such setting'],
    [['--from', '2031-01-01'], 'there are bars from 2020-01-01T00:00:00Z to 2020-10-26T00:00:00Z'],
  ])('refuses %j and says what is allowed', async (flags, text) => {
    const { code, err } = await walk(...flags);
    expect({ code: code > 0, err }).toEqual({ code: true, err: expect.stringContaining(text) });
  });

  it('refuses a file that is no back-test', async () => {
    const { code, err } = await run('backtest', 'compare', bars, bars);
    expect({ code, err }).toEqual({
      code: 1,
      err: expect.stringContaining('line 1 of bars.csv is no forecast of a back-test'),
    });
  });
});
