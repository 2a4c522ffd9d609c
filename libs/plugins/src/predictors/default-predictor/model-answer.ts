import type { ForecastOutput, HorizonError } from '#libs/plugin-sdk';
import { basename } from 'node:path';
import type { Passes } from '../model/passes.js';
import type { ServedModel } from '../model/served-model.js';
import { horizonError, type Outlook } from './model-outputs.js';
import type { DefaultPredictorSettings } from './parameters.js';

/** A model's answer with all that is told about it. */
export interface ModelAnswer {
  readonly name: string;
  readonly model: ServedModel;
  readonly passes: Passes;
  readonly outlook: Outlook;
  /** Steps ahead of the outputs, and those that are answered. */
  readonly own: readonly number[];
  readonly horizons: readonly number[];
  readonly dateColumn: string;
  readonly target: string;
  readonly baseline: number;
  readonly baselineTime: string;
  readonly timeAfter: (step: number) => string;
  readonly predictedAt: string;
  readonly inferenceMs: number;
  readonly isDenormalised: boolean;
}

/**
 * The answer over the wire. Intervals and quantiles are those of the passes, so they take the shape of the distribution;
 * a single deterministic pass has none, because it claims nothing about its error.
 */
export function forecastOutput(answer: ModelAnswer, settings: DefaultPredictorSettings): ForecastOutput {
  const { outlook, horizons, own, passes } = answer;
  const places = horizons.map((horizon) => own.indexOf(horizon));
  const errors = horizons.map((horizon, at) => horizonError(horizon, places[at] ?? -1, outlook));
  const pick = <T>(values: (place: number) => T): (T | null)[] =>
    places.map((place, at) => (errors[at] === null ? values(place) : null));
  const [lower = [], upper = [], ...quantiles] = outlook.quantiles;
  const numbers = (values: readonly number[]) => pick((place) => values[place] ?? null);
  return {
    mode: passes.samples > 0 ? 'mc_dropout' : 'model',
    date_column: answer.dateColumn,
    target_column: answer.target,
    baseline_datetime: answer.baselineTime,
    baseline_value: answer.baseline,
    horizons,
    predictions: numbers(outlook.mean),
    future_datetimes: pick((place) => answer.timeAfter(own[place] ?? NaN)),
    uncertainty: numbers(outlook.std),
    errors: errors.filter((error): error is HorizonError => error !== null),
    prediction: [outlook.mean.map((value) => (Number.isFinite(value) ? value : null))],
    ...(passes.samples > 0 && {
      intervals: [
        { level: settings.prediction_confidence_level, lower: numbers(lower), upper: numbers(upper) },
      ],
      quantiles: Object.fromEntries(
        settings.quantile_levels.map((level, at) => [String(level), numbers(quantiles[at] ?? [])]),
      ),
    }),
    seed: passes.seed,
    metadata: metadataOf(answer),
  };
}

function metadataOf(answer: ModelAnswer): Readonly<Record<string, unknown>> {
  const { model, passes, own } = answer;
  const { description, metadata, file } = model;
  return {
    model_name: answer.name,
    model_path: basename(file.path),
    model_sha256: description.sha256,
    model_type: description.format,
    prediction_timestamp: answer.predictedAt,
    prediction_horizon: Math.max(...own),
    mc_samples: passes.samples,
    de_normalized: answer.isDenormalised,
    target: metadata.target,
    window_size: model.layout.size,
    inference_ms: Math.round(answer.inferenceMs * 1000) / 1000,
    ...(passes.samples === 0 && { uncertainty_note: noteOf(description.stochastic) }),
  };
}

const noteOf = (isStochastic: boolean): string =>
  isStochastic
    ? 'a single pass (mc_samples is 0): an uncertainty of 0 means that none was measured'
    : 'the model has no random layers: an uncertainty of 0 means that none can be measured';
