import { moneyOf } from '#libs/kernel';
import type {
  AssignedFilter,
  AssignedJob,
  AssignedList,
  ClaimedJob,
  CompletedJob,
  HeartbeatReply,
  PendingJob,
  PendingList,
} from '../marketplace/evaluator-queue.port.js';
import type { EvaluatorReport } from '../marketplace/marketplace-statistics.port.js';
import type { ClaimOut, ProcessingDetailsOut } from './claim.dto.js';
import type { AssignedOut, AssignedRequestOut, ProgressOut, SubmitOut } from './lease.dto.js';
import type { PendingOut, PendingRequestOut } from './pending.dto.js';
import type { EvaluatorStatsOut, Rankings } from './stats.dto.js';

/** How good an answer was is known when the market has moved, and from nobody's own word before. */
const UNMEASURED = 'needs realised outcomes';
const MINUTE_MS = 60_000;
const DAYS_A_WEEK = 7;

const rounded = (value: number | null, decimals: number): number | null =>
  value === null ? null : Number(value.toFixed(decimals));
const seconds = (ms: number): number => Math.max(0, Math.floor(ms / 1000));

/** A length of time for people, as exact as an estimate is. */
export function durationText(ms: number): string {
  const minutes = Math.round(ms / MINUTE_MS);
  if (minutes < 1) return 'less than a minute';
  if (minutes < 90) return `about ${minutes} minute${minutes === 1 ? '' : 's'}`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `about ${hours} hours` : `about ${Math.round(hours / 24)} days`;
}

const presentPendingJob = (job: PendingJob, timeoutSeconds: number): PendingRequestOut => ({
  id: job.id,
  task_id: job.taskId,
  symbol: job.request.symbol,
  prediction_type: job.request.predictionType,
  datetime_requested: job.request.datetimeRequested,
  lookback_ticks: job.request.lookbackTicks,
  predictor_plugin: job.request.predictorPlugin,
  feeder_plugin: job.request.feederPlugin,
  pipeline_plugin: job.request.pipelinePlugin,
  model_name: job.modelName,
  interval: job.request.interval,
  prediction_horizon: job.request.predictionHorizon,
  priority: job.request.priority,
  estimated_payment: moneyOf(job.estimatedPayment),
  currency: job.currency,
  estimated_effort: job.effort,
  data_complexity: null,
  client_tier: job.clientTier,
  created_at: job.createdAt,
  expires_at: job.expiresAt,
  requirements: {
    gpu_required: job.request.predictorPlugin.includes('transformer'),
    memory_gb: job.effort === 'high' ? 8 : 4,
    processing_timeout: timeoutSeconds,
  },
});

export function presentPending(list: PendingList, timeoutSeconds: number): PendingOut {
  const { min, max, average } = list.paymentRange ?? { min: 0, max: 0, average: 0 };
  return {
    pending_requests: list.jobs.map((job) => presentPendingJob(job, timeoutSeconds)),
    total_pending: list.total,
    estimated_queue_time: list.estimatedQueueMs === null ? null : durationText(list.estimatedQueueMs),
    payment_range: { min: moneyOf(min), max: moneyOf(max), average: moneyOf(average) },
  };
}

export const presentClaim = (claim: ClaimedJob, details: ProcessingDetailsOut): ClaimOut => ({
  success: true,
  request_id: claim.job.id,
  task_id: claim.job.taskId,
  lease_epoch: claim.epoch,
  claimed_at: claim.claimedAt,
  timeout_at: claim.timeoutAt,
  expected_payment: moneyOf(claim.job.estimatedPayment),
  currency: claim.job.currency,
  processing_details: details,
});

export const presentCompleted = (job: CompletedJob): SubmitOut => ({
  success: true,
  request_id: job.jobId,
  status: 'completed',
  result_hash: job.resultHash,
  completed_at: job.completedAt,
  processing_time_ms: Math.round(job.processingMs),
  quality_score: null,
  payment_amount: moneyOf(job.payment),
  bonus_amount: moneyOf(job.bonus),
  payment_amount_micros: job.payment,
  bonus_amount_micros: job.bonus,
  performance_rating: null,
  currency: job.currency,
  reason: UNMEASURED,
});

/** @param now epoch ms */
export const presentHeartbeat = (reply: HeartbeatReply, now: number): ProgressOut => ({
  success: true,
  request_id: reply.jobId,
  lease_epoch: reply.epoch,
  timeout_at: reply.timeoutAt,
  time_remaining: seconds(reply.timeoutAt.getTime() - now),
});

const presentAssignedJob = (job: AssignedJob): AssignedRequestOut => ({
  id: job.id,
  task_id: job.taskId,
  symbol: job.symbol,
  status: job.status,
  evaluator_id: job.evaluatorId,
  lease_epoch: job.epoch,
  claimed_at: job.claimedAt,
  timeout_at: job.timeoutAt,
  progress_percentage: job.progress.percentage ?? 0,
  current_step: job.progress.currentStep,
  estimated_remaining: job.progress.estimatedRemaining,
  expected_payment: moneyOf(job.expectedPayment),
  currency: job.currency,
  time_remaining: seconds(job.remainingMs),
});

export function presentAssigned(list: AssignedList, { status, includeExpired }: AssignedFilter): AssignedOut {
  const inTime = status === 'overdue' ? 0 : list.totalProcessing;
  const overdue = status === 'overdue' || (status === undefined && includeExpired) ? list.totalOverdue : 0;
  return {
    assigned_requests: list.jobs.map(presentAssignedJob),
    total_assigned: inTime + overdue,
    total_processing: list.totalProcessing,
    total_overdue: list.totalOverdue,
  };
}

export function presentStatistics(figures: EvaluatorReport, withRankings: boolean): EvaluatorStatsOut {
  const { period, lastWeek } = figures;
  const meanMs = period.meanProcessingMs;
  return {
    performance_summary: {
      total_completed: period.completed,
      total_released: period.released,
      total_timed_out: period.timedOut,
      success_rate: rounded(period.successRate, 3),
      average_processing_time: rounded(meanMs === null ? null : meanMs / MINUTE_MS, 1),
      average_quality_score: null,
      total_earnings: moneyOf(figures.earnings),
      currencies: figures.currencies.map(({ currency, amount, jobs }) => ({
        currency,
        total_earnings: moneyOf(amount),
        total_earnings_micros: amount,
        total_requests: jobs,
      })),
      current_reputation: null,
      reason: UNMEASURED,
    },
    recent_activity: {
      last_7_days: {
        requests_completed: lastWeek.completed,
        average_daily_earnings: moneyOf(lastWeek.earnings / DAYS_A_WEEK),
        quality_trend: null,
        reason: UNMEASURED,
      },
    },
    rankings: withRankings ? presentRanks(figures) : null,
  };
}

const presentRanks = ({ ranks }: EvaluatorReport): Rankings => ({
  quality_rank: null,
  speed_rank: ranks.speed,
  reliability_rank: ranks.reliability,
  total_evaluators: ranks.evaluators,
  reason: UNMEASURED,
});
