import { checkFinite, unscorable } from './check.js';

/** How far values lie from what a model was trained on. */
export interface TrainingRange {
  readonly lower: number;
  readonly upper: number;
}

/**
 * Distance of a value from a range, in widths of the range: 0 within, 0.5 when it lies half a width beyond an end. A range without
 * width (a constant) counts as wide as its value, or 1 where that is 0.
 */
export function rangeDistance(value: number, { lower, upper }: TrainingRange): number {
  checkFinite('value', value);
  checkFinite('lower', lower);
  checkFinite('upper', upper);
  if (upper < lower) throw unscorable(`lower must not be above upper, and ${lower} is above ${upper}`);
  const width = upper - lower || Math.abs(lower) || 1;
  return Math.max(0, lower - value, value - upper) / width;
}

/** The range that a mean and a standard deviation stand for: mean ± `deviations` × sd. */
export function rangeOfMoments(mean: number, sd: number, deviations = 3): TrainingRange {
  checkFinite('mean', mean);
  if (!(sd >= 0 && Number.isFinite(sd))) throw unscorable(`sd must be at least 0 and finite, not ${sd}`);
  return { lower: mean - deviations * sd, upper: mean + deviations * sd };
}
