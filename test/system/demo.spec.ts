import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { loadModel } from '#libs/keras-onnx';
import { THEMES } from '#libs/forecast-chart';
import { columnsOf, decodePng } from '../unit/forecast-chart/png.js';

describe('npm run demo', () => {
  let status: number | null;
  let stdout = '';
  let picture = '';

  beforeAll(() => {
    const ended = spawnSync(process.execPath, [resolve('scripts/demo.mjs'), '--once'], {
      encoding: 'utf8',
      timeout: 110_000,
    });
    ({ status, stdout } = ended);
    expect(ended.stderr).toBe('');
    picture = /Picture: (\S+)/.exec(stdout)?.[1] ?? '';
  });
  afterAll(() => {
    if (picture !== '') rmSync(dirname(picture), { recursive: true, force: true });
  });

  it('ends by itself and prints a forecast with its interval, and an entry decision', () => {
    expect(status).toBe(0);
    expect(stdout).toContain('Forecast of SP500 (1d) by the model sp500_daily.keras, 5000 samples');
    const rows = [...stdout.matchAll(/^ +\+(\d+)((?: +[\d.]+){4})$/gm)];
    expect(rows.map(([, horizon]) => Number(horizon))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    for (const [, , cells = ''] of rows) {
      const [mean = 0, deviation = 0, lower = 0, upper = 0] = cells.trim().split(/ +/).map(Number);
      expect(deviation).toBeGreaterThan(0);
      expect(lower).toBeLessThan(mean);
      expect(upper).toBeGreaterThan(mean);
    }
    expect(stdout).toMatch(/buy (yes|no) {3}sell (yes|no)/);
  });

  it('looks at its data file first', () => {
    const [before = ''] = stdout.split('Forecast of SP500');
    expect(before).toMatch(/data inspect.*\n\nsp500_daily_2000-2020\.csv\n {2}Format {6}text, UTF-8/);
    expect(before).toContain('  Bars        5105, 1 d apart\n');
    expect(before).toContain('  Last bar    2020-04-17T00:00:00Z\n');
  });

  it('draws history, median and interval', () => {
    expect(existsSync(picture)).toBe(true);
    const png = decodePng(readFileSync(picture));
    expect([png.width, png.height]).toEqual([1920, 960]);
    const [history, median] = [columnsOf(png, THEMES.light.history), columnsOf(png, THEMES.light.accent)];
    expect(history.length).toBeGreaterThan(300);
    expect(median.at(-1)).toBeGreaterThan(1800);
  });
});

describe('the sample model', () => {
  it('is one that any price can be put into, and it is uncertain', async () => {
    const model = await loadModel(resolve('examples/models/sp500_daily.keras'));
    const metadata = JSON.parse(
      readFileSync(resolve('examples/models/sp500_daily_metadata.json'), 'utf8'),
    ) as {
      window_size: number;
      horizons: number[];
    };
    const { inputs, outputs, stochastic } = model.describe();
    expect(inputs[0]?.shape).toEqual([null, metadata.window_size, 1]);
    expect(outputs[0]?.shape).toEqual([null, metadata.horizons.length]);
    expect(stochastic).toBe(true);
    const input = (scale: number) => [
      {
        shape: [1, metadata.window_size, 1],
        data: Array.from({ length: metadata.window_size }, (_, i) => scale * (100 + Math.sin(i) + i / 30)),
      },
    ];
    const [[one], [other]] = [await model.run(input(1)), await model.run(input(64))];
    one?.data.forEach((value, i) => expect(other?.data[i]).toBeCloseTo(value, 4));
    const [spread] = await model.sample(input(1), { samples: 200, seed: 1 });
    for (const std of spread?.std ?? []) expect(std).toBeGreaterThan(0.001);
    await model.dispose();
  });
});
