import { isAdministrator } from '#libs/http';
import { AppError, type Actor } from '#libs/kernel';
import { PLATFORM_ID } from '../billing/billing.port.js';
import type { Evaluator } from './order-queue.port.js';
import type { OrderEntity } from './order.entity.js';

export const orderNotFound = () =>
  new AppError('not_found', 'Prediction not found', { code: 'prediction_not_found' });

const accessDenied = () =>
  new AppError('forbidden', 'Access denied', {
    code: 'not_owner',
    original: 'Access denied to this prediction',
  });

export const isOperator = (actor: Actor): boolean => actor.role === 'operator';

/**
 * Whether the answer may be read: owner, administrators and the evaluator who holds or completed it read everything, an
 * operator everything but the answer.
 * @throws AppError `not_found`, `forbidden`
 */
export function mayReadResult(actor: Actor, row: Pick<OrderEntity, 'clientId' | 'evaluatorId'>): boolean {
  if (isAdministrator(actor) || row.clientId === actor.userId || row.evaluatorId === actor.userId)
    return true;
  if (isOperator(actor)) return false;
  throw accessDenied();
}

/** The row, for its client and for administrators. @throws AppError `forbidden` */
export function ownRow(actor: Actor, row: OrderEntity): OrderEntity {
  if (row.clientId !== actor.userId && !isAdministrator(actor)) throw accessDenied();
  return row;
}

export const evaluatorIdOf = (evaluator: Evaluator): number =>
  evaluator === 'platform' ? PLATFORM_ID : evaluator.userId;

export const actsForAll = (evaluator: Evaluator): boolean =>
  evaluator !== 'platform' && isAdministrator(evaluator);
