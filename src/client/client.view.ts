import { Page } from '#libs/http';
import { moneyOf, unitPriceOf } from '#libs/kernel';
import type { Money, Quote } from '../billing/billing.port.js';
import type { OrderList, OrderSummary, SubmittedOrder } from '../marketplace/client-orders.port.js';
import type { Order, OrderLease, OrderTerms } from '../marketplace/marketplace.port.js';
import { DOWNLOADS, type DownloadName } from './downloads.js';
import type { QuoteOut } from './quote.dto.js';
import type { RequestListOut, RequestsQuery, RequestSummary } from './request-list.dto.js';
import type {
  EvaluatorInfo,
  RequestAccepted,
  RequestCancelled,
  RequestOut,
  RequestResult,
} from './request-out.dto.js';

const ROOT = '/api/v1/client/predictions';

export const pathOf = (orderId: string): string => `${ROOT}/${orderId}`;

const nullable = (micros: number | null): number | null => (micros === null ? null : moneyOf(micros));

export const presentAccepted = ({
  order,
  queuePosition,
  estimatedCompletion,
}: SubmittedOrder): RequestAccepted => ({
  id: order.id,
  task_id: order.taskId,
  status: order.status,
  estimated_completion: estimatedCompletion,
  estimated_cost: moneyOf(order.estimatedCost),
  currency: order.currency,
  queue_position: queuePosition,
  priority: order.terms.priority,
  created_at: order.createdAt,
});

export const presentOrder = (order: Order): RequestOut => ({
  id: order.id,
  task_id: order.taskId,
  status: order.status,
  symbol: order.terms.symbol,
  prediction_type: order.terms.predictionType,
  datetime_requested: order.terms.datetimeRequested,
  priority: order.terms.priority,
  progress:
    order.progress === null
      ? null
      : {
          percentage: order.progress.percentage,
          current_step: order.progress.currentStep,
          estimated_remaining: order.progress.estimatedRemaining,
        },
  evaluator_info: order.lease === null ? null : evaluatorOf(order.lease),
  cost_info: {
    estimated_cost: moneyOf(order.estimatedCost),
    actual_cost: nullable(order.actualCost),
    currency: order.currency,
  },
  result: resultOf(order),
  failure: order.failureReason === null ? null : { reason: order.failureReason, message: order.errorMessage },
  cancellation:
    order.cancellation === null
      ? null
      : {
          cancelled_by: order.cancellation.by,
          cancelled_at: order.cancellation.at,
          cancellation_reason: order.cancellation.reason,
        },
  created_at: order.createdAt,
  claimed_at: order.lease?.claimedAt ?? null,
  completed_at: order.completedAt,
  expires_at: order.expiresAt,
});

/** Nobody has a reputation until what was predicted can be compared with what came. */
export const evaluatorOf = ({ evaluatorId, evaluatorUsername }: OrderLease): EvaluatorInfo => ({
  evaluator_id: String(evaluatorId),
  username: evaluatorUsername,
  reputation_score: null,
  reason: 'needs realised outcomes',
});

function resultOf({ id, result }: Order): RequestResult | null {
  if (result === null) return null;
  const link = (name: DownloadName): string => `${pathOf(id)}/download/${name}`;
  const [csv_results, plot_image, metadata, logs] = DOWNLOADS.map(link) as [string, string, string, string];
  return {
    predictions: result.predictions,
    uncertainties: result.uncertainties,
    confidence_intervals: result.confidenceIntervals,
    model_metadata: result.modelMetadata,
    download_links: { csv_results, plot_image, metadata, logs },
  };
}

const summaryOf = (order: OrderSummary): RequestSummary => ({
  id: order.id,
  task_id: order.taskId,
  status: order.status,
  symbol: order.symbol,
  prediction_type: order.predictionType,
  priority: order.priority,
  estimated_cost: moneyOf(order.estimatedCost),
  actual_cost: nullable(order.actualCost),
  currency: order.currency,
  created_at: order.createdAt,
  completed_at: order.completedAt,
});

/** A page that is answered in an envelope of its own. */
export class OrderListPage extends Page<RequestSummary> {
  constructor(
    { orders, total }: OrderList,
    override readonly query: Pick<RequestsQuery, 'limit' | 'offset'>,
  ) {
    super(orders.map(summaryOf), query, query.offset + query.limit < total, total);
  }

  override get answer(): RequestListOut {
    const { items, query, more, total = 0 } = this;
    return {
      predictions: items,
      total_count: total,
      page: Math.floor(query.offset / query.limit) + 1,
      pages: Math.ceil(total / query.limit),
      has_next: more,
      has_prev: query.offset > 0,
    };
  }
}

export const presentCancelled = ({ amount, currency }: Money): RequestCancelled => ({
  success: true,
  message: 'Prediction cancelled; its whole price was given back',
  refund_amount: moneyOf(amount),
  currency,
});

export const presentQuote = (quote: Quote): QuoteOut => ({
  estimated_cost: moneyOf(quote.total),
  estimated_cost_micros: quote.total,
  currency: quote.currency,
  model_name: quote.modelName,
  provider_id: quote.providerId,
  unit_price: unitPriceOf(quote.unitPrice),
  multipliers: quote.multipliers.map(({ reason, hundredths }) => ({ reason, adds: hundredths / 100 })),
  shares: {
    evaluator_micros: quote.shares.evaluator,
    provider_micros: quote.shares.provider,
    platform_micros: quote.shares.platform,
  },
  expires_at: new Date(quote.expiresAt),
});

/** The terms under the names that clients know, without what is nobody's business but the client's. */
export const presentTerms = (terms: OrderTerms) => ({
  symbol: terms.symbol,
  prediction_type: terms.predictionType,
  datetime_requested: terms.datetimeRequested,
  lookback_ticks: terms.lookbackTicks,
  predictor_plugin: terms.predictorPlugin,
  feeder_plugin: terms.feederPlugin,
  pipeline_plugin: terms.pipelinePlugin,
  interval: terms.interval,
  prediction_horizon: terms.predictionHorizon,
  priority: terms.priority,
  custom_parameters: terms.customParameters,
});
