import { loadPlugins, type PluginRegistry } from '#libs/plugin-host';
import type { AppConfig } from '#libs/config';
import type { Clock } from '#libs/kernel';
import { NumpyGenerator } from '#libs/numpy-random';
import { definePredictor, type ForecastRequest, type Frame } from '#libs/plugin-sdk';
import { BUILT_IN_PLUGINS } from '#libs/plugins';
import { DAY_MS } from './outcomes-bench.js';

/** What the predictors claim of the standard deviation of 1 that the series have. */
export const NARROW = 0.7;

/** What it says that it was trained on, when it is asked. */
export const TRAINED = { CLOSE: { min: 50, max: 150 } };

/** Level of {@link noiseFile}. */
const LEVEL = 100;

interface Series {
  readonly text: string;
  readonly values: number[];
}

/** A walk of daily closes with steps of N(0, 1), as a CSV file. */
export function walkFile(first: Date, bars: number, seed: number, from = 100): Series {
  const generator = NumpyGenerator.fromSeed(seed);
  let value = from;
  return seriesFile(first, bars, () => (value += generator.standardNormal()));
}

/** Daily closes that are N(100, 1) each, whatever came before, as a CSV file. */
export function noiseFile(first: Date, bars: number, seed: number): Series {
  const generator = NumpyGenerator.fromSeed(seed);
  return seriesFile(first, bars, () => LEVEL + generator.standardNormal());
}

function seriesFile(first: Date, bars: number, next: () => number): Series {
  const values = Array.from({ length: bars }, () => Number(next().toFixed(6)));
  const day = (at: number) => new Date(first.getTime() + at * DAY_MS).toISOString().slice(0, 10);
  const lines = values.map((close, at) => `${day(at)} 00:00:00,${close}`);
  return { text: ['DATE_TIME,CLOSE', ...lines].join('\n') + '\n', values };
}

/** Of the value of a bar so many ahead, from the last one: its mean and standard deviation. */
type Belief = (last: number, horizon: number) => { readonly point: number; readonly sd: number };

const forecaster = (belief: Belief) => (frame: Frame, request: ForecastRequest) => {
  const past = request.baseline === null ? frame : frame.upTo(request.baseline);
  const [time, value] = [past.time.at(-1) ?? NaN, past.column('CLOSE').at(-1) ?? NaN];
  const horizons = request.horizons ?? [1];
  const believed = horizons.map((horizon) => belief(value, horizon));
  return {
    mode: 'narrow',
    date_column: 'DATE_TIME',
    target_column: 'CLOSE',
    baseline_datetime: new Date(time).toISOString(),
    baseline_value: value,
    horizons,
    predictions: believed.map(({ point }) => point),
    future_datetimes: horizons.map((horizon) => new Date(time + horizon * DAY_MS).toISOString()),
    uncertainty: believed.map(({ sd }) => NARROW * sd),
    errors: [],
    metadata: { window_size: 3, ...(request.trainingRange === true && { training_range: TRAINED }) },
  };
};

const common = { apiVersion: 1, version: '1.0.0', parameters: {}, capabilities: ['forecast'] } as const;
const narrow = definePredictor({
  ...common,
  id: 'narrow_predictor',
  description: 'Claims 0.7 of the standard deviation that the walk has.',
  create: () => ({ forecast: forecaster((last, horizon) => ({ point: last, sd: Math.sqrt(horizon) })) }),
});
const narrowNoise = definePredictor({
  ...common,
  id: 'narrow_noise_predictor',
  description: 'Claims 0.7 of the standard deviation that the noise has.',
  create: () => ({ forecast: forecaster(() => ({ point: LEVEL, sd: 1 })) }),
});

/** The built-in plugins and those of these specs. */
export const withNarrow = (config: AppConfig, clock: Clock): Promise<PluginRegistry> =>
  loadPlugins({
    manifest: [...BUILT_IN_PLUGINS, () => Promise.resolve({ default: [narrow, narrowNoise] })],
    config,
    clock,
    logger: { info: () => undefined, warn: () => undefined, error: () => undefined },
    barCache: null,
    importModule: () => Promise.reject(new Error('no others')),
  });
