import { describe, expect, it } from '@jest/globals';
import { PluginLoadError } from '#libs/plugin-host';
import { definePredictor, PluginError, type PluginContext } from '#libs/plugin-sdk';
import { minimalPlugins, predictorNamed, stage, type StageOptions } from './stage.js';

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

describe('loading plugins', () => {
  it('lists every kind and creates only the configured plugins', async () => {
    const { registry } = await stage({ plugins: [predictorNamed('other_predictor', {})] });
    expect(registry.ids('predictor')).toEqual(['default_predictor', 'other_predictor']);
    expect(registry.ids('endpoints')).toEqual(['default_endpoints', 'predict_endpoint']);
    expect(registry.summaries().map(({ id, state }) => `${id} ${state}`)).toEqual([
      'default_core active',
      'default_feeder active',
      'default_pipeline active',
      'default_predictor active',
      'other_predictor available',
      'default_endpoints active',
      'predict_endpoint active',
    ]);
    expect(registry.core.features).toEqual({ syncEndpoints: false });
    expect(registry.endpoints.map(({ id }) => id)).toEqual(['default_endpoints', 'predict_endpoint']);
  });

  it('names an unknown plugin, the setting it comes from and what is available, all of them together', async () => {
    const faults = await faultsOf({
      flags: {
        predictor_plugin: 'lstm',
        endpoint_plugins: ['status_endpoint'],
        default_plugins: { feeder: 'kafka' },
      },
    });
    expect(faults).toEqual([
      'kafka: no feeder plugin has this name (from default_plugins); available are default_feeder',
      'lstm: no predictor plugin has this name (from predictor_plugin); available are default_predictor',
      'status_endpoint: no endpoints plugin has this name (from endpoint_plugins); available are default_endpoints, predict_endpoint',
    ]);
  });

  it.each([
    [
      'another API version',
      { ...minimalPlugins.predictor, id: 'old', apiVersion: 7 },
      /^old: is built for plugin API 7, but this server supports 1$/,
    ],
    [
      'no version of the API',
      { ...minimalPlugins.predictor, id: 'old', apiVersion: undefined },
      /plugin API undefined/,
    ],
    [
      'a default export that is no definition',
      { hello: 'world' },
      /not a plugin definition; make it with one of defineCore/,
    ],
    ['no default export', undefined, /has no default export/],
    ['an unknown kind', { ...minimalPlugins.predictor, id: 'x', kind: 'oracle' }, /not a plugin definition/],
    ['an id in capitals', { ...minimalPlugins.predictor, id: 'LSTM' }, /^LSTM: id must be lower-case/],
    [
      'a version that is no version',
      { ...minimalPlugins.predictor, id: 'x', version: 'new' },
      /semantic version/,
    ],
    ['no create', { ...minimalPlugins.predictor, id: 'x', create: null }, /create must be a function/],
    [
      'a parameter without help',
      { ...minimalPlugins.predictor, id: 'x', parameters: { a: { type: 'integer', default: 1 } } },
      /parameter a must be declared/,
    ],
    [
      'a made-up capability',
      { ...minimalPlugins.predictor, id: 'x', capabilities: ['divine'] },
      /capabilities must be a list of forecast/,
    ],
  ])('refuses %s', async (_, definition, message) => {
    const faults = await faultsOf({ plugins: [definition] });
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(message);
  });

  it('refuses an id that is defined twice and says by whom', async () => {
    const faults = await faultsOf({
      flags: { plugins: ['@acme/lstm'] },
      importModule: async () => ({
        default: [predictorNamed('a', {}), predictorNamed('default_predictor', {})],
      }),
    });
    expect(faults).toEqual(['default_predictor: is defined twice, by built-in plugin 4 and by @acme/lstm']);
  });

  it('says which module cannot be imported and why', async () => {
    const faults = await faultsOf({
      flags: { plugins: ['./gone.js'] },
      importModule: async (specifier) => Promise.reject(new Error(`Cannot find module '${specifier}'`)),
    });
    expect(faults).toEqual(["./gone.js: the module cannot be imported: Cannot find module './gone.js'"]);
  });

  it('adds the definitions of third parties: one, a list, or compiled to CommonJS', async () => {
    const modules: Record<string, unknown> = {
      '@acme/one': { default: predictorNamed('one', {}) },
      './list.js': { default: [predictorNamed('two', {}), predictorNamed('three', {})] },
      './old.cjs': { default: { __esModule: true, default: predictorNamed('four', {}) } },
    };
    const { registry } = await stage({
      flags: { plugins: Object.keys(modules), predictor_plugin: 'three' },
      importModule: async (specifier) => modules[specifier],
    });
    expect(registry.ids('predictor')).toEqual(['default_predictor', 'one', 'two', 'three', 'four']);
    expect(registry.configuredId('predictor')).toBe('three');
  });

  it('reports a failing create by name with its whole reason, and closes what was open', async () => {
    const closed: string[] = [];
    const faults = await faultsOf({
      plugins: [
        {
          ...minimalPlugins.predictor,
          create: () => Promise.reject(new PluginError('not_configured', 'no model at /data/m.onnx')),
        },
        {
          ...minimalPlugins.pipeline,
          create: () => {
            throw new Error('boom');
          },
        },
        {
          ...minimalPlugins.feeder,
          create: () => ({
            close: async () => {
              closed.push('feeder');
            },
          }),
        },
      ],
    });
    expect(faults).toEqual(['default_pipeline: boom', 'default_predictor: no model at /data/m.onnx']);
    expect(closed).toEqual(['feeder']);
  });
});

