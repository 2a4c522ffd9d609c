import { Injectable } from '@nestjs/common';
import { type Actor, AppError } from '#libs/kernel';
import { type ForecastOutcome, ForecastOutcomes } from '../outcomes/outcomes.port.js';
import { ReadPredictions } from './read-predictions.service.js';

/** What became of predictions, each caller within what is theirs. */
@Injectable()
export class ReadPredictionOutcome {
  constructor(
    private readonly reading: ReadPredictions,
    private readonly outcomes: ForecastOutcomes,
  ) {}

  /** @throws AppError as `ReadPredictions.one`; `not_found` (`not_pinned`) for one that has not completed or was imported */
  async of(id: number, caller: Actor | null): Promise<ForecastOutcome> {
    await this.reading.one(id, caller);
    const outcome = await this.outcomes.of('prediction', String(id));
    if (outcome !== null) return outcome;
    const text = 'This prediction has no pinned forecast: it has not completed, or was imported';
    throw new AppError('not_found', text, { code: 'not_pinned' });
  }
}
