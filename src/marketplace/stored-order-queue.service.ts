import { Injectable } from '@nestjs/common';
import { AppConfig } from '#libs/config';
import { TransactionRunner, type Transaction } from '#libs/database';
import { AppError, Clock, invalidField, MINUTE_MS, SECOND_MS } from '#libs/kernel';
import { RuntimeSettings } from '../settings/runtime-settings.port.js';
import { ClaimHistory } from './claim-history.repository.js';
import { heldOrder, type JsonObject } from './marketplace.port.js';
import { actsForAll, evaluatorIdOf } from './order-access.js';
import { OrderLists } from './order-lists.repository.js';
import {
  type AssignedFilter,
  type AssignedList,
  type AssignedOrder,
  type ClaimCommand,
  type ClaimedOrder,
  type ClaimInForce,
  type Evaluator,
  OFFERED_FIELDS,
  type OrderQueue,
  type PendingFilter,
  type PendingList,
  type PendingOrder,
  type PendingPage,
} from './order-queue.port.js';
import { OrderViews } from './order-views.service.js';
import type { OrderEntity } from './order.entity.js';
import { OrderRepository } from './order.repository.js';
import { PendingOrders } from './pending-orders.repository.js';
import { QueueOutlook } from './queue-outlook.service.js';

/** Characters of JSON. */
const LARGEST_NODE_INFO = 16_384;

/** The queue as evaluators see it: what waits, what they hold, and how one of them gets an order for a lease. */
@Injectable()
export class StoredOrderQueue implements OrderQueue {
  constructor(
    private readonly lists: OrderLists,
    private readonly pendingOrders: PendingOrders,
    private readonly outlook: QueueOutlook,
    private readonly orders: OrderRepository,
    private readonly history: ClaimHistory,
    private readonly views: OrderViews,
    private readonly transactions: TransactionRunner,
    private readonly settings: RuntimeSettings,
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {}

  async pending(evaluator: Evaluator, filter: PendingFilter, page: PendingPage): Promise<PendingList> {
    const now = new Date(this.clock.now());
    const claimant = {
      userId: evaluatorIdOf(evaluator),
      seesAll: actsForAll(evaluator),
      releasedAfter: new Date(now.getTime() - this.config.release_cooldown_seconds * SECOND_MS),
    };
    const [{ range, ...list }, estimatedQueueMs] = await Promise.all([
      this.pendingOrders.list(claimant, filter, page, now),
      this.outlook.waitMs(),
    ]);
    return { ...list, estimatedQueueMs, paymentRange: range };
  }

  async claim(evaluator: Evaluator, command: ClaimCommand): Promise<ClaimedOrder> {
    refuseLarge(command.processingNodeInfo);
    const evaluatorId = evaluatorIdOf(evaluator);
    const leaseMs = this.config.marketplace_lease_minutes * MINUTE_MS;
    return this.transactions.run(async (tx) => {
      const now = new Date(this.clock.now());
      const timeoutAt = new Date(now.getTime() + leaseMs);
      const limit = this.settings.get('evaluator_claim_limit');
      await this.orders.lockParty(tx, 'evaluator', evaluatorId);
      // Bonus credits that came back as own earnings would be money for nothing; administrators grant credits anyway.
      const exceptOf = evaluator === 'platform' || actsForAll(evaluator) ? null : evaluatorId;
      const row = await this.orders.claim(tx, { ...command, evaluatorId, now, timeoutAt, exceptOf, limit });
      if (row === null) {
        await this.#refuseAtLimit(evaluatorId, limit, now);
        throw await this.#refusal(command.orderId, exceptOf, now);
      }
      const [username] = await Promise.all([
        this.views.usernameOf(row),
        this.#refuseJustReleased(tx, row.id, evaluatorId, now),
      ]);
      await this.history.open(tx, heldOrder(row));
      await this.views.tell(tx, 'claimed', row, now, username);
      return { ...offered(row), leaseEpoch: row.leaseEpoch, claimedAt: now, timeoutAt, leaseMs };
    });
  }

  async assigned(evaluator: Evaluator, filter: AssignedFilter): Promise<AssignedList> {
    const now = new Date(this.clock.now());
    const holder = actsForAll(evaluator) ? null : evaluatorIdOf(evaluator);
    const orders = await this.lists.assigned(holder, filter, now);
    const { processing, overdue } = await this.lists.countAssigned(holder, now);
    return {
      orders: orders.map((order) => assignedOrder(order, now.getTime())),
      totalProcessing: processing,
      totalOverdue: overdue,
    };
  }

  async #refuseAtLimit(evaluatorId: number, limit: number, now: Date): Promise<void> {
    const held = await this.orders.countHeld(evaluatorId, now);
    if (held < limit) return;
    throw new AppError(
      'too_many',
      `Too many claims: ${held} of ${limit} orders are held; submit or release one first`,
      { code: 'claim_limit', headers: { 'Retry-After': '60' } },
    );
  }

  /** Looked for behind the update: only then a release that is under way has happened or can't any more. */
  async #refuseJustReleased(tx: Transaction, orderId: string, evaluatorId: number, now: Date): Promise<void> {
    const cooldownMs = this.config.release_cooldown_seconds * SECOND_MS;
    const since = new Date(now.getTime() - cooldownMs);
    const released = await this.history.releasedAfter(tx, orderId, evaluatorId, since);
    if (released === null) return;
    const seconds = Math.ceil((released.getTime() + cooldownMs - now.getTime()) / SECOND_MS);
    throw new AppError(
      'too_many',
      `You released this order just now and may claim it again in ${seconds} s`,
      { code: 'release_cooldown', headers: { 'Retry-After': String(seconds) } },
    );
  }

  async #refusal(orderId: string, exceptOf: number | null, now: Date): Promise<AppError> {
    const row = await this.orders.find(orderId);
    const isOld = row?.status === 'pending' && row.expiresAt.getTime() <= now.getTime();
    if (isOld || row?.failureReason === 'expired')
      return new AppError('gone', 'The order has expired', {
        code: 'job_expired',
        original: 'Request has expired',
      });
    if (row?.status === 'pending' && row.clientId === exceptOf)
      return new AppError('forbidden', 'You may not evaluate your own order', { code: 'own_request' });
    return new AppError('not_found', 'Order not found or not available', {
      code: 'not_claimable',
      original: 'Pending request not found or already claimed',
    });
  }
}

function refuseLarge(info: JsonObject | null = null): void {
  if (info === null || JSON.stringify(info).length <= LARGEST_NODE_INFO) return;
  throw invalidField(
    'processing_node_info',
    `processing_node_info is larger than ${LARGEST_NODE_INFO} characters of JSON`,
  );
}

/** A whole row without what only its client may know. */
const offered = (row: OrderEntity): PendingOrder =>
  Object.fromEntries(OFFERED_FIELDS.map((field) => [field, row[field]])) as unknown as PendingOrder;

function assignedOrder(order: ClaimInForce, now: number): AssignedOrder {
  const remainingMs = order.timeoutAt.getTime() - now;
  const status = remainingMs < 0 ? 'overdue' : 'processing';
  return { ...order, status, remainingMs: Math.max(0, remainingMs) };
}
