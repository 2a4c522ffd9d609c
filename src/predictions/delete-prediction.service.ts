import { Injectable } from '@nestjs/common';
import { TransactionRunner } from '#libs/database';
import type { MessageOut } from '#libs/http';
import { JobEngine } from '#libs/jobs';
import type { Actor } from '#libs/kernel';
import { PREDICTION_JOB } from './prediction.types.js';
import { PredictionRepository } from './prediction.repository.js';
import { ReadPredictions } from './read-predictions.service.js';

/** Deletes a prediction for good and stops its work. */
@Injectable()
export class DeletePrediction {
  constructor(
    private readonly reading: ReadPredictions,
    private readonly predictions: PredictionRepository,
    private readonly transactions: TransactionRunner,
    private readonly jobs: JobEngine,
  ) {}

  /** On the flexible endpoints: own, ownerless, or any for administrators. */
  one(id: number, caller: Actor | null): Promise<MessageOut> {
    return this.#delete(id, () => this.reading.one(id, caller));
  }

  /** On the secure endpoints: own, or any for administrators. */
  own(id: number, caller: Actor): Promise<MessageOut> {
    return this.#delete(id, () => this.reading.own(id, caller));
  }

  #delete(id: number, check: () => Promise<unknown>): Promise<MessageOut> {
    return this.transactions.run(async (tx) => {
      await this.jobs.cancel(tx, PREDICTION_JOB, String(id));
      await check();
      await this.predictions.delete(tx, id);
      return { message: 'Prediction deleted successfully' };
    });
  }
}
