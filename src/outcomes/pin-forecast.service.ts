import { Injectable } from '@nestjs/common';
import { insertRow, type Transaction, writeSql } from '#libs/database';
import type { Forecast } from '#libs/plugin-host';
import type { Frame } from '#libs/plugin-sdk';
import { DAY_MS } from '#libs/kernel';
import { barsLater, canonicalInterval, intervalMs, LatestOf, parseTimestamp } from '#libs/timeseries';
import { ForecastPinEntity } from './forecast-pin.entity.js';
import { ForecastReceiptEntity } from './receipts/receipt.entity.js';
import { draftText } from './receipts/receipt-text.js';
import type { ForecastPins, IssuedForecast, PinStanding, StatedForecast } from './outcomes.port.js';
import { type ForecastScale, scaleAt } from '#libs/scoring';
import { jsonDigest, type PinnedWindow, windowDigest } from './pinned-window.js';

/** Beyond it no number is a seed, a count or a window. */
const LARGEST_COUNT = Number.MAX_SAFE_INTEGER;
/** Sets of parameters that are known to be stored; the product has one for each predictor and settings. */
const MOST_KNOWN = 1_000;

/** What a forecast is about where nobody says. */
export const USUAL_COLUMN = 'CLOSE';

/** Longest rest of a market, in bars: what is older is no forecast of the present. */
const REST_BARS = 5;

/** How a forecast was made, as far as this service knows. */
interface Making {
  readonly baselineAt: Date | null;
  readonly baselineClosedAt: Date | null;
  readonly baselineValue: number | null;
  readonly baselinePrice: number | null;
  readonly scale: ForecastScale | null;
  readonly window: PinnedWindow | null;
  readonly targetColumn: string | null;
  readonly sampleCount: number | null;
  readonly predictorVersion: string | null;
  readonly modelSha256: string | null;
  readonly seed: number | null;
  readonly parameters: Readonly<Record<string, unknown>> | null;
}

/** Of an answer that was computed elsewhere. */
const NOTHING_KNOWN: Making = {
  baselineAt: null,
  baselineClosedAt: null,
  baselineValue: null,
  baselinePrice: null,
  scale: null,
  window: null,
  targetColumn: null,
  sampleCount: null,
  predictorVersion: null,
  modelSha256: null,
  seed: null,
  parameters: null,
};

/** Pins forecasts: one narrow row each, beside what is stored for their readers, and the draft of a receipt. */
@Injectable()
export class PinForecast implements ForecastPins {
  readonly #parameters = new Set<string>();
  /** Of the parameters of a plugin that was created, which stay as they are. */
  readonly #digests = new WeakMap<object, string>();

  pin(tx: Transaction, forecast: IssuedForecast): void {
    const { stated, made } = forecast;
    const making = made === null ? NOTHING_KNOWN : makingOf(made);
    const standing = standingOf(forecast, making);
    const pin = {
      source: forecast.source,
      subjectId: forecast.subjectId,
      standing,
      model: forecast.model,
      providerId: forecast.providerId,
      evaluatorId: forecast.evaluatorId,
      symbol: forecast.symbol,
      interval: forecast.interval,
      feeder: forecast.feeder,
      issuedAt: forecast.issuedAt,
      ...stated,
      targetColumn: making.targetColumn,
      sampleCount: making.sampleCount,
      baselineAt: making.baselineAt,
      baselineClosedAt: making.baselineClosedAt,
      baselineValue: making.baselineValue,
      baselinePrice: making.baselinePrice,
      naiveMae: making.scale?.naiveMae ?? null,
      volatility: making.scale?.volatility ?? null,
      predictor: made?.plugins.predictor.id ?? forecast.predictor,
      predictorVersion: making.predictorVersion,
      modelSha256: making.modelSha256,
      seed: making.seed,
      parametersSha256: making.parameters === null ? null : this.#keep(tx, making.parameters),
      windowSha256: making.window?.sha256 ?? null,
      windowBars: making.window?.bars ?? null,
      calibration: forecast.calibration?.used ?? null,
      calibratedIntervals: forecast.calibration?.intervals ?? null,
      baselineLookAt: isResolved(standing) && making.scale === null ? forecast.issuedAt : null,
      baselineTakenAt: null,
      baselineReason: null,
    };
    const dueAt = isResolved(standing) ? dueAtOf(stated, forecast.interval, null) : null;
    insertRow(tx, ForecastPinEntity, { ...pin, dueAt });
    this.draftReceipt(tx, forecast, pin);
  }

  /** Writes what the receipt will say, but for its place in the chain. */
  draftReceipt(tx: Transaction, forecast: IssuedForecast, pin: Parameters<typeof draftText>[1]): void {
    const { source, subjectId } = forecast;
    insertRow(tx, ForecastReceiptEntity, { source, subjectId, body: draftText(forecast, pin) });
  }

