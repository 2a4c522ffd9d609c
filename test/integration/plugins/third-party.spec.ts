import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createPlugin, Frame, predictorConformance, type PredictorDefinition } from '#libs/plugin-sdk';
import { ChildScript } from '#libs/testing';
import { conform } from '../../unit/plugins/conform.js';

const project = fileURLToPath(new URL('../../..', import.meta.url));
const example = join(project, 'examples/plugins/momentum-predictor');
const { default: momentum } = (await import(join(example, 'index.js'))) as { default: PredictorDefinition };

describe('the example of a third-party plugin', () => {
  const time = Float64Array.from({ length: 60 }, (_, row) => Date.UTC(2026, 0, 5) + row * 3_600_000);
  const frame = Frame.of(time, { CLOSE: time.map((_, row) => 100 + Math.sin(row / 5) + row / 50) });

  describe('keeps the contract: it', () => {
    conform(predictorConformance({ definition: momentum, create: () => createPlugin(momentum), frame }));
  });

  it('continues the mean change of the last bars', async () => {
    const predictor = await createPlugin(momentum, { momentum_bars: 4, momentum_strength: 1 });
    const line = Frame.of(time, { CLOSE: time.map((_, row) => 2 * row) });
    const output = await predictor.forecast?.(line, {
      symbol: 'A',
      interval: '1h',
      horizons: [1, 5],
      horizon: null,
      baseline: time[10] ?? null,
      dateColumn: null,
      targetColumn: null,
      signal: new AbortController().signal,
    });
    expect(output).toMatchObject({ baseline_value: 20, predictions: [22, 30], uncertainty: [0, 0] });
  });
});

describe('third-party plugins', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'third-party-'));
    mkdirSync(join(folder, 'config'));
    mkdirSync(join(folder, 'elsewhere'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const loadedBy = async (config: Readonly<Record<string, unknown>>): Promise<readonly string[]> => {
    writeFileSync(join(folder, 'config/config.json'), JSON.stringify(config));
    const script = 'test/integration/plugins/load-third-party.ts';
    const child = new ChildScript(script, 'config/config.json', folder);
    expect(await child.exited).toBe(0);
    return child.lines;
  };

  it('are found by a path from the config file, import the SDK without installing it, and serve', async () => {
    cpSync(example, join(folder, 'config/momentum'), { recursive: true });
    const lines = await loadedBy({
      plugins: ['./momentum/index.js'],
      predictor_plugin: 'momentum_predictor',
      momentum_strength: 1,
    });
    expect(lines[0]).toBe('forecast ["momentum",41]');
    expect(lines[1]).toBe('predictors default_predictor,momentum_predictor');
  });

  it('are found as packages from the config file, and a package may export a list', async () => {
    const modules = join(folder, 'config/node_modules/@acme/flat');
    mkdirSync(modules, { recursive: true });
    writeFileSync(
      join(modules, 'package.json'),
      JSON.stringify({ name: '@acme/flat', type: 'module', exports: { import: './flat.js' } }),
    );
    writeFileSync(
      join(modules, 'flat.js'),
      `import { definePredictor, PluginError } from 'prediction-provider/plugin-sdk';
       const one = (id, forecast) => definePredictor({ id, apiVersion: 1, version: '1.0.0', description: 'x',
         capabilities: ['forecast'], parameters: {}, create: () => ({ forecast }) });
       export default [
         one('flat_predictor', () => { throw new PluginError('no_data', 'nothing in /srv/data/x.csv'); }),
         one('other_predictor', () => 1),
       ];`,
    );
    const [failed] = await loadedBy({ plugins: ['@acme/flat'], predictor_plugin: 'flat_predictor' });
    expect(failed).toBe('failed nothing in x.csv');
  });

  it('that are missing or throw while they load are named with the reason', async () => {
    writeFileSync(join(folder, 'config/broken.js'), 'throw new Error("no licence key");');
    const [failed] = await loadedBy({ plugins: ['./broken.js', './gone.js', '@acme/none'] });
    expect(failed).toMatch(/^failed Plugins cannot be loaded, 3 faults:/);
    expect(failed).toContain('./broken.js: the module cannot be imported: no licence key');
    expect(failed).toMatch(/\.\/gone\.js: the module cannot be imported: Cannot find module '.*gone\.js'/);
    expect(failed).toContain("@acme/none: the module cannot be imported: Cannot find package '@acme/none'");
  });

  it('register layers of model files, each class by one recipe, and faulty ones are named', async () => {
    const registering = (name: string, ...calls: string[]): void =>
      writeFileSync(
        join(folder, `config/${name}.js`),
        `import { registerLayer } from 'prediction-provider/plugin-sdk';
         ${calls.map((call) => `registerLayer(${call});`).join('\n')}
         export default [];`,
      );
    registering('first', "'Block', 'transformerBlock'", "'Block', 'transformerBlock'");
    registering('second', "'Block', 'time2Vec'");
    registering('third', "'Other', 'time2vec'");
    const [failed] = await loadedBy({ plugins: ['./first.js', './second.js', './third.js'] });
    expect(failed).not.toContain('first.js');
    expect(failed).toContain(
      './second.js: the module cannot be imported: the layer Block is registered already',
    );
    expect(failed).toContain("there is no recipe 'time2vec' (did you mean time2Vec?)");
  });

  it('run their own tests against the installed package, under its public name', () => {
    const own = join(folder, 'elsewhere/momentum');
    cpSync(example, own, { recursive: true });
    mkdirSync(join(own, 'node_modules'));
    symlinkSync(project, join(own, 'node_modules/prediction-provider'));
    const { status, stdout } = spawnSync(
      process.execPath,
      [
        '--conditions=development',
        '--import',
        join(project, 'node_modules/tsx/dist/esm/index.mjs'),
        '--test',
        '--test-reporter=tap',
      ],
      { cwd: own, encoding: 'utf8', env: { PATH: process.env['PATH'] } },
    );
    expect(stdout).toMatch(/# pass 1\d/);
    expect(status).toBe(0);
  });
});
