import { Injectable, type StreamableFile } from '@nestjs/common';
import type { PictureFormat } from '#libs/forecast-chart';
import { type Actor, AppError } from '#libs/kernel';
import {
  type ForecastOutcome,
  ForecastOutcomes,
  ForecastReceipts,
  OutcomePictures,
} from '../outcomes/outcomes.port.js';
import { receiptAnswer } from '../outcomes/forecast-receipt.fields.js';
import { ReadPredictions } from './read-predictions.service.js';

/** What became of predictions, and their receipts, each caller within what is theirs. */
@Injectable()
export class ReadPredictionOutcome {
  constructor(
    private readonly reading: ReadPredictions,
    private readonly outcomes: ForecastOutcomes,
    private readonly receipts: ForecastReceipts,
    private readonly pictures: OutcomePictures,
  ) {}

  /** @throws AppError as `ReadPredictions.one`; `not_found` (`not_pinned`) for one that has not completed or was imported */
  async of(id: number, caller: Actor | null): Promise<ForecastOutcome> {
    await this.reading.one(id, caller);
    const outcome = await this.outcomes.of('prediction', String(id));
    if (outcome !== null) return outcome;
    const text = 'This prediction has no pinned forecast: it has not completed, or was imported';
    throw new AppError('not_found', text, { code: 'not_pinned' });
  }

  /** @throws AppError as {@link of}, and as {@link OutcomePictures.forecast} */
  async pictureOf(id: number, format: PictureFormat, caller: Actor | null): Promise<StreamableFile> {
    return this.pictures.forecast('prediction', String(id), await this.of(id, caller), format);
  }

  /** @throws AppError as `ReadPredictions.one`, and as {@link receiptAnswer} and {@link ForecastReceipts.of} */
  async receiptOf(id: number, caller: Actor | null): Promise<StreamableFile> {
    await this.reading.one(id, caller);
    return receiptAnswer(String(id), await this.receipts.of('prediction', String(id)));
  }
}