  /** Stores parameters once; returns their digest. */
  #keep(tx: Transaction, parameters: Readonly<Record<string, unknown>>): string {
    const sha256 = this.#digests.get(parameters) ?? jsonDigest(parameters);
    this.#digests.set(parameters, sha256);
    if (this.#parameters.has(sha256)) return sha256;
    // asked first: SQLite's guard refuses a second row before ON CONFLICT is looked at
    const sql = `INSERT INTO pinned_parameters (sha256, parameters) SELECT ?, ?
      WHERE NOT EXISTS (SELECT 1 FROM pinned_parameters WHERE sha256 = ?) ON CONFLICT (sha256) DO NOTHING`;
    writeSql(tx, sql, [sha256, JSON.stringify(parameters), sha256]);
    tx.afterCommit(() => {
      if (this.#parameters.size < MOST_KNOWN) this.#parameters.add(sha256);
    });
    return sha256;
  }
}

/** Whether outcomes are looked for. */
const isResolved = (standing: PinStanding): boolean => standing === 'live' || standing === 'hindcast';

/** When the bar with this label is complete at the latest, by the length of bars that was asked for. */
export function closeOfTarget(time: number, interval: string): number {
  const length = canonicalInterval(interval);
  return length === null ? time : barsLater(time, length, 1);
}

/** Length of a bar in ms; a day where none is known. */
export const barLengthOf = (interval: string): number =>
  intervalMs(canonicalInterval(interval) ?? interval) || DAY_MS;

/**
 * When the first target after a moment closes; null when none does.
 * @param after epoch ms UTC; null for all targets
 */
export function dueAtOf(
  { targetTimes }: Pick<StatedForecast, 'targetTimes'>,
  interval: string,
  after: number | null,
): Date | null {
  const closes = targetTimes.flatMap((time) => (time === null ? [] : [closeOfTarget(time, interval)]));
  const next = closes.filter((close) => after === null || close > after);
  return next.length === 0 ? null : new Date(Math.min(...next));
}

function standingOf({ stated, made, interval, issuedAt }: IssuedForecast, making: Making): PinStanding {
  const aheadOfTime = made?.looksAhead === true || made?.source.looks_ahead === true;
  if (aheadOfTime || made?.output.metadata?.['looks_ahead'] === true) return 'looks_ahead';
  const hasValue = stated.points.some((point, at) => point !== null && stated.targetTimes[at] !== null);
  // A probability is no value of the bars; where the bars are here, the column must be one of theirs.
  const isColumn = made === null || made.input === null || making.scale !== null;
  if (!hasValue || !isColumn) return 'not_a_value';
  const first = dueAtOf(stated, interval, null)?.getTime() ?? Infinity;
  return isHindcast(made, first, interval, issuedAt.getTime()) ? 'hindcast' : 'live';
}

/**
 * An evaluator elsewhere may know every bar that has closed. Here the bars that were used are known: after a holiday the
 * first target may be a bar that never was, which the next one stands for.
 */
function isHindcast(made: Forecast | null, firstClose: number, interval: string, issuedAt: number): boolean {
  if (made === null) return firstClose <= issuedAt;
  const length = closeOfTarget(firstClose, interval) - firstClose;
  return !made.isPresent || firstClose + REST_BARS * length <= issuedAt;
}

const latestScale = new LatestOf<ForecastScale | null>();
const scaleOf = (values: Float64Array, row: number): ForecastScale | null =>
  latestScale.of([values.subarray(0, row + 1)], () => scaleAt(values, row));

/** How a forecast was made, as it is pinned. */
export function makingOf({ output, source, plugins, input, parameters }: Forecast): Making {
  const label = parseTimestamp(output.baseline_datetime);
  const closed = parseTimestamp(source.baseline_bar_closed ?? '');
  const metadata = output.metadata ?? {};
  const column = input?.spelled(output.target_column);
  const row = label === null || input === null ? -1 : input.rowAtOrBefore(label);
  const known = input !== null && column !== undefined && row >= 0;
  return {
    baselineAt: label === null ? null : new Date(label),
    baselineClosedAt: closed === null ? null : new Date(closed),
    baselineValue: output.baseline_value,
    baselinePrice: known ? priceBeside(input, column, row) : null,
    scale: known ? scaleOf(input.column(column), row) : null,
    window: input === null ? null : windowDigest(input, countOf(metadata['window_size'])),
    targetColumn: output.target_column,
    sampleCount: countOf(metadata['mc_samples']),
    predictorVersion: plugins.predictor.version,
    modelSha256: digestOf(metadata['model_sha256']) ?? digestOf(metadata['artifact_sha256']),
    seed: output.seed ?? null,
    parameters,
  };
}

/** Close of a bar for a target that is another column; null where it is the target itself, or not there. */
export function priceBeside(bars: Frame, column: string, row: number): number | null {
  const close = bars.spelled(USUAL_COLUMN);
  const price = close === undefined || close === column ? NaN : (bars.column(close)[row] ?? NaN);
  return Number.isFinite(price) ? price : null;
}

const countOf = (value: unknown): number | null =>
  Number.isInteger(value) && Number(value) > 0 && Number(value) <= LARGEST_COUNT ? Number(value) : null;

const digestOf = (value: unknown): string | null =>
  typeof value === 'string' && /^[0-9a-f]{64}$/.test(value) ? value : null;