describe('parameters of plugins', () => {
  it('keep their own default unless the value is given explicitly: a built-in default never reaches them', async () => {
    const seen: PluginContext<typeof parameters>[] = [];
    await stage({ plugins: [configurable(seen)], flags: { predictor_plugin: 'configurable_predictor' } });
    expect(seen[0]?.parameters).toEqual({ window_size: 0, csv_file: null, noise_std: 0, api_token: null });
    await stage({
      plugins: [configurable(seen)],
      flags: {
        predictor_plugin: 'configurable_predictor',
        window_size: 124,
        csv_file: 'bars.csv',
        noise_std: '0.3',
      },
    });
    expect(seen[1]?.parameters).toEqual({
      window_size: 124,
      csv_file: 'bars.csv',
      noise_std: 0.3,
      api_token: null,
    });
    expect(Object.isFrozen(seen[1]?.parameters)).toBe(true);
  });

  it('take a number for text, as a flag gives it', async () => {
    const seen: PluginContext<typeof parameters>[] = [];
    await stage({
      plugins: [configurable(seen)],
      flags: { predictor_plugin: 'configurable_predictor', csv_file: 7203 },
    });
    expect(seen[0]?.parameters.csv_file).toBe('7203');
  });

  it('report all faults of the configured plugins together, with their source', async () => {
    const faults = await faultsOf({
      plugins: [configurable()],
      flags: {
        predictor_plugin: 'configurable_predictor',
        window_size: 501,
        noise_std: -1,
        api_token: ['hush'],
      },
    });
    expect(faults).toHaveLength(1);
    expect(faults[0]).toBe(
      'configurable_predictor: window_size: 501 is not allowed; an integer from 0 to 500 (from the flags); ' +
        'noise_std: -1 is not allowed; a number of at least 0 (from the flags); ' +
        'api_token: the given value is not allowed; text, or null (from the flags)',
    );
  });

  it('that nobody declares stop the start, with the name that was meant', async () => {
    const nobodys = stage({
      plugins: [configurable()],
      flags: { csv_fil: 'a.csv', prot: 80, zzz_qqq: 1 },
    });
    const nowhere = 'there is no such setting, and no loaded plugin has this parameter';
    await expect(nobodys).rejects.toMatchObject({
      name: 'ConfigError',
      faults: [
        `csv_fil (from the flags): ${nowhere}; did you mean csv_file?`,
        expect.stringMatching(`^prot \\(from the flags\\): ${nowhere}; did you mean port`),
        `zzz_qqq (from the flags): ${nowhere}`,
      ],
    });
  });

  it('of the original that nothing here reads are a warning', async () => {
    const { registry, lines } = await stage({
      plugins: [configurable()],
      flags: { auth_type: 'api_key', cors_enabled: true },
    });
    expect(registry.warnings).toEqual([
      'auth_type: a setting of the Python service that has no effect here',
      'cors_enabled: a setting of the Python service that has no effect here',
    ]);
    expect(lines.filter((line) => line.startsWith('warn'))).toHaveLength(2);
  });

  it('that are faulty for a plugin nobody configured are a warning, and a 503 for who asks for it', async () => {
    const { registry } = await stage({ plugins: [configurable()], flags: { noise_std: -1 } });
    expect(registry.warnings).toEqual([
      'configurable_predictor cannot be used: noise_std: -1 is not allowed; a number of at least 0 (from the flags)',
    ]);
    await expect(registry.predictor('configurable_predictor')).rejects.toMatchObject({
      kind: 'unavailable',
      code: 'not_configured',
      message: expect.stringContaining('Plugin configurable_predictor is not configured: noise_std: -1'),
    });
    expect(registry.status().find(({ id }) => id === 'configurable_predictor')?.status).toBe('failed');
  });

  it('are shown without secrets and without folders', async () => {
    const { registry } = await stage({
      plugins: [configurable()],
      flags: {
        predictor_plugin: 'configurable_predictor',
        csv_file: '/home/desk/data/bars.csv',
        api_token: 'hush',
      },
    });
    const status = registry.status().find(({ id }) => id === 'configurable_predictor');
    expect(status?.parameters).toEqual({ window_size: 0, csv_file: 'bars.csv', noise_std: 0 });
    expect(status).toMatchObject({ status: 'active', configured: true, version: '2.1.0' });
  });
});
