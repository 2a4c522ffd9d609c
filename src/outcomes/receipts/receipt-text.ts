import { createHash } from 'node:crypto';
import type { ForecastQuestion } from '#libs/plugin-host';
import type { StatedInterval, StatedNumbers } from '#libs/scoring';
import type { Frame } from '#libs/timeseries';
import type { ForecastPinEntity } from '../forecast-pin.entity.js';
import type { UsedCalibration } from '../calibration.port.js';
import type { IssuedForecast } from '../outcomes.port.js';
import type { ForecastReceiptEntity } from './receipt.entity.js';

/** Of the receipt's format; another one gets another number. */
const VERSION = 1;
/** What the first receipt names as the one before it. */
export const NO_RECEIPT = '0'.repeat(64);

/** The columns of a pin that its receipt speaks of. */
export type PinnedForecast = Omit<
  ForecastPinEntity,
  'id' | 'dueAt' | 'baselineLookAt' | 'baselineTakenAt' | 'baselineReason'
>;

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/**
 * Canonical JSON (RFC 8785) of a value as JSON has it: what is no number in JSON is null. ECMAScript's own texts of numbers and
 * strings are those of the RFC; what is left is the order of members.
 */
function canonicalText(value: unknown): string {
  if (value === undefined) return 'null';
  if (typeof value === 'string') return quoted(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`;
  const members = value as Readonly<Record<string, unknown>>;
  if (typeof members['toJSON'] === 'function') return canonicalText(JSON.parse(JSON.stringify(value)));
  let text = '';
  for (const name of Object.keys(members).sort()) {
    const one = members[name];
    if (one === undefined || typeof one === 'function' || typeof one === 'symbol') continue;
    text += `${text === '' ? '{' : ','}${quoted(name)}:${canonicalText(one)}`;
  }
  return text === '' ? '{}' : `${text}}`;
}

/** Most texts of a receipt have nothing to escape. */
const quoted = (text: string): string => (PLAIN.test(text) ? `"${text}"` : JSON.stringify(text));
const PLAIN = /^[\w.:+ -]*$/;

/** What a forecast says; with calibrated intervals, where it was issued with them. */
type ForecastNumbers = StatedNumbers & {
  readonly targetTimes: readonly (number | null)[];
  readonly calibratedIntervals?: readonly StatedInterval[] | null;
};

/** The numbers of a forecast as canonical JSON: what `output_sha256` is the digest of. */
export const forecastText = ({
  horizons,
  targetTimes,
  points,
  deviations,
  intervals,
  quantiles,
  calibratedIntervals,
}: ForecastNumbers): string =>
  canonicalText({
    horizons,
    target_times: targetTimes.map(isoOf),
    points,
    deviations,
    intervals: intervals.map(intervalText),
    quantiles,
    ...(calibratedIntervals && { calibrated_intervals: calibratedIntervals.map(intervalText) }),
  });

const intervalText = ({ level, lower, upper }: StatedInterval) => ({ level, lower, upper });

/** SHA-256 of {@link forecastText}, hexadecimal. */
export const outputDigest = (stated: Parameters<typeof forecastText>[0]): string =>
  digestOf(forecastText(stated));

/** What is signed of a forecast, but for its place in the chain. */
export function draftText({ request, made }: IssuedForecast, pin: PinnedForecast): string {
  return canonicalText({
    version: VERSION,
    source: pin.source,
    id: pin.subjectId,
    issued_at: pin.issuedAt,
    request,
    question: made === null ? null : questionText(made.question),
    model: pin.model,
    standing: pin.standing,
    predictor: { id: pin.predictor, version: pin.predictorVersion },
    model_sha256: pin.modelSha256,
    parameters_sha256: pin.parametersSha256,
    seed: pin.seed,
    window: made === null || made.input === null ? null : windowText(made.input, pin),
    output_sha256: outputDigest(pin),
    // undefined is left out: receipts of forecasts that were not calibrated stay as they were
    calibration: pin.calibration ?? undefined,
  });
}

/** What the predictor saw: the pinned digest covers the last `bars` of `input_bars`. */
const windowText = (input: Frame, pin: PinnedForecast) => ({
  sha256: pin.windowSha256,
  bars: pin.windowBars,
  input_bars: input.length,
  last_bar: isoOf(input.time.at(-1) ?? null),
});

/** A question in the words of the API; {@link questionOf} reads it again. */
const questionText = (question: ForecastQuestion) => ({
  feeder: question.feeder,
  pipeline: question.pipeline,
  predictor: question.predictor,
  model_name: question.modelName ?? null,
  symbol: question.symbol,
  interval: question.interval,
  any_interval: question.anyInterval ?? false,
  prediction_type: question.predictionType,
  horizons: question.horizons ?? null,
  horizon: question.horizon ?? null,
  baseline: isoOf(question.baseline ?? null),
  baseline_means: question.baselineMeans ?? null,
  date_column: question.dateColumn ?? null,
  target_column: question.targetColumn ?? null,
  lookback: question.lookback ?? null,
});

/** The parts of a stored receipt that say how its forecast was made. */
export interface ReceiptBody {
  readonly number?: number;
  readonly previous?: string;
  readonly source: ForecastPinEntity['source'];
  readonly id: string;
  readonly standing: ForecastPinEntity['standing'];
  readonly request: Readonly<Record<string, unknown>>;
  readonly question: ReturnType<typeof questionText> | null;
  readonly predictor: { readonly id: string; readonly version: string | null };
  readonly model_sha256: string | null;
  readonly parameters_sha256: string | null;
  readonly seed: number | null;
  readonly window: ReturnType<typeof windowText> | null;
  readonly output_sha256: string;
  readonly calibration?: UsedCalibration;
}

export const bodyOf = ({ body }: Pick<ForecastReceiptEntity, 'body'>): ReceiptBody =>
  JSON.parse(body) as ReceiptBody;

/** A draft with its place in the chain. */
export const linkedText = (draft: string, number: number, previous: string): string =>
  canonicalText({ ...(JSON.parse(draft) as object), number, previous });

/** SHA-256 of a JWS in its compact form, hexadecimal: what the next receipt names as `previous`. */
export const hashOfSigned = (header: string, body: string, signature: string): string =>
  digestOf(`${header}.${Buffer.from(body, 'utf8').toString('base64url')}.${signature}`);

/** A receipt as it is given away: canonical JSON, in which no byte can be another. */
export const receiptFile = (
  { header, body, signature }: Readonly<Record<'header' | 'body' | 'signature', string>>,
  pin: PinnedForecast,
): string =>
  `{"forecast":${forecastText(pin)},"protected":"${header}","receipt":${body},"signature":"${signature}"}`;

const isoOf = (time: number | null): string | null => (time === null ? null : new Date(time).toISOString());
