import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BuiltCommand } from './built-command.js';

let folder: string;
let command: BuiltCommand;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'plugins-'));
  command = new BuiltCommand(folder);
});
afterAll(async () => {
  await command.end();
  rmSync(folder, { recursive: true, force: true });
});

const plugins = (...args: readonly string[]) => command.run('plugins', ...args);

describe('plugins new', () => {
  it.each([
    ['predictor', 'my-trend', 'my_trend'],
    ['feeder', 'my-prices', 'my_prices'],
  ])('makes a %s that passes the checks of its contract', async (kind, name, id) => {
    const made = await plugins('new', name, '--kind', kind);
    expect(made).toMatchObject({ status: 0, stderr: '' });
    expect(made.stdout).toContain(`"${kind}_plugin": "${id}"`);
    const readme = readFileSync(join(folder, name, 'README.md'), 'utf8');
    expect(readme).toContain(`"./${name}/index.js"`);
    expect(readme).not.toMatch(/last.value|steady/);
    const tested = await plugins('test', name);
    expect(tested).toMatchObject({ status: 0, stderr: '' });
    expect(tested.stdout).toMatch(new RegExp(`^${kind} ${id} 1\\.0\\.0\n.*ok `, 's'));
    expect(tested.stdout).toMatch(/ (\d+) of \1 checks passed\n$/);
  });

  it('overwrites nothing and takes no other name', async () => {
    expect(await plugins('new', 'my-trend')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('exists already'),
    });
    expect(await plugins('new', '../My Trend')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('for example my-predictor'),
    });
  });
});

describe('plugins test', () => {
  const page = readFileSync(resolve('docs/plugins.md'), 'utf8');
  const examples = [...page.matchAll(/```js\n\/\/ (my-\w+\.js)\n(.*?)```/gs)].map(
    ([, name = '', text = '']) => [name, text] as const,
  );

  it('has two examples of the page to test', () => {
    expect(examples.map(([name]) => name)).toEqual(['my-predictor.js', 'my-feeder.js']);
  });

  it.each(examples)('passes %s of docs/plugins.md', async (name, text) => {
    writeFileSync(join(folder, name), text);
    expect(await plugins('test', name)).toMatchObject({ status: 0, stderr: '' });
  });

  it('asks about bars and with parameters of the caller, and names what fails', async () => {
    const bars = Array.from(
      { length: 50 },
      (_, row) =>
        `2026-02-0${1 + Math.floor(row / 24)} ${String(row % 24).padStart(2, '0')}:00:00,${100 + row}`,
    );
    writeFileSync(join(folder, 'bars.csv'), `DATE_TIME,PRICE\n${bars.join('\n')}\n`);
    writeFileSync(
      join(folder, 'peeking.mjs'),
      `import { definePredictor } from 'prediction-provider/plugin-sdk';
       export default definePredictor({
         id: 'peeking', apiVersion: 1, version: '2.0.0', description: 'Tells the end.', capabilities: ['forecast'],
         parameters: { column: { type: 'string', default: 'CLOSE', help: 'Its column.' } },
         create: ({ parameters }) => ({
           forecast: (frame, { horizons, horizon, targetColumn }) => {
             const wanted = horizons ?? Array.from({ length: horizon ?? 1 }, (_, at) => at + 1);
             const value = frame.column(targetColumn ?? parameters.column).at(-1) ?? null;
             return { mode: 'x', date_column: 'x', target_column: 'x', baseline_datetime: 'x', baseline_value: 0,
               horizons: wanted, predictions: wanted.map(() => value), future_datetimes: wanted.map(() => null),
               uncertainty: wanted.map(() => 0), errors: [] };
           },
         }),
       });`,
    );
    const args = ['peeking.mjs', '--bars', 'bars.csv', '--parameters', '{"column": "PRICE"}'];
    const { status, stdout } = await plugins('test', ...args);
    expect(status).toBe(1);
    const failed = stdout.split('\n').filter((line) => line.startsWith('  FAIL'));
    expect(failed).toEqual([
      '  FAIL  fails with a suitable code if there are no bars: an empty frame: must fail with no_data or invalid_request, but it succeeded',
      '  FAIL  does not look ahead: bars after the baseline do not change the answer: predictions are 144,144,144 without later bars, but 149,149,149 with them',
    ]);
  });

  it('says what stands in its way', async () => {
    const said = async (...args: readonly string[]) => {
      const { status, stderr } = await plugins('test', ...args);
      return [status, stderr] as const;
    };
    expect(await said('gone.js')).toEqual([2, expect.stringContaining('there is no such file')]);
    expect(await said('bars.csv')).toEqual([2, expect.stringContaining('cannot be imported')]);
    expect(await said('my-trend', '--parameters', 'spread')).toEqual([
      2,
      expect.stringContaining('a JSON object'),
    ]);
    writeFileSync(join(folder, 'old.mjs'), "export default { id: 'old', apiVersion: 0 };");
    expect(await said('old.mjs')).toEqual([
      1,
      expect.stringContaining('old: the default export is not a plugin definition'),
    ]);
  });
});
