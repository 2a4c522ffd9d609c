import { Injectable } from '@nestjs/common';
import { type Transaction, TransactionRunner } from '#libs/database';
import { DAY_MS } from '#libs/kernel';
import type { ForecastPinEntity } from './forecast-pin.entity.js';
import type { NewOutcome } from './outcomes.repository.js';
import { ALL_HORIZONS, dailySums, subjectsOf } from './score-sums.js';
import { ScoresRepository } from './scores.repository.js';
import { standingOf } from './standing.js';

/** Outcomes that say something about the present; after a year each counts 1 %. */
export const JUDGED_DAYS = 365;

/** `2026-01-31` of a moment (epoch ms). */
export const dayOf = (moment: number): string => new Date(moment).toISOString().slice(0, 10);

/** Keeps the sums that scorecards are read from, while outcomes are written. */
@Injectable()
export class KeepScores {
  constructor(
    private readonly scores: ScoresRepository,
    private readonly transactions: TransactionRunner,
  ) {}

  /** Adds outcomes to the days of everybody who is judged by them, in the transaction that writes them. */
  add(
    tx: Transaction,
    written: readonly { readonly pin: ForecastPinEntity; readonly outcome: NewOutcome }[],
  ): Promise<void> {
    return this.scores.add(tx, dailySums(written));
  }

  /** Says anew where those stand who are judged by these forecasts. @param now epoch ms */
  async judge(pins: readonly ForecastPinEntity[], now: number): Promise<void> {
    const live = pins.filter(({ standing }) => standing === 'live');
    for (const subject of new Set(live.flatMap(subjectsOf))) {
      const range = { from: dayOf(now - JUDGED_DAYS * DAY_MS), to: dayOf(now) };
      const days = await this.scores.days({ subject, horizon: ALL_HORIZONS, ...range });
      const { outcomes, effectiveCount, skill, skillLower, quality } = standingOf(days, now);
      await this.transactions.run(async (tx) =>
        this.scores.setStanding(tx, {
          subject,
          kind: subject.slice(0, subject.indexOf(':')),
          outcomes,
          effectiveCount,
          skill,
          skillLower,
          quality,
          updatedAt: new Date(now),
        }),
      );
    }
  }
}
