import type { PredictorMetrics } from '#libs/plugin-sdk';

/** Counts what a noisy oracle said against the noiseless truth, over all callers since the last reset. */
export class ConfusionCounts {
  private truePositives = 0;
  private falsePositives = 0;
  private trueNegatives = 0;
  private falseNegatives = 0;

  record(said: 0 | 1, truth: 0 | 1): void {
    if (said === 1) {
      if (truth === 1) this.truePositives += 1;
      else this.falsePositives += 1;
    } else if (truth === 0) this.trueNegatives += 1;
    else this.falseNegatives += 1;
  }

  reset(): void {
    this.truePositives = 0;
    this.falsePositives = 0;
    this.trueNegatives = 0;
    this.falseNegatives = 0;
  }

  metrics(noiseStd: number): PredictorMetrics {
    const { truePositives: tp, falsePositives: fp, trueNegatives: tn, falseNegatives: fn } = this;
    const precision = ratio(tp, tp + fp);
    const recall = ratio(tp, tp + fn);
    return {
      tp,
      fp,
      tn,
      fn,
      total_predictions: tp + fp + tn + fn,
      precision: sixDecimals(precision),
      recall: sixDecimals(recall),
      f1: sixDecimals(ratio(2 * precision * recall, precision + recall)),
      accuracy: sixDecimals(ratio(tp + tn, tp + fp + tn + fn)),
      noise_std: noiseStd,
    };
  }
}

const ratio = (part: number, whole: number): number => (whole > 0 ? part / whole : 0);

/**
 * Rounds to six decimals, exact ties to even as Python's `round`. A double can only lie exactly between two such decimals
 * when it is an odd multiple of 1/128, because 5e-7 = 5^-6 · 2^-7.
 */
function sixDecimals(value: number): number {
  const multiple = value * 128;
  if (Number.isInteger(multiple) && multiple % 2 !== 0) {
    const below = Math.floor(value * 1e6);
    return (below % 2 === 0 ? below : below + 1) / 1e6;
  }
  return Number(value.toFixed(6));
}
