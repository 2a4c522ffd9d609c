import { Injectable } from '@nestjs/common';
import { Database, insertRow, readSql, type Transaction, writeSql } from '#libs/database';
import type { ClaimOutcome, OrderClaim } from './client-orders.port.js';
import { OrderClaimEntity } from './order-claim.entity.js';
import type { Held } from './marketplace.port.js';
import type { OrderEntity } from './order.entity.js';

/** How a claim ends. */
export interface ClaimEnd {
  readonly outcome: ClaimOutcome;
  readonly releasedBy?: number;
  readonly reason?: string;
  readonly details?: string | null;
}

/** The claims of every order, past and present. */
@Injectable()
export class ClaimHistory {
  constructor(private readonly database: Database) {}

  /** Notes the claim that a row was just given. */
  async open(tx: Transaction, order: Held<OrderEntity>): Promise<void> {
    const { id: orderId, leaseEpoch, evaluatorId, claimedAt, timeoutAt, processingNodeInfo } = order;
    const claim = { orderId, leaseEpoch, evaluatorId, claimedAt, timeoutAt, processingNodeInfo };
    insertRow(tx, OrderClaimEntity, claim);
  }

  /** Ends the open claim of a row. @throws Error when it has none: the row and its history belong together */
  async close(tx: Transaction, order: OrderEntity, end: ClaimEnd, now: Date): Promise<void> {
    writeSql(
      tx,
      `UPDATE prediction_claims SET ended_at = ?, outcome = ?, released_by = ?, reason = ?, details = ?
       WHERE prediction_id = ? AND lease_epoch = ? AND ended_at IS NULL RETURNING id`,
      [
        now.toISOString(),
        end.outcome,
        end.releasedBy ?? null,
        end.reason ?? null,
        end.details ?? null,
        order.id,
        order.leaseEpoch,
      ],
      () => new Error('invariant broken: an order in work has one open claim'),
    );
  }

  /** Every claim of an order, first one first. */
  of(orderId: string): Promise<readonly OrderClaim[]> {
    const { manager } = this.database.read;
    return manager.find(OrderClaimEntity, { where: { orderId }, order: { leaseEpoch: 'ASC' } });
  }

  /** The claim of an epoch; null when there was none. */
  find(tx: Transaction, orderId: string, leaseEpoch: number): Promise<OrderClaimEntity | null> {
    return tx.manager.findOneBy(OrderClaimEntity, { orderId, leaseEpoch });
  }

  /** When the evaluator itself last released this order after the moment; null when it did not. */
  async releasedAfter(
    tx: Transaction,
    orderId: string,
    evaluatorId: number,
    moment: Date,
  ): Promise<Date | null> {
    const [row] = await readSql<{ ended: string | null }>(
      tx,
      `SELECT MAX(ended_at) AS ended FROM prediction_claims WHERE prediction_id = ? AND evaluator_id = ?
         AND released_by = ? AND outcome = 'released' AND ended_at > ?`,
      [orderId, evaluatorId, evaluatorId, moment.toISOString()],
    );
    return row?.ended ? new Date(row.ended) : null;
  }
}
