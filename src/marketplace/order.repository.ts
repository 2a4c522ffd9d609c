import { Injectable } from '@nestjs/common';
import {
  columnsOf,
  countsOf,
  Database,
  type DatabaseScope,
  entityOf,
  insertRow,
  KeptFigures,
  LARGEST_COUNT,
  lockName,
  readSql,
  runSql,
  type Transaction,
  updateRow,
} from '#libs/database';
import { isUuid } from '#libs/kernel';
import type { BillableOrder, BillableOrders } from '../billing/billing.port.js';
import type { OrderStatus } from './marketplace.port.js';
import type { ClaimCommand } from './order-queue.port.js';
import { OrderEntity } from './order.entity.js';

/** What a new order brings; everything else is empty until something happens to it. */
export type NewOrderRow = Omit<OrderEntity, keyof typeof UNTOUCHED>;

/** What an order has before anything happens to it, and again without its claim. */
export const UNCLAIMED = {
  evaluatorId: null,
  claimedAt: null,
  timeoutAt: null,
  estimatedCompletion: null,
  processingNodeInfo: null,
  progressPercentage: null,
  currentStep: null,
  estimatedRemaining: null,
} as const;

const UNTOUCHED = {
  ...UNCLAIMED,
  status: 'pending',
  leaseEpoch: 0,
  result: null,
  resultHash: null,
  processingMs: null,
  actualCost: null,
  bonus: null,
  scoreState: null,
  scoreHeld: null,
  scoreEarned: null,
  failureReason: null,
  errorMessage: null,
  cancelledBy: null,
  cancelledAt: null,
  cancellationReason: null,
  completedAt: null,
} as const;

export interface ClaimAttempt extends ClaimCommand {
  readonly evaluatorId: number;
  readonly now: Date;
  readonly timeoutAt: Date;
  /** Whose orders may not be claimed; null when any may. */
  readonly exceptOf: number | null;
  /** Claims in force that the evaluator may have at the most. */
  readonly limit: number;
}

/** A claim in force of an evaluator at a moment. */
const HELD = `claimed_by = ? AND status = 'processing' AND timeout_at >= ?`;
/** Nobody's user id. */
const NOBODY = -1;
/** Rows that a sweep looks at in one go. */
const SWEEP_BATCH = 500;

const BILLABLE: Readonly<Record<OrderStatus, BillableOrder['state']>> = {
  pending: 'open',
  processing: 'open',
  completed: 'completed',
  cancelled: 'ended',
  failed: 'ended',
};

/** More open orders of a client than this are not counted one by one for each new one, but taken from its figures. */
const MOST_COUNTED = 50;

/**
 * The rows of orders. Locks are taken in one sequence everywhere: a party's (client or evaluator), then an order's row,
 * then the money's; so that no two transactions wait for each other.
 */
@Injectable()
export class OrderRepository implements BillableOrders {
  constructor(
    private readonly database: Database,
    private readonly kept: KeptFigures,
  ) {}

  /** Until the transaction ends no other counts what this party has open. */
  lockParty(tx: Transaction, side: 'client' | 'evaluator', userId: number): Promise<void> {
    return lockName(tx, `marketplace:${side}:${userId}`);
  }

  async add(tx: Transaction, order: NewOrderRow): Promise<OrderEntity> {
    insertRow(tx, OrderEntity, order);
    return { ...UNTOUCHED, ...order };
  }

  async find(id: string): Promise<OrderEntity | null> {
    return isUuid(id) ? this.#one(this.database.read, id, '') : null;
  }

  /** Nobody else changes the row until the transaction ends. */
  async findForUpdate(tx: Transaction, id: string): Promise<OrderEntity | null> {
    if (!isUuid(id)) return null;
    return this.#one(tx, id, this.database.kind === 'postgres' ? ' FOR UPDATE' : '');
  }

