import { spawnSync, type SpawnSyncOptions, type SpawnSyncReturns } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { loadModel } from '#libs/keras-onnx';
import { THEMES } from '#libs/forecast-chart';
import { columnsOf, decodePng } from '../unit/forecast-chart/png.js';

/** Nobody, on Debian and its like; only an administrator can start a process of another user. */
const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;
const asNobody = isRoot ? { uid: NOBODY, gid: NOBODY } : {};
const run = (command: string, args: readonly string[], options: SpawnSyncOptions = {}) =>
  spawnSync(command, args, { encoding: 'utf8', timeout: 110_000, ...options }) as SpawnSyncReturns<string>;

describe('the demo of the packed service, installed for a user who cannot change it,', () => {
  const folder = mkdtempSync(join(tmpdir(), 'installed-service-'));
  const own = join(folder, 'lib/node_modules/prediction-provider');
  const home = join(folder, 'home');
  let ended: SpawnSyncReturns<string>;
  let stdout = '';
  let picture = '';

  /** As `npm install -g` does: the files of the tarball, and what they depend on beside them. */
  function install(): void {
    expect(run(process.execPath, ['scripts/shrinkwrap.mjs']).status).toBe(0);
    // dist is built already
    const pack = ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder];
    expect(run('npm', pack).status).toBe(0);
    run(process.execPath, ['scripts/shrinkwrap.mjs', '--remove']);
    const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? '';
    mkdirSync(own, { recursive: true });
    expect(run('tar', ['-xzf', join(folder, tarball), '--strip-components=1', '-C', own]).status).toBe(0);
    const { dependencies } = packed<{ dependencies: object }>('package.json');
    for (const name of Object.keys(dependencies)) {
      mkdirSync(dirname(join(own, 'node_modules', name)), { recursive: true });
      symlinkSync(resolve('node_modules', name), join(own, 'node_modules', name));
    }
    mkdirSync(home);
    if (isRoot) chownSync(home, NOBODY, NOBODY);
    run('chmod', ['-R', 'a-w,a+rX', own]);
    chmodSync(folder, 0o755);
  }
  const packed = <T>(name: string): T => JSON.parse(readFileSync(join(own, name), 'utf8')) as T;
  const files = () => readdirSync(own, { recursive: true, encoding: 'utf8' }).length;

  beforeAll(() => {
    install();
    const before = files();
    const env = { PATH: process.env['PATH'], HOME: home, TMPDIR: home };
    ended = run(process.execPath, [join(own, 'dist/src/main.js'), 'demo', '--once'], {
      cwd: home,
      env,
      ...asNobody,
    });
    stdout = ended.stdout;
    expect(ended.stderr).toBe('');
    expect(files()).toBe(before);
    picture = /Picture: (\S+)/.exec(stdout)?.[1] ?? '';
  }, 240_000);
  afterAll(() => {
    run('chmod', ['-R', 'u+w', own]);
    rmSync(folder, { recursive: true, force: true });
  });

  it('had the model forecast on history, and shows its scores', () => {
    const [, forecasts, outcomes] = /since 2018: (\d+) forecasts, .*, (\d+) outcomes/.exec(stdout) ?? [];
    expect(Number(forecasts)).toBeGreaterThan(100);
    expect(Number(outcomes)).toBeGreaterThan(2.9 * Number(forecasts));
    const [, loss, walk, skill, lower, upper] =
      /CRPS (.+), random walk (.+): skill (.+) \(90 % bounds (.+) and (.+)\); 90 % intervals held (\d+) %/
        .exec(stdout)
        ?.map(Number) ?? [];
    expect(skill).toBeCloseTo(1 - (loss ?? NaN) / (walk ?? NaN), 2);
    expect(lower).toBeLessThan(skill ?? NaN);
    expect(upper).toBeGreaterThan(skill ?? NaN);
  });

  it('was asked by a user for whom the program is not to be changed', () => {
    const attempt = `require('fs').appendFileSync(${JSON.stringify(join(own, 'dist/src/main.js'))}, '')`;
    expect(run(process.execPath, ['-e', attempt], asNobody).stderr).toContain('EACCES');
  });

  it('has the versions that were tested, without what only development needs and the script that is denied', () => {
    const { packages } = packed<{ packages: Readonly<Record<string, { dev?: boolean }>> }>(
      'npm-shrinkwrap.json',
    );
    const { bin } = packed<{ bin: Readonly<Record<string, string>> }>('package.json');
    expect(existsSync(join(own, bin['prediction-provider'] ?? 'nothing'))).toBe(true);
    expect(Object.values(packages).filter(({ dev }) => dev === true)).toEqual([]);
    expect(packages['node_modules/jest']).toBeUndefined();
    expect(packages['node_modules/onnxruntime-node']).not.toHaveProperty('hasInstallScript');
    expect(packages['node_modules/better-sqlite3']).toHaveProperty('hasInstallScript', true);
  });

  it('ends by itself and prints a forecast with its interval, and an entry decision', () => {
    expect(ended.status).toBe(0);
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
