import { describe, expect, it } from '@jest/globals';
import { PluginLoadError } from '#libs/plugin-host';
import { definePredictor, type PluginContext } from '#libs/plugin-sdk';
import { stage, type StageOptions } from './stage.js';

const faultsOf = async (options: StageOptions): Promise<readonly string[]> => {
  const error: unknown = await stage(options).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(PluginLoadError);
  return (error as PluginLoadError).faults;
};

const parameters = {
  window_size: { type: 'integer', default: 0, min: 0, max: 500, help: 'Rows.' },
  csv_file: { type: 'string', default: null, help: 'Prices.' },
  noise_std: { type: 'number', default: 0, min: 0, help: 'Noise.' },
  api_token: { type: 'string', default: null, secret: true, help: 'Secret.' },
} as const;

const configurable = (seen: PluginContext<typeof parameters>[] = [], id = 'configurable_predictor') =>
  definePredictor({
    id,
    apiVersion: 1,
    version: '2.1.0',
    description: 'For tests.',
    capabilities: [],
    parameters,
    create: (context) => {
      seen.push(context);
      return {};
    },
  });

describe('plugin aliases', () => {
  it('gives a plugin more names, each with parameters of its own over those given for all', async () => {
    const seen: PluginContext<typeof parameters>[] = [];
    const { registry } = await stage({
      plugins: [configurable(seen)],
      flags: {
        csv_file: 'all.csv',
        noise_std: 1,
        predictor_plugin: 'Loud/v1',
        plugin_aliases: {
          'Loud/v1': { plugin: 'configurable_predictor', parameters: { noise_std: 9 } },
          plain: 'configurable_predictor',
        },
      },
    });
    expect(registry.ids('predictor')).toEqual([
      'default_predictor',
      'configurable_predictor',
      'Loud/v1',
      'plain',
    ]);
    expect(registry.active('predictor').id).toBe('Loud/v1');
    expect(registry.serves('plain')).toEqual({ predictor: 'plain', model: null });
    await registry.predictor('plain');
    await registry.predictor('configurable_predictor');
    expect(seen.map((context) => [context.parameters.csv_file, context.parameters.noise_std])).toEqual([
      ['all.csv', 9],
      ['all.csv', 1],
      ['all.csv', 1],
    ]);
  });

  it('names every alias at fault, with what may be said in its place', async () => {
    const plugin = 'configurable_predictor';
    const faults = await faultsOf({
      plugins: [configurable()],
      flags: {
        plugin_aliases: {
          'a b': plugin,
          default_feeder: plugin,
          lost: 'lstm',
          core: 'default_core',
          circle: 'lost',
          number: 7,
          typed: { plugin, parameter: {} },
          noisy: { plugin, parameters: { noise: 1 } },
        },
      },
    });
    expect(faults).toEqual([
      'plugin_aliases: "a b" is not a name that a request may give; use up to 100 letters, digits and _ @ / . -',
      'plugin_aliases: "default_feeder" is the name of a plugin already; choose another one',
      ...['lost', 'core', 'circle'].map((name, at) => {
        const named = ['lstm', 'default_core', 'lost'][at];
        return `plugin_aliases: "${name}" stands for "${named}", which is not loaded; available are default_feeder, default_pipeline, default_predictor, configurable_predictor`;
      }),
      ...['number', 'typed'].map(
        (name) =>
          `plugin_aliases: "${name}" must be the id of a plugin, or an object of "plugin" (its id) and "parameters" (an object)`,
      ),
      'plugin_aliases: "noisy" has parameters that configurable_predictor does not have: noise; it has window_size, csv_file, noise_std, api_token',
    ]);
    const flags = {
      predictor_plugin: 'loud',
      plugin_aliases: { loud: { plugin, parameters: { noise_std: -1 } } },
    };
    expect(await faultsOf({ plugins: [configurable()], flags })).toEqual([
      expect.stringMatching(/^loud: noise_std: .*-1.* \(from plugin_aliases\)$/),
    ]);
  });
});
