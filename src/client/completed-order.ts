import { assertPresent } from '#libs/kernel';
import type { OrderClaim } from '../marketplace/client-orders.port.js';
import {
  readBands,
  type Band,
  type Order,
  type OrderLease,
  type OrderResult,
} from '../marketplace/marketplace.port.js';
import { forecastTimes, type ForecastTimes } from './forecast-times.js';

/** Everything that the files of an order are made of. */
export interface CompletedOrder {
  readonly order: Order;
  readonly result: OrderResult;
  readonly lease: OrderLease;
  readonly resultHash: string;
  readonly completedAt: Date;
  readonly claims: readonly OrderClaim[];
  readonly times: ForecastTimes;
  /** Narrowest first; one that names no level comes last. */
  readonly bands: readonly Band[];
}

/** @throws Error for an order that is not completed, or whose answer its reader may not see */
export function completedOrder(order: Order, claims: readonly OrderClaim[]): CompletedOrder {
  const result = assertPresent(order.result, 'a completed order has its answer');
  const { bands } = readBands(result.confidenceIntervals, order.terms.predictionHorizon);
  return {
    order,
    result,
    lease: assertPresent(order.lease, 'a completed order has its claim'),
    resultHash: assertPresent(order.resultHash, 'a completed order has the hash of its answer'),
    completedAt: assertPresent(order.completedAt, 'a completed order has ended'),
    claims,
    times: forecastTimes(order.terms, result),
    bands: bands.toSorted((a, b) => (a.level ?? Infinity) - (b.level ?? Infinity)),
  };
}
