import { Injectable } from '@nestjs/common';
import { TransactionRunner } from '#libs/database';
import { JobEngine } from '#libs/jobs';
import { AppError, type Actor } from '#libs/kernel';
import {
  accessDenied,
  flexibleScope,
  listScope,
  predictionNotFound,
  type PredictionScope,
} from './prediction-access.js';
import { PREDICTION_JOB } from './prediction.types.js';
import { PredictionRepository } from './prediction.repository.js';

/** Deletes a prediction for good and stops its work. */
@Injectable()
export class DeletePrediction {
  constructor(
    private readonly predictions: PredictionRepository,
    private readonly transactions: TransactionRunner,
    private readonly jobs: JobEngine,
  ) {}

  /** On the flexible endpoints: own, ownerless, or any for administrators. */
  one(id: number, caller: Actor | null): Promise<void> {
    return this.#delete(id, flexibleScope(caller));
  }

  /** On the secure endpoints: own, or any for administrators. */
  own(id: number, caller: Actor): Promise<void> {
    return this.#delete(id, listScope(caller));
  }

  #delete(id: number, scope: PredictionScope): Promise<void> {
    return this.transactions.run(async (tx) => {
      await this.jobs.cancel(tx, PREDICTION_JOB, String(id));
      if (!(await this.predictions.delete(tx, id, scope))) throw await this.#refusal(id);
    });
  }

  async #refusal(id: number): Promise<AppError> {
    return (await this.predictions.findById(id)) === null ? predictionNotFound() : accessDenied();
  }
}
