import { basename } from 'node:path';
import { type BatchedForecast, type HorizonError, PluginError } from '#libs/plugin-sdk';
import type { Normalisation } from '#libs/timeseries';
import { shapeText } from '../model/input-layout.js';
import { metadataName, type TargetKind } from '../model/model-metadata.js';
import { servedFacts } from '../model/model-file.js';
import type { Passes, ServedModel } from '../model/served-model.js';
import type { ForecasterSettings } from './parameters.js';

/** How the numbers of a model become values of the target. */
export interface OutputScale {
  readonly target: TargetKind;
  /** The value that returns are counted from. */
  readonly baseline: number;
  readonly normalisation: Normalisation | null;
  /** Entry of the normalisation; null where the model answers in units of its own. */
  readonly entry: string | null;
}

/** A model's answer in the units of the target, one number for each output. */
export interface Outlook {
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly quantiles: readonly (readonly number[])[];
}

/**
 * How many steps a model answers: the one axis of its output that is not 1, as in (1, N), (1, N, 1) and (1, 1).
 * @returns null for another form
 */
export function outputWidth(shape: readonly number[]): number | null {
  const wide = shape.filter((length) => length !== 1);
  return wide.length > 1 ? null : (wide[0] ?? 1);
}

/**
 * The steps ahead of the outputs: those of the metadata, else 1 to N.
 * @throws PluginError `not_configured` for an output of another form, or metadata that name another number of steps
 */
export function modelHorizons(shape: readonly number[], named: readonly number[] | null): readonly number[] {
  const width = outputWidth(shape);
  if (width === null) {
    const text = `the model's output has the shape ${shapeText([null, ...shape])}; one number for each step is needed`;
    throw new PluginError('not_configured', text);
  }
  if (named === null) return Array.from({ length: width }, (_, index) => index + 1);
  if (named.length === width) return named;
  throw new PluginError(
    'not_configured',
    `the model answers ${width} steps, its metadata name ${named.length} (horizons)`,
  );
}

/**
 * Undoes the normalisation and turns returns into values: y for `price`, b·(1 + y) for `return`, b·exp(y) for
 * `log_return`, with the baseline b. Widths are scaled, not shifted; those of log returns come from the passes themselves,
 * because the exponential bends them.
 * @throws PluginError `invalid_request` for returns of a baseline that is not positive
 */
export function outlookOf(passes: Passes, scale: OutputScale): Outlook {
  if (scale.target !== 'price' && !(scale.baseline > 0)) {
    throw new PluginError(
      'invalid_request',
      `the model answers returns, which a baseline of ${scale.baseline} does not have`,
    );
  }
  const numbers = (values: Float32Array): number[] => Array.from(values, (value) => valueOf(value, scale));
  const quantiles = passes.quantiles.map(numbers);
  if (scale.target === 'log_return' && passes.values !== null) {
    return { ...momentsOf(numbers(passes.values), passes.mean.length), quantiles };
  }
  return {
    mean: numbers(passes.mean),
    std: Array.from(passes.std, (width) => widthOf(width, scale)),
    quantiles,
  };
}

function valueOf(output: number, { target, baseline, normalisation, entry }: OutputScale): number {
  const own = entry === null || normalisation === null ? output : normalisation.invert(entry, output);
  if (target === 'price') return own;
  return target === 'return' ? baseline * (1 + own) : baseline * Math.exp(own);
}

function widthOf(width: number, { target, baseline, normalisation, entry }: OutputScale): number {
  const own = entry === null || normalisation === null ? width : normalisation.invertWidth(entry, width);
  return target === 'price' ? own : baseline * own;
}

/** Mean and population standard deviation of each output over passes that lie one after the other. */
function momentsOf(values: readonly number[], width: number): { mean: number[]; std: number[] } {
  const count = values.length / width;
  const mean: number[] = [];
  const std: number[] = [];
  for (let output = 0; output < width; output += 1) {
    let total = 0;
    for (let at = output; at < values.length; at += width) total += values[at] ?? NaN;
    const average = total / count;
    let squares = 0;
    for (let at = output; at < values.length; at += width) squares += ((values[at] ?? NaN) - average) ** 2;
    mean.push(average);
    std.push(Math.sqrt(squares / count));
  }
  return { mean, std };
}

