import { Injectable } from '@nestjs/common';
import { countsOf, KeptFigures } from '#libs/database';
import { Clock, DAY_MS, SECOND_MS } from '#libs/kernel';
import type { OrderEntity } from './order.entity.js';
import { OrderRepository } from './order.repository.js';
import { OrderViews } from './order-views.service.js';

/** Orders completed longer ago say nothing about now. */
const WINDOW_MS = DAY_MS;
/** The latest ones that count. */
const SAMPLE = 100;
const MIDDLING_PRIORITY = 5;
/** How long a pace holds that another process may have changed: the median of a hundred does not move in that time. */
const PACE_HOLDS_MS = SECOND_MS;

/** How fast orders are being worked off. */
interface Pace {
  readonly evaluators: number;
  readonly medianMs: number;
}

/** Where orders stand in the queue, and how long that takes: by the latest completed ones, or not at all. */
@Injectable()
export class QueueOutlook {
  /** Found lately: every new order asks for it, and it takes the reading of a hundred rows. */
  #latest: { readonly pace: Pace | null; readonly foundMs: number } | null = null;

  constructor(
    private readonly orders: OrderRepository,
    private readonly kept: KeptFigures,
    private readonly clock: Clock,
    views: OrderViews,
  ) {
    views.subscribe(async (tx, { kind }) => {
      if (kind === 'completed') tx.whenOver(() => (this.#latest = null));
    });
  }

  /**
   * The place of an order that comes now, 1 is next, and when it may be done: the evaluators of the last day take turns;
   * null without any.
   */
  async ofNext({
    priority,
  }: Pick<OrderEntity, 'priority'>): Promise<{ queuePosition: number; estimatedCompletion: Date | null }> {
    const [ahead, pace] = await Promise.all([this.#countWaiting(priority), this.#pace()]);
    const queuePosition = ahead + 1;
    if (pace === null) return { queuePosition, estimatedCompletion: null };
    const waitMs = Math.ceil(queuePosition / pace.evaluators) * pace.medianMs;
    return { queuePosition, estimatedCompletion: new Date(this.clock.now() + waitMs) };
  }

  /** Milliseconds that a new order of middling priority would wait for its claim; null without a recent one. */
  async waitMs(): Promise<number | null> {
    const pace = await this.#pace();
    if (pace === null) return null;
    const ahead = await this.#countWaiting(MIDDLING_PRIORITY);
    return Math.floor(ahead / pace.evaluators) * pace.medianMs;
  }

  /** Orders that wait with at least this priority. */
  async #countWaiting(least: number): Promise<number> {
    const [figures, outdated] = await Promise.all([
      this.kept.standing('orders'),
      this.orders.countOutdated(least, new Date(this.clock.now())),
    ]);
    const byPriority = countsOf(figures, 'priority:');
    const waiting = Object.entries(byPriority).filter(([priority]) => Number(priority) >= least);
    return waiting.reduce((sum, [, orders]) => sum + orders, -outdated);
  }

  async #pace(): Promise<Pace | null> {
    const nowMs = this.clock.monotonic();
    if (this.#latest !== null && nowMs - this.#latest.foundMs < PACE_HOLDS_MS) return this.#latest.pace;
    const pace = await this.#findPace();
    this.#latest = { pace, foundMs: nowMs };
    return pace;
  }

  async #findPace(): Promise<Pace | null> {
    const since = new Date(this.clock.now() - WINDOW_MS);
    const latest = await this.orders.latestCompleted(since, SAMPLE);
    if (latest.length === 0) return null;
    const times = latest.map(({ processingMs }) => processingMs).sort((a, b) => a - b);
    const middle = times.length >> 1;
    const [upper = 0, lower = 0] = [times[middle], times[times.length % 2 === 0 ? middle - 1 : middle]];
    return {
      evaluators: new Set(latest.map(({ evaluatorId }) => evaluatorId)).size,
      medianMs: Math.round((lower + upper) / 2),
    };
  }
}
