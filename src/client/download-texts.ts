import { getSchemaPath } from '@nestjs/swagger';
import { objectSchema, toWire } from '#libs/http';
import { moneyText } from '#libs/kernel';
import { formatIso } from '#libs/timeseries';
import type { OrderClaim } from '../marketplace/client-orders.port.js';
import type { Band } from '../marketplace/marketplace.port.js';
import type { CompletedOrder } from './completed-order.js';
import { ClientRequest } from './order.dto.js';
import { CostInfo, EvaluatorInfo } from './order-out.dto.js';

/**
 * `results.csv` (RFC 4180): a row a predicted bar with `step` (1 is the first), `time` (UTC), `prediction`,
 * `uncertainty` (standard deviation) and both ends of every interval, for example `lower_95,upper_95`. No value holds a
 * comma, a quote or a line break.
 */
export function resultsCsv({ result, times, bands }: CompletedOrder): string {
  const header = ['step', 'time', 'prediction', 'uncertainty', ...bands.flatMap(columnsOf)];
  const rows = result.predictions.map((prediction, bar) => [
    bar + 1,
    formatIso(times.times[bar] ?? NaN),
    prediction,
    result.uncertainties[bar] ?? '',
    ...bands.flatMap(({ lower, upper }) => [lower[bar] ?? '', upper[bar] ?? '']),
  ]);
  return [header, ...rows].map((cells) => `${cells.join(',')}\r\n`).join('');
}

/** A file is made once, a reputation changes. */
const LATER = 'changes with outcomes: read the order';

const columnsOf = ({ level }: Band): string[] =>
  level === null ? ['lower', 'upper'] : [`lower_${level}`, `upper_${level}`];

/**
 * `metadata.json`: what was asked and priced, by which model and evaluator it was answered, when, and the hash of the
 * answer. The limit of the price and the address to notify are the client's alone and stay out.
 */
export function metadataJson({ order, result, resultHash, completedAt, times }: CompletedOrder): string {
  const { max_cost: _limit, notification_webhook: _address, ...request } = toWire(ClientRequest, order);
  const metadata = {
    prediction_id: order.id,
    task_id: order.taskId,
    status: order.status,
    request,
    forecast_times: { source: times.source, times: times.times.map(formatIso) },
    model: { model_name: order.modelName, provider_id: order.providerId, metadata: result.modelMetadata },
    evaluator: { ...toWire(EvaluatorInfo, { ...order, reputation: null }), reason: LATER },
    timings: {
      created_at: order.createdAt,
      claimed_at: order.claimedAt,
      completed_at: completedAt,
      waiting_ms: order.claimedAt.getTime() - order.createdAt.getTime(),
      processing_ms: order.processingMs,
    },
    cost: toWire(CostInfo, order),
    quality_metrics: result.qualityMetrics,
    resource_usage: result.resourceUsage,
    result_hash: resultHash,
  };
  return `${JSON.stringify(metadata, null, 2)}\n`;
}

const FREE = { type: 'object', additionalProperties: true } as const;
const MOMENT = { type: 'string', format: 'date-time' } as const;
const DURATION = { type: 'integer', minimum: 0 } as const;
const orNothing = (schema: { readonly type: string }) => ({ ...schema, type: [schema.type, 'null'] });

/** The JSON schema of {@link metadataJson}. */
export const METADATA_SCHEMA = objectSchema({
  prediction_id: { type: 'string' },
  task_id: { type: 'string' },
  status: { type: 'string', enum: ['completed'] },
  request: { ...FREE, description: 'The order as it was submitted, without `max_cost` and the webhook.' },
  forecast_times: objectSchema({
    source: { type: 'string', enum: ['request', 'evaluator'] },
    times: { type: 'array', items: MOMENT },
  }),
  model: objectSchema({
    model_name: { type: 'string' },
    provider_id: orNothing({ type: 'integer' }),
    metadata: FREE,
  }),
  evaluator: { $ref: getSchemaPath(EvaluatorInfo) },
  timings: objectSchema({
    created_at: MOMENT,
    claimed_at: MOMENT,
    completed_at: MOMENT,
    waiting_ms: DURATION,
    processing_ms: orNothing(DURATION),
  }),
  cost: { $ref: getSchemaPath(CostInfo) },
  quality_metrics: orNothing(FREE),
  resource_usage: orNothing(FREE),
  result_hash: { type: 'string' },
});

interface LogEvent {
  readonly at: Date;
  readonly text: string;
}

/**
 * `logs.txt`: what happened to the order, oldest first, and then what the evaluator wrote while it computed. Its text
 * stands behind a bar, so that it can't pass for an event, and its control characters are written out.
 */
export function logsText({ order, result, claims, completedAt, resultHash }: CompletedOrder): string {
  const { createdAt, estimatedCost, currency } = order;
  const events: LogEvent[] = [
    {
      at: createdAt,
      text: `created: ${order.predictionHorizon} bars of ${order.interval} of ${order.symbol} by ${harmless(order.modelName)}, priority ${order.priority}, price ${moneyText(estimatedCost, currency)}`,
    },
    ...claims.flatMap(eventsOf),
    { at: completedAt, text: `completed: result sha256 ${resultHash}` },
  ];
  const log = result.processingLog ?? '';
  const lines = [
    ...events.map(({ at, text }) => `${at.toISOString()} ${text}`),
    '',
    ...(log === '' ? ['The evaluator wrote no log.'] : ['Log of the evaluator:', ...quoted(log)]),
  ];
  return `${lines.join('\n')}\n`;
}

function eventsOf({
  leaseEpoch,
  evaluatorId,
  claimedAt,
  endedAt,
  outcome,
  reason,
  details,
}: OrderClaim): LogEvent[] {
  const who = evaluatorId === 0 ? 'the service itself' : `evaluator ${evaluatorId}`;
  const claimed = { at: claimedAt, text: `claimed: by ${who}, claim ${leaseEpoch}` };
  if (endedAt === null || outcome === null || outcome === 'completed') return [claimed];
  if (outcome === 'expired') return [claimed, { at: endedAt, text: `returned: claim ${leaseEpoch} ran out` }];
  const why = [reason, details].filter((text) => text !== null).map(harmless);
  return [claimed, { at: endedAt, text: `released: claim ${leaseEpoch}, ${why.join(', ')}` }];
}

const quoted = (log: string): string[] => log.split(/\r?\n/).map((line) => `| ${harmless(line)}`);

/** Control, direction and separator characters could rewrite what a terminal or an editor shows. */
const HARMFUL = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

const harmless = (text: string): string =>
  text.replaceAll(HARMFUL, (character) =>
    character === '\t' ? character : `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
