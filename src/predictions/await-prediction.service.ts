import { Injectable } from '@nestjs/common';
import { Clock } from '#libs/kernel';
import type { PredictionEntity } from './prediction.entity.js';
import { PredictionRepository } from './prediction.repository.js';
import { FINAL_STATUSES } from './prediction.types.js';

/** Another process may finish a prediction without a wake-up here: look at the row this often. */
const LOOK_AGAIN_MS = 500;

export const isFinal = ({ status }: { status: string }): boolean =>
  FINAL_STATUSES.some((one) => one === status);

/** Waits for a prediction to end. */
@Injectable()
export class AwaitPrediction {
  constructor(
    private readonly predictions: PredictionRepository,
    private readonly clock: Clock,
  ) {}

  /** The row as it is when it ends or `waitMs` have passed; null when it was deleted meanwhile. */
  async until(predictionId: number, waitMs: number): Promise<PredictionEntity | null> {
    const deadline = this.clock.monotonic() + waitMs;
    for (;;) {
      const change = this.nextChange(
        predictionId,
        Math.min(LOOK_AGAIN_MS, Math.max(0, deadline - this.clock.monotonic())),
        (step) => step === 'deleted' || isFinal({ status: step }),
      );
      const prediction = await this.predictions.findById(predictionId);
      if (prediction === null || isFinal(prediction) || this.clock.monotonic() >= deadline) {
        change.cancel();
        return prediction;
      }
      await change.happened;
    }
  }

  /**
   * Resolves at the next step that is meant, or after `atMostMs`. Subscribe before reading the row, so that no change falls
   * between.
   */
  nextChange(
    predictionId: number,
    atMostMs: number = LOOK_AGAIN_MS,
    isMeant: (step: string) => boolean = () => true,
  ): { happened: Promise<void>; cancel: () => void } {
    let settle: () => void = () => undefined;
    const happened = new Promise<void>((resolve) => (settle = resolve));
    const cancel = (): void => {
      cancelTimer();
      leave();
      settle();
    };
    const cancelTimer = this.clock.after(atMostMs, cancel);
    const leave = this.predictions.listen(predictionId, (step) => {
      if (isMeant(step)) cancel();
    });
    return { happened, cancel };
  }
}
