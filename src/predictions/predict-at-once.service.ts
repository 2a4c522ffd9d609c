import { Injectable } from '@nestjs/common';
import { TransactionRunner } from '#libs/database';
import { answerWithin } from '#libs/http';
import { JobEngine } from '#libs/jobs';
import { Clock } from '#libs/kernel';
import type { PredictionEntity } from './prediction.entity.js';
import type { NewPrediction } from './prediction.repository.js';
import { PREDICTION_JOB } from './prediction.types.js';
import { type BegunPrediction, RunPrediction } from './run-prediction.service.js';

/** A computation that takes longer becomes a job. Nothing of it is stored until then, and its caller knows nothing yet. */
const PATIENCE_MS = 50;
/** Those that wait for a place at most; who comes then submits a job. */
const MOST_WAITING = 256;

/**
 * Answers a caller who waits anyway: the prediction is computed first and written once, as it ended. That takes one
 * transaction instead of two, and no job. What is refused, fails or takes long becomes a job after all.
 */
@Injectable()
export class PredictAtOnce {
  /** Computations that are no job, at work. */
  #atWork = 0;
  readonly #waiting: ((mayBegin: boolean) => void)[] = [];

  constructor(
    private readonly runs: RunPrediction,
    private readonly jobs: JobEngine,
    private readonly transactions: TransactionRunner,
    private readonly clock: Clock,
  ) {}

  /** The completed prediction, durable; or the computation that goes on, for the job that is to end it; null when there is no place. */
  async complete(row: NewPrediction): Promise<PredictionEntity | BegunPrediction | null> {
    const patience = this.#patience();
    try {
      if (!(await this.#placeWithin(patience.isOver))) return null;
      const begun = this.#begin({ ...row, startedAt: new Date(this.clock.now()) });
      const computed = await Promise.race([begun.computed.catch(() => null), patience.isOver]);
      if (computed === null) return begun;
      return await this.transactions.run(async (tx) => {
        const prediction = await this.runs.addCompleted(tx, begun.row, computed);
        await answerWithin(prediction);
        return prediction;
      });
    } finally {
      patience.cancel();
    }
  }

  #begin(row: BegunPrediction['row']): BegunPrediction {
    const abort = new AbortController();
    const computed = this.runs.compute(row, abort.signal, 1).finally(() => this.#leave());
    computed.catch(() => undefined); // whoever goes on with it hears of it
    return { row, computed, abort: (reason) => abort.abort(reason) };
  }

  /** Counts it as at work. */
  #placeWithin(isOver: Promise<null>): Promise<boolean> {
    if (this.#waiting.length === 0 && this.#mayBegin) {
      this.#atWork += 1;
      return Promise.resolve(true);
    }
    // only the end of one of these computations is told here
    if (this.#atWork === 0 || this.#waiting.length >= MOST_WAITING) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      void isOver.then(() => {
        const at = this.#waiting.indexOf(resolve);
        if (at >= 0) this.#waiting.splice(at, 1);
        resolve(false);
      });
    });
  }

  #leave(): void {
    this.#atWork -= 1;
    while (this.#waiting.length > 0) {
      const mayBegin = this.#mayBegin;
      if (!mayBegin && this.#atWork > 0) return;
      if (mayBegin) this.#atWork += 1;
      this.#waiting.shift()?.(mayBegin);
    }
  }

  get #mayBegin(): boolean {
    return this.jobs.mayRunHere(PREDICTION_JOB, this.#atWork);
  }

  #patience(): { readonly isOver: Promise<null>; readonly cancel: () => void } {
    let cancel = (): void => undefined;
    const isOver = new Promise<null>((resolve) => {
      cancel = this.clock.after(PATIENCE_MS, () => resolve(null));
    });
    return { isOver, cancel };
  }
}
