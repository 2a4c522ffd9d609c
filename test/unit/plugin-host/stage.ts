import { loadConfig } from '#libs/config';
import { loadPlugins, type LoadPluginsOptions, type PluginRegistry } from '#libs/plugin-host';
import {
  defineCore,
  defineEndpoints,
  defineFeeder,
  definePipeline,
  definePredictor,
  Frame,
  type ForecastOutput,
  type ForecastRequest,
  type PluginDefinition,
  type PluginLogger,
  type PredictionRequest,
  type Predictor,
} from '#libs/plugin-sdk';
import { FakeClock } from '#libs/testing';

export const HOUR = 3_600_000;

/** `rows` hourly bars from 2026-01-05T00:00Z whose CLOSE is the row number. */
export const hourly = (rows = 5): Frame => {
  const time = Float64Array.from({ length: rows }, (_, row) => Date.UTC(2026, 0, 5) + row * HOUR);
  return Frame.of(time, { CLOSE: Float64Array.from({ length: rows }, (_, row) => row) });
};

export const flatForecast = (frame: Frame, request: ForecastRequest): ForecastOutput => {
  const horizons = request.horizons ?? Array.from({ length: request.horizon ?? 1 }, (_, index) => index + 1);
  return {
    mode: 'flat',
    date_column: 'DATE_TIME',
    target_column: 'CLOSE',
    baseline_datetime: new Date(frame.time.at(-1) ?? 0).toISOString(),
    baseline_value: frame.column('CLOSE').at(-1) ?? 0,
    horizons,
    predictions: horizons.map(() => 1),
    future_datetimes: horizons.map(() => null),
    uncertainty: horizons.map(() => 0),
    errors: [],
  };
};

const common = { apiVersion: 1, version: '1.0.0', description: 'For tests.', parameters: {} } as const;

/** One plugin of each kind under the default names, so that a registry can start. */
export const minimalPlugins = {
  core: defineCore({ ...common, id: 'default_core', create: () => ({ syncEndpoints: false }) }),
  feeder: defineFeeder({
    ...common,
    id: 'default_feeder',
    create: () => ({
      fetch: async () => hourly(),
      resolve: (symbol) => ({ source: 'file', symbol }),
    }),
  }),
  pipeline: definePipeline({
    ...common,
    id: 'default_pipeline',
    create: () => ({
      run: async (request, { feeder, predictor, signal, progress }) => {
        progress(0, 'fetch');
        const frame = await feeder.fetch({ symbol: request.symbol, interval: request.interval, signal });
        progress(50, 'predict');
        const output = await predictor.forecast?.(frame, { ...request, signal });
        return { output, source: feeder.resolve(request.symbol) } as never;
      },
    }),
  }),
  predictor: predictorNamed('default_predictor', { forecast: flatForecast }),
  endpoints: defineEndpoints({
    ...common,
    id: 'default_endpoints',
    create: () => ({ module: { module: Object } }),
  }),
  predictEndpoint: defineEndpoints({
    ...common,
    id: 'predict_endpoint',
    create: () => ({ module: { module: Object } }),
  }),
};

export function predictorNamed(id: string, predictor: Predictor, looksAhead = false): PluginDefinition {
  return definePredictor({
    ...common,
    id,
    looksAhead,
    capabilities: ['forecast', 'entry', 'exit', 'describe', 'metrics'],
    create: () => predictor,
  });
}

export const question: PredictionRequest = {
  symbol: 'EURUSD',
  interval: '1h',
  predictionType: 'short_term',
  horizons: null,
  horizon: 2,
  baseline: null,
  dateColumn: null,
  targetColumn: null,
};

export interface Stage {
  readonly registry: PluginRegistry;
  readonly clock: FakeClock;
  readonly lines: string[];
}

export interface StageOptions extends Partial<Pick<LoadPluginsOptions, 'importModule' | 'barCache' | 'cwd'>> {
  readonly flags?: Readonly<Record<string, unknown>>;
  /** Replace or add to the minimal ones; a bare value is taken for a module's default export. */
  readonly plugins?: readonly unknown[];
  readonly without?: readonly (keyof typeof minimalPlugins)[];
}

/** Loads the minimal plugins and these; what is logged is collected in `lines`. */
export async function stage(options: StageOptions = {}): Promise<Stage> {
  const clock = new FakeClock();
  const lines: string[] = [];
  const write =
    (level: string): PluginLogger['info'] =>
    (message, details) => {
      lines.push(`${level} ${message} ${JSON.stringify(details ?? {})}`);
    };
  const given = options.plugins ?? [];
  const replaced = new Set(given.map((plugin) => (plugin as { id?: string } | null)?.id));
  const kept = Object.entries(minimalPlugins)
    .filter(([name, { id }]) => !replaced.has(id) && !options.without?.includes(name as never))
    .map(([, definition]) => definition);
  const registry = await loadPlugins({
    manifest: [...kept, ...given].map((definition) => async () => ({ default: definition })),
    config: loadConfig({ argv: [], env: {}, flags: options.flags ?? {}, cwd: options.cwd ?? '/nonexistent' }),
    clock,
    logger: { info: write('info'), warn: write('warn'), error: write('error') },
    barCache: options.barCache ?? null,
    importModule: options.importModule ?? (() => Promise.reject(new Error('nothing to import'))),
    ...(options.cwd !== undefined && { cwd: options.cwd }),
  });
  return { registry, clock, lines };
}
