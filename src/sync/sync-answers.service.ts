import { Injectable } from '@nestjs/common';
import { ConfiguredPredictor } from '#libs/plugin-host';
import { entryText, exitText, metricsText, noiseText } from './answer-text.js';
import type { EntryRequest, ExitRequest, ModelInfoResponse } from './sync.dto.js';
import { entryQuestion, exitQuestion } from './sync-questions.js';

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
