import type { AppConfig } from '#libs/config';
import type { Clock } from '#libs/kernel';
import { loadPlugins, type PluginRegistry } from '#libs/plugin-host';
import {
  defineCore,
  defineEndpoints,
  defineFeeder,
  definePipeline,
  definePredictor,
  Frame,
  type FetchRequest,
  type ForecastOutput,
  type ForecastRequest,
  type Pipeline,
} from '#libs/plugin-sdk';

const DAY = 86_400_000;
/** Monday 2026-01-05T00:00Z, where the fake clock starts too. */
const FIRST_BAR = Date.UTC(2026, 0, 5) - 10 * DAY;

/** Ten daily bars whose close is 100, 101, … */
export const bars = (): Frame => {
  const time = Float64Array.from({ length: 10 }, (_, row) => FIRST_BAR + row * DAY);
  return Frame.of(time, { CLOSE: Float64Array.from({ length: 10 }, (_, row) => 100 + row) });
};

export function forecastOf(frame: Frame, { horizons, horizon }: ForecastRequest): ForecastOutput {
  const steps = horizons ?? Array.from({ length: horizon ?? 2 }, (_, index) => index + 1);
  const close = frame.column('CLOSE').at(-1) ?? 0;
  return {
    mode: 'scripted',
    date_column: 'DATE_TIME',
    target_column: 'CLOSE',
    baseline_datetime: new Date(frame.time.at(-1) ?? 0).toISOString(),
    baseline_value: close,
    horizons: steps,
    predictions: steps.map((step) => close + step),
    future_datetimes: steps.map(() => null),
    uncertainty: steps.map((step) => step / 10),
    errors: [],
    seed: 7,
  };
}

/** What the scripted plugins do; a spec replaces what it is about. */
export interface Script {
  fetch: (request: FetchRequest) => Promise<Frame>;
  forecast: (frame: Frame, request: ForecastRequest) => ForecastOutput | Promise<ForecastOutput>;
}

export const honestScript = (): Script => ({ fetch: async () => bars(), forecast: forecastOf });

const common = { apiVersion: 1, version: '1.2.3', description: 'For specs.', parameters: {} } as const;

const pipeline = (clock: Clock): Pipeline => ({
  run: async ({ symbol, interval, baseline, ...rest }, { feeder, predictor, signal }) => {
    const started = clock.monotonic();
    const frame = await feeder.fetch({ symbol, interval, signal });
    const fetched = clock.monotonic();
    const output = (await predictor.forecast?.(frame, {
      ...rest,
      symbol,
      interval,
      baseline,
      signal,
    })) as ForecastOutput;
    return {
      output,
      source: {
        ...feeder.resolve(symbol),
        bars: frame.length,
        first_bar: new Date(frame.time[0] ?? 0).toISOString(),
        last_bar: new Date(frame.time.at(-1) ?? 0).toISOString(),
      },
      timing: { fetch_ms: fetched - started, predict_ms: clock.monotonic() - fetched },
    };
  },
});

/** A registry whose feeder and predictor do what `script` says at the time of the call. */
export function scriptedRegistry(script: Script, config: AppConfig, clock: Clock): Promise<PluginRegistry> {
  const definitions = [
    defineCore({ ...common, id: 'default_core', create: () => ({ syncEndpoints: false }) }),
    defineFeeder({
      ...common,
      id: 'default_feeder',
      create: () => ({
        fetch: (request) => script.fetch(request),
        resolve: (symbol) => ({ source: 'file', symbol: `${symbol}.mapped` }),
      }),
    }),
    definePipeline({ ...common, id: 'default_pipeline', create: () => pipeline(clock) }),
    definePredictor({
      ...common,
      id: 'default_predictor',
      capabilities: ['forecast'],
      create: () => ({ forecast: (frame, request) => script.forecast(frame, request) }),
    }),
    definePredictor({
      ...common,
      id: 'entry_only',
      capabilities: ['entry'],
      create: () => ({
        entry: () => ({ buy: 0, sell: 0, barsRemaining: 0, buyConfidence: 0, sellConfidence: 0 }),
      }),
    }),
    ...['default_endpoints', 'predict_endpoint'].map((id) =>
      defineEndpoints({ ...common, id, create: () => ({ module: { module: Object } }) }),
    ),
  ];
  return loadPlugins({
    manifest: definitions.map((definition) => async () => ({ default: definition })),
    config,
    clock,
    logger: { info: () => undefined, warn: () => undefined, error: () => undefined },
    barCache: null,
    importModule: () => Promise.reject(new Error('nothing to import')),
  });
}
