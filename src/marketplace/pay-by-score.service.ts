import { Injectable } from '@nestjs/common';
import { AppConfig } from '#libs/config';
import { TransactionRunner } from '#libs/database';
import { PeriodicService } from '#libs/jobs';
import { Clock, DAY_MS, HOUR_MS } from '#libs/kernel';
import { type DueHold, ScoreHolds, type ScoreVerdict } from '../billing/score-holds.port.js';
import { type ForecastPay, ForecastPays } from '../outcomes/outcomes.port.js';
import { OrderViews } from './order-views.service.js';
import { OrderRepository } from './order.repository.js';

/** Orders that are looked at in one go. */
const BATCH = 100;
/** How long one waits that could not be paid. */
const FAILED_RETRY_MS = HOUR_MS;

/** What a turn did. */
export interface ScorePayFigures {
  readonly scored: number;
  /** Of which nothing could be scored: all was returned. */
  readonly unresolvable: number;
}

/**
 * Pays what is held of answered orders when their forecasts can be scored. The held part's own row says when to look; each order
 * is paid in a transaction of its own behind the lock of its row, so that any number of processes may do so, and one that is
 * killed between outcome and pay is made up for by the next look. What waits longer than `score_hold_days` is paid by what has come.
 */
@Injectable()
export class PayByScore extends PeriodicService {
  constructor(
    private readonly holds: ScoreHolds,
    private readonly forecasts: ForecastPays,
    private readonly orders: OrderRepository,
    private readonly views: OrderViews,
    private readonly transactions: TransactionRunner,
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {
    super(clock, { everyMs: config.outcome_seconds * 1_000 });
  }

  /** Everything that is due, in batches. */
  async pay(signal?: AbortSignal): Promise<ScorePayFigures> {
    const figures = { scored: 0, unresolvable: 0 };
    const goesOn = (): boolean => signal?.aborted !== true;
    while (goesOn()) {
      const now = this.clock.now();
      const due = await this.holds.due(new Date(now), BATCH);
      if (due.length === 0) break;
      const pays = await this.forecasts.of(
        due.map(({ orderId }) => orderId),
        now,
      );
      const later = new Map<number, string[]>();
      for (const hold of due) {
        const pay = pays.get(hold.orderId);
        if (pay === undefined) throw new Error('invariant broken: each order has its pay');
        const verdict = this.#verdictOf(hold, pay, now);
        if (verdict !== null && (await this.#settled(hold.orderId, verdict))) figures[verdict.state] += 1;
        else if (verdict === null) {
          const at = Math.max(now + 1, Math.min(pay.nextAt?.getTime() ?? 0, this.#endOf(hold)));
          later.set(at, [...(later.get(at) ?? []), hold.orderId]);
        }
      }
      await this.#lookLater(later);
    }
    return figures;
  }

  protected async turn(signal: AbortSignal): Promise<void> {
    const { scored, unresolvable } = await this.pay(signal);
    if (scored + unresolvable > 0)
      this.logger.log(`paid ${scored} orders by score; ${unresolvable} could not be scored`);
  }

  /** Null while there is something to wait for. */
  #verdictOf(hold: DueHold, pay: ForecastPay, now: number): ScoreVerdict | null {
    if (pay.nextAt !== null && now < this.#endOf(hold)) return null;
    const state = pay.scored > 0 ? 'scored' : 'unresolvable';
    const reason = pay.nextAt === null ? pay.reason : 'held_too_long';
    return { state, fraction: pay.fraction, reason };
  }

  #endOf({ heldAt }: DueHold): number {
    return heldAt.getTime() + this.config.score_hold_days * DAY_MS;
  }

  /** False when another process was faster, or it failed: one that fails must not keep the others waiting. */
  async #settled(orderId: string, verdict: ScoreVerdict): Promise<boolean> {
    try {
      return await this.transactions.run(async (tx) => {
        const now = new Date(this.clock.now());
        const row = await this.orders.findForUpdate(tx, orderId);
        if (row === null) throw new Error(`invariant broken: order ${orderId} holds money and is not there`);
        const payment = await this.holds.settle(tx, orderId, verdict);
        if (payment === null) return false;
        const { state, earned } = payment;
        const changes = {
          scoreState: state,
          scoreEarned: earned,
          actualCost: (row.actualCost ?? 0) + earned,
        };
        await this.views.tell(tx, 'scored', await this.orders.change(tx, row, changes, now), now);
        return true;
      });
    } catch (error) {
      this.logger.error(error);
      await this.#lookLater(new Map([[this.clock.now() + FAILED_RETRY_MS, [orderId]]]));
      return false;
    }
  }

  async #lookLater(later: ReadonlyMap<number, readonly string[]>): Promise<void> {
    if (later.size === 0) return;
    await this.transactions.run(async (tx) => {
      for (const [at, orderIds] of later) this.holds.lookLater(tx, orderIds, new Date(at));
    });
  }
}
