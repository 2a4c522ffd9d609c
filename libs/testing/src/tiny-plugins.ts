import type { AppConfig } from '#libs/config';
import type { Clock } from '#libs/kernel';
import { loadPlugins, type PluginRegistry } from '#libs/plugin-host';
import { defineCore, defineEndpoints, defineFeeder, definePipeline, definePredictor } from '#libs/plugin-sdk';

const about = {
  apiVersion: 1,
  version: '1.0.0',
  description: 'Does nothing, for specs.',
  parameters: {},
} as const;
const unused = (): never => {
  throw new Error('specs with tiny plugins make no predictions');
};

class NoEndpoints {}

const TINY = [
  defineCore({ ...about, id: 'default_core', create: () => ({ syncEndpoints: false }) }),
  defineFeeder({
    ...about,
    id: 'default_feeder',
    create: () => ({ fetch: unused, resolve: (symbol) => ({ source: 'none', symbol }) }),
  }),
  definePipeline({ ...about, id: 'default_pipeline', create: () => ({ run: unused }) }),
  definePredictor({
    ...about,
    id: 'default_predictor',
    capabilities: ['forecast'],
    create: () => ({ forecast: unused }),
  }),
  ...['default_endpoints', 'predict_endpoint', 'metrics_endpoint'].map((id) =>
    defineEndpoints({ ...about, id, create: () => ({ module: { module: class extends NoEndpoints {} } }) }),
  ),
];

/** Plugins under the configured names that do nothing: for specs about the server itself, which start at once with them. */
export const tinyPlugins = (config: AppConfig, clock: Clock): Promise<PluginRegistry> =>
  loadPlugins({
    manifest: TINY.map((definition) => () => Promise.resolve({ default: definition })),
    config,
    clock,
    logger: { info: () => undefined, warn: () => undefined, error: () => undefined },
    barCache: null,
    importModule: () => Promise.reject(new Error('no third-party plugins here')),
  });
