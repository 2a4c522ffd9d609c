import { execFile } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const run = promisify(execFile);
const NAMES = ['plugin-sdk', 'keras-onnx', 'scoring', 'forecast-chart'] as const;
/** Programs that use each package by itself. */
const USES: Readonly<Record<(typeof NAMES)[number], string>> = {
  'plugin-sdk': `
    import { createPlugin, definePredictor, Frame, predictorConformance, runConformance } from '@prediction-provider/plugin-sdk';
    const plugin = definePredictor({ id: 'x', apiVersion: 1, version: '1.0.0', description: 'x', capabilities: [],
      parameters: { bars: { type: 'integer', default: 3, help: 'Bars.' } }, create: () => ({}) });
    const checks = predictorConformance({ definition: plugin, create: () => createPlugin(plugin, { bars: 4 }) });
    const failed = (await runConformance(checks)).filter(({ error }) => error !== null);
    console.log(failed.length, Frame.of(Float64Array.of(1, 2), { A: Float64Array.of(3, 4) }).column('A')[1]);`,
  'keras-onnx': `
    import { loadModel } from '@prediction-provider/keras-onnx';
    const model = await loadModel(${JSON.stringify(resolve('examples/models/sp500_daily.keras'))});
    const [answer] = await model.run([{ shape: [1, 65, 1], data: new Float32Array(65).fill(2800) }]);
    console.log(answer.data.length, answer.data.every(Number.isFinite));
    process.exit(0);`,
  scoring: `
    import { crpsNorm } from '@prediction-provider/scoring';
    import * as scoring from '@prediction-provider/scoring';
    console.log(typeof crpsNorm, Object.keys(scoring).length > 5);`,
  'forecast-chart': `
    import { renderForecastPng } from '@prediction-provider/forecast-chart';
    const hours = (from, count) => Array.from({ length: count }, (_, at) => Date.UTC(2026, 0, 1, from + at));
    const png = await renderForecastPng({ title: 'A', history: { time: hours(0, 5), value: [1, 2, 3, 2, 3] },
      forecast: { time: hours(5, 2), median: [3, 4] } });
    console.log(Buffer.from(png.subarray(1, 4)).toString(), png.length > 1000);
    process.exit(0);`,
};
const SAID: typeof USES = {
  'plugin-sdk': '0 4\n',
  'keras-onnx': '10 true\n',
  scoring: 'function true\n',
  'forecast-chart': 'PNG true\n',
};

describe('the libraries, packed,', () => {
  const folder = mkdtempSync(join(tmpdir(), 'packages-'));
  beforeAll(async () => {
    await run(process.execPath, ['scripts/build-packages.mjs', join(folder, 'built')]);
  }, 300_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** As `npm install` does where it reaches a registry: the files of the tarball, beside what they depend on, and no more. */
  async function installed(name: (typeof NAMES)[number]): Promise<string> {
    const home = join(folder, name);
    const own = join(home, 'node_modules/@prediction-provider', name);
    mkdirSync(own, { recursive: true });
    const built = join(folder, 'built', name);
    await run('npm', ['pack', '--silent', '--pack-destination', home], { cwd: built });
    const tarball = readdirSync(home).find((file) => file.endsWith('.tgz')) ?? '';
    await run('tar', ['-xzf', join(home, tarball), '--strip-components=1', '-C', own]);
    const { dependencies } = JSON.parse(readFileSync(join(own, 'package.json'), 'utf8')) as {
      dependencies: Readonly<Record<string, string>>;
    };
    for (const dependency of Object.keys(dependencies)) {
      const place = join(home, 'node_modules', dependency);
      mkdirSync(dirname(place), { recursive: true });
      symlinkSync(resolve('node_modules', dependency), place);
    }
    return home;
  }

  it.each(NAMES)(
    '%s works in a folder of its own',
    async (name) => {
      const home = await installed(name);
      writeFileSync(join(home, 'use.mjs'), USES[name]);
      const { stdout } = await run(process.execPath, ['use.mjs'], { cwd: home });
      expect(stdout).toBe(SAID[name]);
    },
    120_000,
  );

  it('the SDK needs nothing that is built for a machine, and has its types', async () => {
    const own = join(folder, 'plugin-sdk/node_modules/@prediction-provider/plugin-sdk');
    const { dependencies } = JSON.parse(readFileSync(join(own, 'package.json'), 'utf8')) as {
      dependencies: object;
    };
    for (const native of ['better-sqlite3', 'onnxruntime-node', '@resvg/resvg-js', '@node-rs/bcrypt'])
      expect(dependencies).not.toHaveProperty([native]);
    const home = join(folder, 'plugin-sdk');
    writeFileSync(
      join(home, 'typed.ts'),
      `import { definePredictor } from '@prediction-provider/plugin-sdk';
export default definePredictor({ id: 'x', apiVersion: 1, version: '1', description: 'x', capabilities: [],
  parameters: { bars: { type: 'integer', default: 3, help: 'Bars.' } },
  create: ({ parameters }) => { const bars: number = parameters.bars;
    // @ts-expect-error it is a number
    const text: string = parameters.bars; return { bars, text } as object; } });
`,
    );
    const compilerOptions = {
      noEmit: true,
      strict: true,
      module: 'nodenext',
      target: 'es2022',
      skipLibCheck: true,
      types: [],
    };
    writeFileSync(join(home, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['typed.ts'] }));
    await run(process.execPath, [resolve('node_modules/typescript/bin/tsc'), '-p', home]).catch(
      ({ stdout }: { stdout: string }) => {
        throw new Error(stdout);
      },
    );
  }, 120_000);
});
