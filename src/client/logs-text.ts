import { moneyText } from '#libs/kernel';
import type { OrderClaim } from '../marketplace/client-orders.port.js';
import type { CompletedOrder } from './completed-order.js';

interface LogEvent {
  readonly at: Date;
  readonly text: string;
}

/**
 * `logs.txt`: what happened to the order, oldest first, and then what the evaluator wrote while it computed. Its text
 * stands behind a bar, so that it can't pass for an event, and its control characters are written out.
 */
export function logsText({ order, result, claims, completedAt, resultHash }: CompletedOrder): string {
  const { terms, createdAt, estimatedCost, currency } = order;
  const events: LogEvent[] = [
    {
      at: createdAt,
      text: `created: ${terms.predictionHorizon} bars of ${terms.interval} of ${terms.symbol} by ${harmless(order.modelName)}, priority ${terms.priority}, price ${moneyText(estimatedCost, currency)}`,
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
  epoch,
  evaluatorId,
  claimedAt,
  endedAt,
  outcome,
  reason,
  details,
}: OrderClaim): LogEvent[] {
  const who = evaluatorId === 0 ? 'the service itself' : `evaluator ${evaluatorId}`;
  const claimed = { at: claimedAt, text: `claimed: by ${who}, claim ${epoch}` };
  if (endedAt === null || outcome === null || outcome === 'completed') return [claimed];
  if (outcome === 'expired') return [claimed, { at: endedAt, text: `returned: claim ${epoch} ran out` }];
  const why = [reason, details].filter((text) => text !== null).map(harmless);
  return [claimed, { at: endedAt, text: `released: claim ${epoch}, ${why.join(', ')}` }];
}

const quoted = (log: string): string[] => log.split(/\r?\n/).map((line) => `| ${harmless(line)}`);

/** Control, direction and separator characters could rewrite what a terminal or an editor shows. */
const HARMFUL = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

const harmless = (text: string): string =>
  text.replaceAll(HARMFUL, (character) =>
    character === '\t' ? character : `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
