import { Injectable } from '@nestjs/common';
import { KeptFigures, type Transaction, TransactionRunner } from '#libs/database';
import { DAY_MS } from '#libs/kernel';
import type { ForecastPinEntity } from './forecast-pin.entity.js';
import type { NewOutcome } from './outcomes.repository.js';
import { ALL_HORIZONS, dailySums, subjectsOf } from './score-sums.js';
import { ScoresRepository } from './scores.repository.js';
import { onTimeRateOf, standingOf, trendOf } from './standing.js';

/** Outcomes that say something about the present; after a year each counts 1 %. */
export const JUDGED_DAYS = 365;
/** A standing is judged anew after so long even when nothing came: outcomes leave the year, deliveries come. */
const STALE_AFTER_MS = DAY_MS;
/** Of those in one turn. */
const STALE_A_TURN = 50;

/** `2026-01-31` of a moment (epoch ms). */
export const dayOf = (moment: number): string => new Date(moment).toISOString().slice(0, 10);

/** Where it is counted what a party delivered. */
const DELIVERED: Readonly<Record<string, string>> = { evaluator: 'evaluations', provider: 'deliveries' };

/** Keeps the sums that scorecards are read from, while outcomes are written. */
@Injectable()
export class KeepScores {
  constructor(
    private readonly scores: ScoresRepository,
    private readonly figures: KeptFigures,
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
    for (const subject of new Set(live.flatMap(subjectsOf))) await this.#judge(subject, now);
  }

  /** Says anew where those stand who were judged longest ago, more than a day. @param now epoch ms */
  async refresh(now: number): Promise<void> {
    const stale = await this.scores.judgedBefore(new Date(now - STALE_AFTER_MS), STALE_A_TURN);
    for (const subject of stale) await this.#judge(subject, now);
  }

  /** Whether {@link refresh} has something to do. */
  async isStale(now: number): Promise<boolean> {
    return (await this.scores.judgedBefore(new Date(now - STALE_AFTER_MS), 1)).length > 0;
  }

  async #judge(subject: string, now: number): Promise<void> {
    const since = now - JUDGED_DAYS * DAY_MS;
    const range = { from: dayOf(since), to: dayOf(now) };
    const days = await this.scores.days({ subject, horizon: ALL_HORIZONS, ...range });
    const [kind = '', party] = subject.split(/:(.*)/s);
    const source = DELIVERED[kind];
    const figures =
      source === undefined ? [] : await this.figures.daily(source, new Date(since), Number(party));
    const onTimeRate = onTimeRateOf(figures, now);
    const { outcomes, effectiveCount, skill, skillLower, quality } = standingOf(days, now);
    const reputation = quality === null || onTimeRate === null ? null : quality * onTimeRate;
    const judged = { outcomes, effectiveCount, skill, skillLower, quality, onTimeRate, reputation };
    const trend = trendOf(days, now);
    await this.transactions.run(async (tx) =>
      this.scores.setStanding(tx, { subject, kind, ...judged, trend, updatedAt: new Date(now) }),
    );
  }
}
