import { Injectable } from '@nestjs/common';
import { ConfiguredPredictor } from '#libs/plugin-host';
import type { EntryAnswer, EntryQuestion, ExitAnswer, ExitQuestion } from '#libs/plugin-sdk';
import { toWire, wireBytesOf, type WireBytes, type WireObject, wireTextOf } from '#libs/http';
import { AppError } from '#libs/kernel';
import { parseSyncTimestamp } from '#libs/timeseries';
import {
  EntryResponse,
  ExitResponse,
  MetricsResponse,
  ModelInfoResponse,
  SetNoiseResponse,
  type EntryRequest,
  type ExitRequest,
} from './sync.dto.js';

/**
 * Answers back-testers from the configured predictor, as JSON texts. When the predictor answers at once, so does this:
 * without a promise, because the way of a question is mostly overhead.
 */
@Injectable()
export class SyncAnswers {
  constructor(private readonly predictor: ConfiguredPredictor) {}

  /** @throws AppError `bad_request` for a wrong timestamp, `unsupported`, or the predictor's own refusal */
  entry(request: EntryRequest): string | Promise<string> {
    const answer = this.entryAnswer(request);
    return answer instanceof Promise ? answer.then(entryText) : entryText(answer);
  }

  /** As {@link entry}, to be written with {@link ENTRY_BYTES}. */
  entryAnswer(request: EntryRequest): EntryAnswer | Promise<EntryAnswer> {
    return this.predictor.entry(entryQuestion(request));
  }

  /** @throws AppError `bad_request` for a wrong timestamp or direction, `unsupported`, or the predictor's own refusal */
  exit(request: ExitRequest): string | Promise<string> {
    const answer = this.exitAnswer(request);
    return answer instanceof Promise ? answer.then(exitText) : exitText(answer);
  }

  /** As {@link exit}, to be written with {@link EXIT_BYTES}. */
  exitAnswer(request: ExitRequest): ExitAnswer | Promise<ExitAnswer> {
    return this.predictor.exit(exitQuestion(request));
  }

  /** What the predictor says of itself, in the original's shape, and whether it looks ahead. */
  async info(): Promise<WireObject> {
    const { predictor } = this;
    const known = toWire(ModelInfoResponse, {
      modelName: predictor.id,
      windowSize: 0,
      supportedTypes: ['entry'],
      entryDirections: ['buy', 'sell'],
      exitDirections: [],
      predictionScope: 'unknown',
      requiredColumns: ['OPEN', 'HIGH', 'LOW', 'CLOSE'],
      acceptsOhlcWindow: false,
      looksAhead: predictor.looksAhead,
    });
    return predictor.has('describe') ? { ...known, ...(await predictor.describe()) } : known;
  }

  /** @throws AppError `unsupported` for a predictor without counts */
  metrics(): string {
    return metricsText(this.predictor.metrics());
  }

  /** Sets the noise, zeroes the counts and starts the stream anew. @throws AppError `unsupported` for a predictor without noise */
  setNoise(noiseStd: number): string {
    this.predictor.setNoise(noiseStd);
    return noiseText({ noiseStd });
  }
}

/** Content type of the texts made here, and of one such text a line. */
export const JSON_TYPE = 'application/json; charset=utf-8';
export const NDJSON_TYPE = 'application/x-ndjson; charset=utf-8';

/** The answers as the original's bytes: the same keys in the same order, and numbers with a fraction (`1.0`). */
const entryText = wireTextOf(EntryResponse);
const exitText = wireTextOf(ExitResponse);
/** The same for batches. */
export const ENTRY_BYTES: WireBytes<EntryAnswer> = wireBytesOf(EntryResponse);
export const EXIT_BYTES: WireBytes<ExitAnswer> = wireBytesOf(ExitResponse);
const noiseText = wireTextOf(SetNoiseResponse);
const metricsText = wireTextOf(MetricsResponse);

/** Longest piece of a wrong value that an error repeats. */
const MAX_ECHO = 100;

/** @throws AppError `bad_request` when the timestamp has another form */
export const entryQuestion = (asked: EntryRequest): EntryQuestion => ({
  time: moment(asked.datetime),
  takeProfitPips: asked.takeProfitPips,
  stopLossPips: asked.stopLossPips,
  spreadPips: asked.spreadPips,
  commissionPerLot: asked.commissionPerLot,
  slippagePips: asked.slippagePips,
});

/** @throws AppError `bad_request` for a wrong timestamp, then for a wrong direction */
const exitQuestion = (asked: ExitRequest): ExitQuestion => ({
  time: moment(asked.datetime),
  direction: directionOf(asked.direction),
  takeProfitPrice: asked.takeProfitPrice,
  stopLossPrice: asked.stopLossPrice,
});

function moment(text: string): number {
  const time = parseSyncTimestamp(text);
  if (time !== null) return time;
  throw new AppError('bad_request', `Invalid timestamp format: ${text.slice(0, MAX_ECHO)}`, {
    code: 'invalid_timestamp',
  });
}

function directionOf(text: string): 'buy' | 'sell' {
  const lower = text.toLowerCase();
  if (lower === 'buy' || lower === 'sell') return lower;
  throw new AppError('bad_request', `Invalid direction: ${text.slice(0, MAX_ECHO)}. Use 'buy' or 'sell'.`, {
    code: 'invalid_direction',
  });
}