/** Why a horizon has no answer; null when it has one. */
export function horizonError(horizon: number, index: number, { mean, std }: Outlook): HorizonError | null {
  if (index < 0) return { horizon, error: 'beyond_model_horizon' };
  const isNumber = Number.isFinite(mean[index]) && Number.isFinite(std[index]);
  return isNumber ? null : { horizon, error: 'not_a_number' };
}

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
  readonly predictedAt: string;
  readonly inferenceMs: number;
  readonly isDenormalised: boolean;
}

/**
 * The answer over the wire. Intervals and quantiles are those of the passes, so they take the shape of the distribution;
 * a single deterministic pass has none, because it claims nothing about its error.
 */
export function forecastOutput(answer: ModelAnswer, settings: ForecasterSettings): BatchedForecast {
  const { outlook, horizons, passes } = answer;
  const { pick, errors } = answered(answer);
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
    metadata: metadataOf(answer, settings),
  };
}

/** Which horizons have an answer, and where it stands among the outputs. */
function answered({ outlook, horizons, own }: ModelAnswer) {
  const places = horizons.map((horizon) => own.indexOf(horizon));
  const errors = horizons.map((horizon, at) => horizonError(horizon, places[at] ?? -1, outlook));
  const pick = <T>(values: (place: number) => T): (T | null)[] =>
    places.map((place, at) => (errors[at] === null ? values(place) : null));
  return { pick, errors };
}

/** Labels of the forecast bars. @param timeAfter label of the bar so many steps ahead */
export const futureDatetimes = (answer: ModelAnswer, timeAfter: (step: number) => string) =>
  answered(answer).pick((place) => timeAfter(answer.own[place] ?? NaN));

function metadataOf(
  answer: ModelAnswer,
  { mc_sampling }: Pick<ForecasterSettings, 'mc_sampling'>,
): Readonly<Record<string, unknown>> {
  const { model, passes, own } = answer;
  const { description, metadata, file } = model;
  return {
    model_name: answer.name,
    model_path: basename(file.path),
    model_sha256: description.sha256,
    ...servedFacts(description),
    model_type: description.format,
    prediction_timestamp: answer.predictedAt,
    prediction_horizon: Math.max(...own),
    mc_samples: passes.samples,
    // How a server elsewhere draws its passes is for it to say.
    ...(passes.samples > 0 &&
      description.served === undefined && {
        mc_sampling: passes.nesting === undefined ? 'independent' : 'nested',
      }),
    ...(passes.nesting !== undefined && { mc_nesting: passes.nesting }),
    ...(mc_sampling === 'nested' &&
      passes.samples > 0 &&
      passes.nesting === undefined && { mc_sampling_note: NOT_NESTED }),
    de_normalized: answer.isDenormalised,
    target: metadata.target,
    window_size: model.layout.size,
    inference_ms: Math.round(answer.inferenceMs * 1000) / 1000,
    ...(passes.samples === 0 && { uncertainty_note: noteOf(description.stochastic) }),
    ...scaleNote(answer),
  };
}

/** No market doubles or halves from one bar to the next: such a number is in other units. */
const FARTHEST = 2;

/** What to look at when numbers of a model that says nothing of itself are taken as prices, and cannot be any. */
function scaleNote({ model, baseline, outlook }: ModelAnswer): { readonly scale_note?: string } {
  const [first = NaN] = outlook.mean;
  const share = first / baseline;
  if (model.metadata.isThere || model.normalisation !== null || baseline === 0) return {};
  if (share <= FARTHEST && share >= 1 / FARTHEST) return {};
  return {
    scale_note: `the outputs were taken as prices, because there is no ${metadataName(model.file)}; ${Number(first.toPrecision(6))} is no price near ${baseline}: say there what they are (target, output_scale, normalization)`,
  };
}

const NOT_NESTED =
  'the passes were independent: nested ones gain nothing with this model, the runtime that computes it, or so few mc_samples';

const noteOf = (isStochastic: boolean): string =>
  isStochastic
    ? 'a single pass (mc_samples is 0), so no uncertainty was measured: 0 stands for unknown'
    : 'the model has no random layers, so no uncertainty can be measured: 0 stands for unknown';
