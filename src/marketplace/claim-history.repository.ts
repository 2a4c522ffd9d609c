import { Injectable } from '@nestjs/common';
import { Database, runSql, type Transaction } from '#libs/database';
import type { JobClaim } from './client-requests.port.js';
import { PredictionClaimEntity, type ClaimOutcome } from './prediction-claim.entity.js';
import type { PredictionJobEntity } from './prediction-job.entity.js';

/** How a claim ends. */
export interface ClaimEnd {
  readonly outcome: ClaimOutcome;
  readonly releasedBy?: number;
  readonly reason?: string;
  readonly details?: string | null;
}

/** The claims of every request, past and present. */
@Injectable()
export class ClaimHistory {
  constructor(private readonly database: Database) {}

  /** Notes the claim that a row was just given. */
  async open(tx: Transaction, job: PredictionJobEntity): Promise<void> {
    await runSql(
      tx,
      `INSERT INTO prediction_claims (prediction_id, lease_epoch, evaluator_id, claimed_at, timeout_at,
         processing_node_info) VALUES (?, ?, ?, ?, ?, ?)`,
      [
        job.id,
        job.leaseEpoch,
        job.claimedBy,
        job.claimedAt?.toISOString() ?? null,
        job.timeoutAt?.toISOString() ?? null,
        job.processingNodeInfo === null ? null : JSON.stringify(job.processingNodeInfo),
      ],
    );
  }

  /** Ends the open claim of a row. @throws Error when it has none: the row and its history belong together */
  async close(tx: Transaction, job: PredictionJobEntity, end: ClaimEnd, now: Date): Promise<void> {
    const rows = await runSql(
      tx,
      `UPDATE prediction_claims SET ended_at = ?, outcome = ?, released_by = ?, reason = ?, details = ?
       WHERE prediction_id = ? AND lease_epoch = ? AND ended_at IS NULL RETURNING id`,
      [
        now.toISOString(),
        end.outcome,
        end.releasedBy ?? null,
        end.reason ?? null,
        end.details ?? null,
        job.id,
        job.leaseEpoch,
      ],
    );
    if (rows.length !== 1) throw new Error('invariant broken: a request in work has one open claim');
  }

  /** Every claim of a request, first one first. */
  async of(predictionId: string): Promise<readonly JobClaim[]> {
    const { manager } = this.database.read;
    const rows = await manager.find(PredictionClaimEntity, {
      where: { predictionId },
      order: { leaseEpoch: 'ASC' },
    });
    return rows.map(({ leaseEpoch, evaluatorId, claimedAt, endedAt, outcome, reason, details }) => ({
      epoch: leaseEpoch,
      evaluatorId,
      claimedAt,
      endedAt,
      outcome,
      reason,
      details,
    }));
  }

  /** The claim of an epoch; null when there was none. */
  find(tx: Transaction, predictionId: string, leaseEpoch: number): Promise<PredictionClaimEntity | null> {
    return tx.manager.findOneBy(PredictionClaimEntity, { predictionId, leaseEpoch });
  }

  /** When the evaluator itself last released this request after the moment; null when it did not. */
  async releasedAfter(
    tx: Transaction,
    predictionId: string,
    evaluatorId: number,
    moment: Date,
  ): Promise<Date | null> {
    const [row] = await runSql<{ ended: string | null }>(
      tx,
      `SELECT MAX(ended_at) AS ended FROM prediction_claims WHERE prediction_id = ? AND evaluator_id = ?
         AND released_by = ? AND outcome = 'released' AND ended_at > ?`,
      [predictionId, evaluatorId, evaluatorId, moment.toISOString()],
    );
    return row?.ended ? new Date(row.ended) : null;
  }
}
