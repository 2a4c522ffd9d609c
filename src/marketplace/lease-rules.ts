import { Injectable } from '@nestjs/common';
import type { Transaction } from '#libs/database';
import { AppError } from '#libs/kernel';
import { type ClaimEnd, ClaimHistory } from './claim-history.repository.js';
import { type Held, heldOrder } from './marketplace.port.js';
import type { LeaseReference } from './order-queue.port.js';
import type { OrderEntity } from './order.entity.js';
import { OrderRepository, UNCLAIMED } from './order.repository.js';

export interface LeaseUse {
  /** Another's claim will do too. */
  readonly forAll: boolean;
  /** After the deadline too, while the order is not returned. */
  readonly late: boolean;
  /** What the evaluator wants to do with it. */
  readonly wish: 'release' | 'submit';
  readonly now: Date;
}

/** Whether an evaluator may still write to an order it claimed, and how its claim ends. The row is locked before anything is decided. */
@Injectable()
export class LeaseRules {
  constructor(
    private readonly orders: OrderRepository,
    private readonly history: ClaimHistory,
  ) {}

  /**
   * The row in work, locked.
   * @throws AppError `not_found` when it is not in work, `forbidden` for another's claim, `conflict` for an older claim's
   * epoch, `deadline_passed` after the deadline, the same before and after the order went back to the queue
   */
  async heldRow(
    tx: Transaction,
    evaluatorId: number,
    { orderId, leaseEpoch }: LeaseReference,
    use: LeaseUse,
  ): Promise<Held<OrderEntity>> {
    const row = await this.orders.findForUpdate(tx, orderId);
    if (row === null) throw notProcessing();
    if (row.status !== 'processing' || (row.evaluatorId !== evaluatorId && !use.forAll))
      throw await this.#refusal(tx, row, { evaluatorId, leaseEpoch: leaseEpoch ?? row.leaseEpoch }, use);
    if ((leaseEpoch ?? row.leaseEpoch) !== row.leaseEpoch) throw stale();
    const held = heldOrder(row);
    if (!use.late && use.now.getTime() > held.timeoutAt.getTime()) throw tooLate();
    return held;
  }

  /** Ends the claim and makes the order pending again. */
  async end(tx: Transaction, row: OrderEntity, end: ClaimEnd, now: Date): Promise<OrderEntity> {
    await this.history.close(tx, row, end, now);
    return this.orders.change(tx, row, { ...UNCLAIMED, status: 'pending' }, now);
  }

  /** Why this evaluator holds nothing, judged by the claim it means: the given epoch's, else the latest. */
  async #refusal(
    tx: Transaction,
    row: OrderEntity,
    { evaluatorId, leaseEpoch }: { readonly evaluatorId: number; readonly leaseEpoch: number },
    { wish }: LeaseUse,
  ): Promise<AppError> {
    const claim = await this.history.find(tx, row.id, leaseEpoch);
    const isOwn = claim?.evaluatorId === evaluatorId;
    if (isOwn && claim.leaseEpoch < row.leaseEpoch) return stale();
    if (isOwn && claim.outcome === 'expired') return tooLate();
    return row.status === 'processing' ? notClaimer(wish) : notProcessing();
  }
}

const notProcessing = () =>
  new AppError('not_found', 'Order not found or not being processed', {
    code: 'not_processing',
    original: 'Processing request not found',
  });

const notClaimer = (wish: LeaseUse['wish']) =>
  new AppError('forbidden', 'The order is claimed by another evaluator', {
    code: 'not_claimer',
    original: `You are not authorized to ${wish === 'release' ? 'release' : 'submit results for'} this request`,
  });

const stale = () =>
  new AppError('conflict', 'The order was claimed again later; this claim has ended', {
    code: 'stale_lease',
  });

const tooLate = () =>
  new AppError('deadline_passed', 'The deadline of the claim has passed', {
    code: 'lease_expired',
    original: 'Submission timeout exceeded',
  });
