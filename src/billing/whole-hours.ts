import { HOUR_MS } from '#libs/kernel';
import type { BillingPeriod } from './billing.port.js';

export interface Hours {
  readonly from: Date;
  /** Left out. */
  readonly to: Date;
}

/** Later than anything is settled. */
const NO_END = new Date(Date.UTC(9999, 11, 31, 23));
const BEGINNING = new Date(0);

/** The whole hours of a period, null when it has none, and what it has of other hours. */
export function hoursOf({ from = BEGINNING, to }: BillingPeriod): {
  readonly hours: Hours | null;
  readonly edges: readonly Hours[];
} {
  const first = new Date(Math.ceil(from.getTime() / HOUR_MS) * HOUR_MS);
  const last = to === undefined ? NO_END : new Date(Math.floor(to.getTime() / HOUR_MS) * HOUR_MS);
  if (to !== undefined && first >= last) return { hours: null, edges: [{ from, to }] };
  return {
    hours: { from: first, to: last },
    edges: [
      ...(first > from ? [{ from, to: first }] : []),
      ...(to !== undefined && to > last ? [{ from: last, to }] : []),
    ],
  };
}