  async #one(scope: DatabaseScope, id: string, lock: string): Promise<OrderEntity | null> {
    const [row] = await runSql(
      scope,
      `SELECT ${columnsOf(scope, OrderEntity)} FROM prediction_jobs WHERE id = ?${lock}`,
      [id.toLowerCase()],
    );
    return row === undefined ? null : entityOf(scope, OrderEntity, row);
  }

  /** Changes a row that is locked; returns it as it is now. */
  async change(
    tx: Transaction,
    row: OrderEntity,
    changes: Partial<OrderEntity>,
    now: Date,
  ): Promise<OrderEntity> {
    const all = { ...changes, updatedAt: now };
    updateRow(tx, OrderEntity, { id: row.id }, all);
    return { ...row, ...all };
  }

  /**
   * One conditional update, so that of two who try one succeeds. Null when the row is not to be had, or the evaluator
   * holds `limit` already: behind {@link lockParty}, so that nobody else counts meanwhile.
   */
  async claim(tx: Transaction, attempt: ClaimAttempt): Promise<OrderEntity | null> {
    if (!isUuid(attempt.orderId)) return null;
    const id = attempt.orderId.toLowerCase();
    const now = attempt.now.toISOString();
    const info = attempt.processingNodeInfo ?? null;
    const [row] = await runSql(
      tx,
      `UPDATE prediction_jobs SET status = 'processing', claimed_by = ?, claimed_at = ?, timeout_at = ?,
         lease_epoch = lease_epoch + 1, estimated_completion = ?, processing_node_info = ?, updated_at = ?
       WHERE id = ? AND status = 'pending' AND expires_at > ? AND user_id <> ?
         AND (SELECT COUNT(*) FROM prediction_jobs WHERE ${HELD}) < ?
       RETURNING ${columnsOf(tx, OrderEntity)}`,
      [
        attempt.evaluatorId,
        now,
        attempt.timeoutAt.toISOString(),
        attempt.estimatedCompletion?.toISOString() ?? null,
        info === null ? null : JSON.stringify(info),
        now,
        id,
        now,
        attempt.exceptOf ?? NOBODY,
        attempt.evaluatorId,
        now,
        attempt.limit,
      ],
    );
    return row === undefined ? null : entityOf(tx, OrderEntity, row);
  }

  /** Pending and processing orders of a client. */
  async countOpen(userId: number): Promise<number> {
    const [row] = await readSql<{ total: number | string }>(
      this.database.read,
      `SELECT COUNT(*) AS total FROM (SELECT 1 FROM prediction_jobs
         WHERE user_id = ? AND status IN ('pending', 'processing') LIMIT ${MOST_COUNTED}) AS open_orders`,
      [userId],
    );
    if (Number(row?.total) < MOST_COUNTED) return Number(row?.total);
    const byStatus = countsOf(await this.kept.standing('orders', userId), 'status:');
    return (byStatus['pending'] ?? 0) + (byStatus['processing'] ?? 0);
  }

  /** Claims in force of an evaluator. */
  countHeld(evaluatorId: number, now: Date): Promise<number> {
    return this.#count(HELD, [evaluatorId, now.toISOString()]);
  }

  /** Pending ones that are too old, with at least this priority: those of the seconds since the last sweep. */
  async countOutdated(priority: number, now: Date): Promise<number> {
    // in the order of their age, or PostgreSQL goes through all that wait in an index that has the age behind other columns
    const [row] = await readSql<{ total: number | string }>(
      this.database.read,
      `SELECT COUNT(*) AS total FROM (SELECT priority FROM prediction_jobs WHERE status = 'pending' AND expires_at <= ?
         ORDER BY expires_at LIMIT ${LARGEST_COUNT}) AS outdated WHERE priority >= ?`,
      [now.toISOString(), priority],
    );
    return Number(row?.total);
  }

  /** The latest completed ones since then, at most `limit`: who completed them, and how long they took. */
  async latestCompleted(
    since: Date,
    limit: number,
  ): Promise<{ readonly evaluatorId: number; readonly processingMs: number }[]> {
    const rows = await readSql<{ claimed_by: number; processing_time_ms: number }>(
      this.database.read,
      `SELECT claimed_by, processing_time_ms FROM prediction_jobs
       WHERE status = 'completed' AND completed_at >= ? ORDER BY completed_at DESC LIMIT ?`,
      [since.toISOString(), limit],
    );
    return rows.map((row) => ({
      evaluatorId: row.claimed_by,
      processingMs: Number(row.processing_time_ms),
    }));
  }

  /** Ids of leases that ran out, the oldest first. */
  overdue(now: Date): Promise<string[]> {
    return this.#ids(`status = 'processing' AND timeout_at < ? ORDER BY timeout_at`, now);
  }

  /** Ids of pending orders that are too old, the oldest first. */
  outdated(now: Date): Promise<string[]> {
    return this.#ids(`status = 'pending' AND expires_at <= ? ORDER BY expires_at`, now);
  }

  async list(afterOrderId: string | null, limit: number): Promise<BillableOrder[]> {
    // an archived order has its money still
    const next = (table: string): string =>
      `SELECT * FROM (SELECT id, status FROM ${table} WHERE id > ? ORDER BY id LIMIT ?) AS some_${table}`;
    const page = [afterOrderId ?? '', limit];
    const rows = await runSql<{ id: string; status: OrderStatus }>(
      this.database.read,
      `${next('prediction_jobs')} UNION ALL ${next('archived_orders')} ORDER BY id LIMIT ?`,
      [...page, ...page, limit],
    );
    return rows.map(({ id, status }) => ({ orderId: id, state: BILLABLE[status] }));
  }

  async #count(condition: string, values: readonly (string | number)[]): Promise<number> {
    const sql = `SELECT COUNT(*) AS total FROM prediction_jobs WHERE ${condition}`;
    const [row] = await readSql<{ total: number | string }>(this.database.read, sql, values);
    return Number(row?.total);
  }

  async #ids(condition: string, now: Date): Promise<string[]> {
    const rows = await runSql<{ id: string }>(
      this.database.read,
      `SELECT id FROM prediction_jobs WHERE ${condition} LIMIT ${SWEEP_BATCH}`,
      [now.toISOString()],
    );
    return rows.map(({ id }) => id);
  }
}
