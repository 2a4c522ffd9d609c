import { describe, expect, it } from '@jest/globals';
import { followConfigured } from '#libs/plugin-host';
import { definePredictor, PluginError } from '#libs/plugin-sdk';
import { flatForecast, minimalPlugins, predictorNamed, question, stage } from './stage.js';

/** A predictor that waits in `create` until it is let go. */
function slowPredictor() {
  let release: () => void = () => undefined;
  let creations = 0;
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const definition = {
    ...predictorNamed('slow_predictor', {}),
    create: async () => {
      creations += 1;
      await gate;
      return { forecast: flatForecast };
    },
  };
  return { definition, release, creations: () => creations };
}

describe('the plugin registry', () => {
  it('knows the configured predictor by the names that old clients use', async () => {
    const { registry } = await stage({ plugins: [predictorNamed('second_predictor', {})] });
    for (const id of [null, undefined, 'default', 'default_model', 'default_predictor']) {
      expect((await registry.predictor(id)).id).toBe('default_predictor');
    }
    expect(registry.has('predictor', 'default_model')).toBe(true);
    expect(registry.has('feeder', 'default')).toBe(false);
    expect(registry.has('feeder', 'default_predictor')).toBe(false);
    await registry.select('predictor', 'second_predictor');
    expect((await registry.predictor('default')).id).toBe('second_predictor');
    expect(registry.active('predictor').id).toBe('second_predictor');
  });

  it('gives a handle that follows the configured plugin', async () => {
    const { registry } = await stage({ plugins: [predictorNamed('second_predictor', {})] });
    const handle = followConfigured(registry, 'predictor');
    expect(handle.id).toBe('default_predictor');
    await registry.select('predictor', 'second_predictor');
    expect(handle).toEqual(registry.active('predictor'));
  });

  it('answers an unknown name with a 422 that lists the known ones', async () => {
    const { registry } = await stage();
    await expect(registry.feeder('kafka_feeder')).rejects.toMatchObject({
      kind: 'invalid',
      violations: [
        {
          type: 'value_error',
          loc: ['body', 'feeder_plugin'],
          msg: 'Value error, feeder plugin "kafka_feeder" is not loaded; known are default_feeder',
          input: 'kafka_feeder',
          ctx: { error: {}, known: ['default_feeder'] },
        },
      ],
    });
    await expect(registry.predictor('default_feeder')).rejects.toMatchObject({ kind: 'invalid' });
  });

  it('knows which predictor serves a model', async () => {
    const parameters = {
      model_files: { type: 'map', items: 'string', default: {}, help: 'Files.' },
    } as const;
    const serving = { ...predictorNamed('serving', {}), parameters };
    const flags = { model_files: { fast: 'a.keras', serving: 'b.keras', default_model: 'c.keras' } };
    const { registry } = await stage({ plugins: [serving], flags });
    expect(registry.serves('fast')).toEqual({ predictor: 'serving', model: 'fast' });
    // Names of predictors and their aliases mean these.
    for (const predictor of ['serving', 'default_predictor', 'default', 'default_model'])
      expect(registry.serves(predictor)).toEqual({ predictor, model: null });
    expect(['slow', 'toString', ''].map((name) => registry.serves(name))).toEqual([null, null, null]);
    for (const field of ['model_name', 'predictor_plugin'])
      expect(registry.unknownPlugin('predictor', 'slow', ['body', field]).violations[0]?.ctx).toMatchObject({
        known: ['default_predictor', 'serving', 'fast'],
      });
    expect(
      registry.unknownPlugin('predictor', 'slow', ['body', 'default_plugins', 'predictor']).violations[0]
        ?.ctx,
    ).toMatchObject({ known: ['default_predictor', 'serving'] });
  });

  it('lets the forecaster answer for what is only priced, and asks for a price last', async () => {
    const asked: string[] = [];
    const isPriced = async (name: string) => {
      asked.push(name);
      return name === 'lstm_1h';
    };
    const entries = definePredictor({
      ...predictorNamed('entry_predictor', {}),
      capabilities: ['entry'],
      create: () => ({ entry: () => Promise.reject(new Error('nothing is asked here')) }),
    });
    const { registry } = await stage({ plugins: [entries] });
    expect(await registry.servesOrSells('default', isPriced)).toEqual({ predictor: 'default', model: null });
    expect(asked).toEqual([]);
    await registry.select('predictor', 'entry_predictor');
    expect(registry.forecaster).toBe('default_predictor');
    const forecaster = { predictor: 'default_predictor', model: null };
    expect(await registry.servesOrSells('lstm_1h', isPriced)).toEqual(forecaster);
    expect(await registry.servesOrSells('slow', isPriced)).toBeNull();
    expect(asked).toEqual(['lstm_1h', 'slow']);
  });

  it('creates another plugin on first use, once for all who ask meanwhile', async () => {
    const { definition, release, creations } = slowPredictor();
    const { registry } = await stage({ plugins: [definition] });
    expect(creations()).toBe(0);
    const all = Promise.all([1, 2, 3].map(() => registry.predictor('slow_predictor')));
    release();
    const [first, second] = await all;
    expect(first).toBe(second);
    expect(await registry.predictor('slow_predictor')).toBe(first);
    expect(creations()).toBe(1);
  });

  it('tells a broken plugin apart from a broken service, and tries it again only after a while', async () => {
    let creations = 0;
    let broken = true;
    const definition = {
      ...predictorNamed('oracle', {}),
      create: () => {
        creations += 1;
        if (broken)
          throw new PluginError('not_configured', 'csv_file must name a file, /srv/data/x.csv is gone');
        return {};
      },
    };
    const { registry, clock } = await stage({ plugins: [definition] });
    const answer = {
      kind: 'unavailable',
      code: 'not_configured',
      message: 'Plugin oracle is not configured: csv_file must name a file, x.csv is gone',
    };
    await expect(registry.predictor('oracle')).rejects.toMatchObject(answer);
    await expect(registry.predictor('oracle')).rejects.toMatchObject(answer);
    expect(creations).toBe(1);
    expect(registry.status().find(({ id }) => id === 'oracle')).toMatchObject({
      status: 'failed',
      failure: answer.message,
    });
    broken = false;
    await clock.advance(5_000);
    expect((await registry.predictor('oracle')).id).toBe('oracle');
    expect(registry.status().find(({ id }) => id === 'oracle')).toMatchObject({ status: 'active' });
  });

  it('keeps the default when the plugin to select cannot be created', async () => {
    const definition = {
      ...predictorNamed('oracle', {}),
      create: () => {
        throw new Error('boom at /srv/x.js:1');
      },
    };
    const { registry, lines } = await stage({ plugins: [definition] });
    await expect(registry.select('predictor', 'oracle')).rejects.toMatchObject({
      kind: 'internal',
      code: 'plugin_failed',
      message: 'Plugin oracle failed',
    });
    expect(registry.configuredId('predictor')).toBe('default_predictor');
    expect(lines.join('\n')).toContain('boom at /srv/x.js:1');
  });

  it('runs a pipeline with the feeder and the predictor it is given, and counts all three', async () => {
    const { registry } = await stage();
    const steps: string[] = [];
    const output = await registry.active('pipeline').run(question, {
      feeder: registry.active('feeder'),
      predictor: registry.active('predictor'),
      progress: (percentage, step) => steps.push(`${percentage} ${step}`),
    });
    expect(output.output.horizons).toEqual([1, 2]);
    expect(steps).toEqual(['0 fetch', '50 predict']);
    const calls = registry.status().map(({ id, calls: count, failures }) => `${id} ${count} ${failures}`);
    expect(calls).toEqual(
      expect.arrayContaining(['default_feeder 1 0', 'default_pipeline 1 0', 'default_predictor 1 0']),
    );
  });

  it('passes the error of a tool through the pipeline as it is', async () => {
    const { registry, lines } = await stage({
      plugins: [
        {
          ...minimalPlugins.feeder,
          create: () => ({
            fetch: async () => Promise.reject(new PluginError('source_unavailable', 'the exchange is down')),
            resolve: (symbol: string) => ({ source: 'x', symbol }),
          }),
        },
      ],
    });
    const run = registry.active('pipeline').run(question, {
      feeder: registry.active('feeder'),
      predictor: registry.active('predictor'),
    });
    await expect(run).rejects.toMatchObject({
      kind: 'unavailable',
      code: 'source_unavailable',
      message: 'the exchange is down',
    });
    const figures = registry.status().filter(({ calls }) => calls > 0);
    expect(figures.map(({ id, failures, last_error_code }) => [id, failures, last_error_code])).toEqual([
      ['default_feeder', 1, 'source_unavailable'],
      ['default_pipeline', 1, 'source_unavailable'],
    ]);
    expect(lines).toEqual([]);
  });

  it('closes everything, also when one plugin fails to', async () => {
    const closed: string[] = [];
    const { registry } = await stage({
      plugins: [
        predictorNamed('default_predictor', { close: async () => Promise.reject(new Error('stuck')) }),
        {
          ...minimalPlugins.pipeline,
          create: () => ({
            run: async () => ({}),
            close: async () => {
              closed.push('pipeline');
            },
          }),
        },
      ],
    });
    await expect(registry.close()).rejects.toThrow('plugins could not be closed');
    expect(closed).toEqual(['pipeline']);
  });
});
