import { Page } from '#libs/http';
import { moneyOf, unitPriceOf } from '#libs/kernel';
import type { Money, Quote } from '../billing/billing.port.js';
import type { JobList, JobSummary, SubmittedJob } from '../marketplace/client-requests.port.js';
import type { JobLease, JobRequest, JobView } from '../marketplace/marketplace.port.js';
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

export const pathOf = (jobId: string): string => `${ROOT}/${jobId}`;

const nullable = (micros: number | null): number | null => (micros === null ? null : moneyOf(micros));

export const presentAccepted = ({
  job,
  queuePosition,
  estimatedCompletion,
}: SubmittedJob): RequestAccepted => ({
  id: job.id,
  task_id: job.taskId,
  status: job.status,
  estimated_completion: estimatedCompletion,
  estimated_cost: moneyOf(job.estimatedCost),
  currency: job.currency,
  queue_position: queuePosition,
  priority: job.request.priority,
  created_at: job.createdAt,
});

export const presentRequest = (job: JobView): RequestOut => ({
  id: job.id,
  task_id: job.taskId,
  status: job.status,
  symbol: job.request.symbol,
  prediction_type: job.request.predictionType,
  datetime_requested: job.request.datetimeRequested,
  priority: job.request.priority,
  progress:
    job.progress === null
      ? null
      : {
          percentage: job.progress.percentage,
          current_step: job.progress.currentStep,
          estimated_remaining: job.progress.estimatedRemaining,
        },
  evaluator_info: job.lease === null ? null : evaluatorOf(job.lease),
  cost_info: {
    estimated_cost: moneyOf(job.estimatedCost),
    actual_cost: nullable(job.actualCost),
    currency: job.currency,
  },
  result: resultOf(job),
  failure: job.failureReason === null ? null : { reason: job.failureReason, message: job.errorMessage },
  cancellation:
    job.cancellation === null
      ? null
      : {
          cancelled_by: job.cancellation.by,
          cancelled_at: job.cancellation.at,
          cancellation_reason: job.cancellation.reason,
        },
  created_at: job.createdAt,
  claimed_at: job.lease?.claimedAt ?? null,
  completed_at: job.completedAt,
  expires_at: job.expiresAt,
});

/** Nobody has a reputation until what was predicted can be compared with what came. */
export const evaluatorOf = ({ evaluatorId, evaluatorUsername }: JobLease): EvaluatorInfo => ({
  evaluator_id: String(evaluatorId),
  username: evaluatorUsername,
  reputation_score: null,
  reason: 'needs realised outcomes',
});

function resultOf({ id, result }: JobView): RequestResult | null {
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

const summaryOf = (job: JobSummary): RequestSummary => ({
  id: job.id,
  task_id: job.taskId,
  status: job.status,
  symbol: job.symbol,
  prediction_type: job.predictionType,
  priority: job.priority,
  estimated_cost: moneyOf(job.estimatedCost),
  actual_cost: nullable(job.actualCost),
  currency: job.currency,
  created_at: job.createdAt,
  completed_at: job.completedAt,
});

/** A page that is answered in an envelope of its own. */
export class RequestPage extends Page<RequestSummary> {
  constructor(
    { jobs, total }: JobList,
    override readonly query: Pick<RequestsQuery, 'limit' | 'offset'>,
  ) {
    super(jobs.map(summaryOf), query, query.offset + query.limit < total, total);
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

/** The request under the names that clients know, without what is nobody's business but the client's. */
export const presentAsked = (request: JobRequest) => ({
  symbol: request.symbol,
  prediction_type: request.predictionType,
  datetime_requested: request.datetimeRequested,
  lookback_ticks: request.lookbackTicks,
  predictor_plugin: request.predictorPlugin,
  feeder_plugin: request.feederPlugin,
  pipeline_plugin: request.pipelinePlugin,
  interval: request.interval,
  prediction_horizon: request.predictionHorizon,
  priority: request.priority,
  custom_parameters: request.customParameters,
});
