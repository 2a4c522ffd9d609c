import { Injectable } from '@nestjs/common';
import { ConfiguredPredictor } from '#libs/plugin-host';
import type {
  EntryAnswer,
  ExitAnswer,
  PredictorMetrics,
  EntryQuestion,
  ExitQuestion,
} from '#libs/plugin-sdk';
import { AppError } from '#libs/kernel';
import { parseSyncTimestamp } from '#libs/timeseries';
import type { EntryRequest, ExitRequest, ModelInfoResponse } from './sync.dto.js';

/**
 * Answers back-testers from the configured predictor, as JSON texts. When the predictor answers at once, so does this:
 * without a promise, because the way of a question is mostly overhead.
 */
@Injectable()
export class SyncAnswers {
  constructor(private readonly predictor: ConfiguredPredictor) {}

  /** @throws AppError `bad_request` for a wrong timestamp, `unsupported`, or the predictor's own refusal */
  entry(request: EntryRequest): string | Promise<string> {
    const answer = this.predictor.entry(entryQuestion(request));
    return answer instanceof Promise ? answer.then(entryText) : entryText(answer);
  }

  /** @throws AppError `bad_request` for a wrong timestamp or direction, `unsupported`, or the predictor's own refusal */
  exit(request: ExitRequest): string | Promise<string> {
    const answer = this.predictor.exit(exitQuestion(request));
    return answer instanceof Promise ? answer.then(exitText) : exitText(answer);
  }

  /** What the predictor says of itself, in the original's shape, and whether it looks ahead. */
  async info(): Promise<ModelInfoResponse> {
    const { predictor } = this;
    const known = {
      model_name: predictor.id,
      window_size: 0,
      supported_types: ['entry'],
      entry_directions: ['buy', 'sell'],
      exit_directions: [],
      prediction_scope: 'unknown',
      required_columns: ['OPEN', 'HIGH', 'LOW', 'CLOSE'],
      accepts_ohlc_window: false,
      looks_ahead: predictor.looksAhead,
    };
    return predictor.has('describe') ? { ...known, ...(await predictor.describe()) } : known;
  }

  /** @throws AppError `unsupported` for a predictor without counts */
  metrics(): string {
    return metricsText(this.predictor.metrics());
  }

  /** Sets the noise, zeroes the counts and starts the stream anew. @throws AppError `unsupported` for a predictor without noise */
  setNoise(noiseStd: number): string {
    this.predictor.setNoise(noiseStd);
    return noiseText(noiseStd);
  }
}

/** Content type of the texts made here, and of one such text a line. */
export const JSON_TYPE = 'application/json; charset=utf-8';
export const NDJSON_TYPE = 'application/x-ndjson; charset=utf-8';

/**
 * The answers as the original's bytes: same keys in the same order, and numbers that are not integers by meaning are
 * written with a fraction (`1.0`), which `JSON.stringify` cannot do. Writing them by hand also spares the hot path a
 * generic serialiser.
 */
const entryText = (answer: EntryAnswer): string =>
  `{"buy_entry_binary":${answer.buy},"sell_entry_binary":${answer.sell},"bars_remaining":${Math.trunc(answer.barsRemaining)},"buy_confidence":${float(answer.buyConfidence)},"sell_confidence":${float(answer.sellConfidence)}}`;

const exitText = (answer: ExitAnswer): string =>
  `{"exit_binary":${answer.keep},"exit_confidence":${float(answer.confidence)}}`;

const noiseText = (noiseStd: number): string => `{"noise_std":${float(noiseStd)},"status":"ok"}`;

const metricsText = (metrics: PredictorMetrics): string => {
  const { tp, fp, tn, fn, total_predictions, precision, recall, f1, accuracy, noise_std } = metrics;
  return `{"tp":${tp},"fp":${fp},"tn":${tn},"fn":${fn},"total_predictions":${total_predictions},"precision":${float(precision)},"recall":${float(recall)},"f1":${float(f1)},"accuracy":${float(accuracy)},"noise_std":${float(noise_std)}}`;
};

/** A finite number as JSON, a whole one with `.0`; from 1e21 on JavaScript writes an exponent, which needs none. */
const float = (value: number): string =>
  Number.isInteger(value) && Math.abs(value) < 1e21 ? `${value}.0` : String(value);

/** Longest piece of a wrong value that an error repeats. */
const MAX_ECHO = 100;

/** @throws AppError `bad_request` when the timestamp has another form */
export const entryQuestion = (request: EntryRequest): EntryQuestion => ({
  time: moment(request.datetime),
  takeProfitPips: request.tp,
  stopLossPips: request.sl,
  spreadPips: request.spread_pips,
  commissionPerLot: request.commission_per_lot,
  slippagePips: request.slippage_pips,
});

/** @throws AppError `bad_request` for a wrong timestamp, then for a wrong direction */
const exitQuestion = (request: ExitRequest): ExitQuestion => ({
  time: moment(request.datetime),
  direction: direction(request.direction),
  takeProfitPrice: request.tp_price,
  stopLossPrice: request.sl_price,
});

function moment(text: string): number {
  const time = parseSyncTimestamp(text);
  if (time !== null) return time;
  throw new AppError('bad_request', `Invalid timestamp format: ${text.slice(0, MAX_ECHO)}`, {
    code: 'invalid_timestamp',
  });
}

function direction(text: string): 'buy' | 'sell' {
  const lower = text.toLowerCase();
  if (lower === 'buy' || lower === 'sell') return lower;
  throw new AppError('bad_request', `Invalid direction: ${text.slice(0, MAX_ECHO)}. Use 'buy' or 'sell'.`, {
    code: 'invalid_direction',
  });
}
