import { Injectable } from '@nestjs/common';
import type { Transaction } from '#libs/database';
import { Clock } from '#libs/kernel';
import type { Micros } from './billing.port.js';
import { CreditUses } from './credit-uses.service.js';
import { availableOf, earnedOf, escrowOf } from './ledger.js';
import { LedgerRepository } from './ledger.repository.js';
import { ScoreHoldRepository } from './score-hold.repository.js';
import type { DueHold, ScoreHolds, ScorePayment, ScoreVerdict } from './score-holds.port.js';

/** Pays out what was held until a forecast is scored: one balanced transaction of the ledger for each order. */
@Injectable()
export class SettleScoreHolds implements ScoreHolds {
  constructor(
    private readonly holds: ScoreHoldRepository,
    private readonly ledger: LedgerRepository,
    private readonly credits: CreditUses,
    private readonly clock: Clock,
  ) {}

  due(now: Date, limit: number): Promise<DueHold[]> {
    return this.holds.due(now, limit);
  }

  lookLater(tx: Transaction, orderIds: readonly string[], at: Date): void {
    this.holds.lookLater(tx, orderIds, at);
  }

  async settle(tx: Transaction, orderId: string, verdict: ScoreVerdict): Promise<ScorePayment | null> {
    await this.ledger.lockHold(tx, orderId);
    const [hold, used] = await Promise.all([this.holds.of(orderId), this.credits.usedBy(tx, orderId)]);
    if (hold === null || hold.held === null || hold.settledAt !== null) return null;
    const { clientId, providerId, currency, held } = hold;
    const earned = earnedPart(held, verdict.fraction);
    const returned = held - earned;
    const now = new Date(this.clock.now());
    const transactionId = await this.ledger.post(
      tx,
      {
        type: 'score',
        userId: clientId,
        orderId,
        currency,
        amount: held,
        description: verdict.state === 'scored' ? 'paid by score' : `not scored: ${verdict.reason ?? ''}`,
        entries: [
          { account: escrowOf(clientId), amount: -held },
          { account: earnedOf(providerId), amount: earned },
          { account: availableOf(clientId), amount: returned },
        ],
      },
      now,
    );
    if (returned > 0) this.credits.giveBack(tx, { used, transactionId, amount: returned }, now);
    const payment: ScorePayment = { ...verdict, orderId, currency, held, earned, returned };
    this.holds.settle(tx, payment, now);
    return payment;
  }
}

/** Whole micro-units, rounded down: what is left is the client's. @throws Error for a part that is none */
function earnedPart(held: Micros, fraction: number): Micros {
  if (!(fraction >= 0 && fraction <= 1))
    throw new Error(`invariant broken: a score earns 0 to 1 of what is held, not ${fraction}`);
  return Math.floor(held * fraction);
}
