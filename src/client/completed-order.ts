import { assertPresent } from '#libs/kernel';
import { barsLater, canonicalInterval, parseTimestamp } from '#libs/timeseries';
import type { OrderClaim } from '../marketplace/client-orders.port.js';
import {
  readBands,
  type Band,
  type Held,
  heldOrder,
  type Order,
  type OrderResult,
  type OrderTerms,
} from '../marketplace/marketplace.port.js';

/** Everything that the files of an order are made of. */
export interface CompletedOrder {
  readonly order: Held<Order>;
  readonly result: OrderResult;
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
  const { bands } = readBands(result.confidenceIntervals, order.predictionHorizon);
  return {
    order: heldOrder(order),
    result,
    resultHash: assertPresent(order.resultHash, 'a completed order has the hash of its answer'),
    completedAt: assertPresent(order.completedAt, 'a completed order has ended'),
    claims,
    times: forecastTimes(order, result),
    bands: bands.toSorted((a, b) => (a.level ?? Infinity) - (b.level ?? Infinity)),
  };
}

/** The moments of the predicted bars. */
export interface ForecastTimes {
  /** Epoch ms UTC, ascending, one a bar. */
  readonly times: readonly number[];
  /** `evaluator`: named with the answer, as markets are closed at times; `request`: counted from the moment asked for. */
  readonly source: 'evaluator' | 'request';
}

type Asked = Pick<OrderTerms, 'datetimeRequested' | 'interval' | 'predictionHorizon'>;

/**
 * When each predicted bar is: as the evaluator named them in `model_metadata.future_datetimes`, else from the requested
 * moment on, one interval after another.
 */
export function forecastTimes(
  asked: Asked,
  { modelMetadata }: Pick<OrderResult, 'modelMetadata'>,
): ForecastTimes {
  const named = namedTimes(modelMetadata['future_datetimes'], asked.predictionHorizon);
  return named === null
    ? { times: countedTimes(asked), source: 'request' }
    : { times: named, source: 'evaluator' };
}

function namedTimes(value: unknown, horizon: number): readonly number[] | null {
  if (!Array.isArray(value) || value.length !== horizon) return null;
  const times = value.map((text) => (typeof text === 'string' ? (parseTimestamp(text) ?? NaN) : NaN));
  return times.every((time, bar) => time > (times[bar - 1] ?? -Infinity)) ? times : null;
}

function countedTimes({ datetimeRequested, interval, predictionHorizon }: Asked): readonly number[] {
  const bar = assertPresent(canonicalInterval(interval), 'the marketplace sells known intervals');
  const first = datetimeRequested.getTime();
  return Array.from({ length: predictionHorizon }, (_, bars) => barsLater(first, bar, bars));
}
