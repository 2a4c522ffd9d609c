import { AppError, delay, type Clock } from '#libs/kernel';
import type { PluginLogger } from '#libs/plugin-sdk';
import type { ComputeAnswer } from './compute-answer.js';
import {
  AnswerRefused,
  AssignmentLost,
  MarketRefused,
  MarketUnavailable,
  type Assignment,
  type Offer,
  type Progress,
  type WorkSource,
} from './work-source.js';

export interface AgentOptions {
  /** Requests that are computed at the same time. */
  readonly parallel: number;
  /** Milliseconds until the market is asked again when it has nothing. */
  readonly idleMs: number;
  /** Between two words about a request that is being computed. */
  readonly heartbeatMs: number;
  /** Ends when there is nothing to do. */
  readonly untilIdle?: boolean;
  /** Only requests for this predictor. */
  readonly predictor?: string | null;
}

/** Offers that are looked at in one go. */
const OFFERS = 100;
/** Longest pause between attempts to reach the market. */
const LONGEST_PAUSE_MS = 60_000;
/** What is kept back of a claim's time, for the answer's way. */
const RESERVE_MS = 1_000;
/** Attempts to hand in one answer. */
const SUBMIT_ATTEMPTS = 8;

export interface AgentFigures {
  readonly completed: number;
  readonly released: number;
  readonly lost: number;
}

/**
 * An evaluator that works by itself: takes requests off the market, computes them with the plugins of its process,
 * says how far it is, hands the answers in, and gives back what it cannot compute. While the market is away it waits,
 * twice as long each time; what it had claimed when it is killed goes back to the queue when the lease runs out.
 */
export class EvaluatorAgent {
  readonly #stopping = new AbortController();
  readonly #aborting = new AbortController();
  #slots: Promise<void>[] = [];
  #wake = new AbortController();
  #completed = 0;
  #released = 0;
  #lost = 0;

  constructor(
    private readonly market: WorkSource,
    private readonly answers: ComputeAnswer,
    private readonly options: AgentOptions,
    private readonly clock: Clock,
    private readonly logger: PluginLogger,
  ) {}

  get figures(): AgentFigures {
    return { completed: this.#completed, released: this.#released, lost: this.#lost };
  }

  /** Begins to work. @returns when it was stopped, or is idle with `untilIdle` @throws MarketRefused */
  async run(): Promise<void> {
    this.#slots = Array.from({ length: this.options.parallel }, () => this.#work());
    try {
      await Promise.all(this.#slots);
    } catch (error) {
      this.#stopping.abort();
      throw error;
    } finally {
      await Promise.allSettled(this.#slots);
    }
  }

  /** Looks for work now, not after the pause. */
  wake(): void {
    this.#wake.abort();
    this.#wake = new AbortController();
  }

  /** Claims nothing more; what is being computed has `graceMs`, then it is given back. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping.abort();
    this.wake();
    const cancel = this.clock.after(graceMs, () => this.#aborting.abort());
    await Promise.allSettled(this.#slots);
    cancel();
  }

  async #work(): Promise<void> {
    for (let failures = 0; !this.#stopping.signal.aborted;) {
      try {
        const assignment = await this.#next();
        failures = 0;
        if (assignment !== null) await this.#complete(assignment);
        else if (this.options.untilIdle === true) return;
        else await this.#pause(this.options.idleMs);
      } catch (error) {
        if (!(error instanceof MarketUnavailable)) throw error;
        this.logger.warn(`the market is not available: ${error.message}`);
        await this.#pause(error.retryAfterMs ?? pauseAfter((failures += 1)));
      }
    }
  }

  async #next(): Promise<Assignment | null> {
    for (const offer of await this.market.offers(OFFERS)) {
      if (this.#stopping.signal.aborted) return null;
      if (!this.#takes(offer)) continue;
      const assignment = await this.market.claim(offer);
      if (assignment !== null) return assignment;
    }
    return null;
  }

  #takes(offer: Offer): boolean {
    const { predictor = null } = this.options;
    return (predictor === null || offer.predictor === predictor) && this.answers.knows(offer);
  }

  async #complete(assignment: Assignment): Promise<void> {
    const { id } = assignment.offer;
    try {
      const result = await this.#compute(assignment);
      await this.#submit(assignment, result);
      this.#completed += 1;
      this.logger.info('completed', { request: id });
    } catch (error) {
      if (error instanceof MarketRefused) throw error;
      if (error instanceof AssignmentLost) {
        this.#lost += 1;
        this.logger.warn(`lost: ${error.message}`, { request: id });
        return;
      }
      await this.#giveBack(assignment, error);
    }
  }

  async #compute(assignment: Assignment) {
    const lost = new AbortController();
    const timeoutMs = Math.max(1, assignment.deadline - this.clock.now() - RESERVE_MS);
    let latest: Progress = { percentage: 0, step: 'claimed' };
    let cancel = (): void => undefined;
    const beat = (): void => {
      cancel = this.clock.after(this.options.heartbeatMs, () => {
        this.market.report(assignment, latest).then(beat, (error: unknown) => {
          if (error instanceof AssignmentLost) lost.abort(error);
          // A market that is away for a moment may be back before the answer is there.
          else beat();
        });
      });
    };
    beat();
    try {
      return await this.answers.compute(assignment.offer, {
        signal: AbortSignal.any([lost.signal, this.#aborting.signal]),
        timeoutMs,
        progress: (progress) => (latest = progress),
      });
    } catch (error) {
      throw lost.signal.aborted ? lost.signal.reason : error;
    } finally {
      cancel();
    }
  }

  /** The answer is there: it is worth some patience. */
  async #submit(assignment: Assignment, result: Parameters<WorkSource['submit']>[1]): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.market.submit(assignment, result);
      } catch (error) {
        const isLast = attempt === SUBMIT_ATTEMPTS || this.clock.now() >= assignment.deadline;
        if (!(error instanceof MarketUnavailable) || isLast) throw error;
        this.logger.warn(`the answer could not be handed in yet: ${error.message}`);
        await delay(this.clock, error.retryAfterMs ?? pauseAfter(attempt), this.#aborting.signal);
      }
    }
  }

  async #giveBack(assignment: Assignment, error: unknown): Promise<void> {
    const reason = reasonOf(error, this.#aborting.signal.aborted);
    this.logger.warn(`given back: ${reason}`, { request: assignment.offer.id });
    try {
      await this.market.release(assignment, reason);
      this.#released += 1;
    } catch (releaseError) {
      if (releaseError instanceof MarketRefused) throw releaseError;
      // The lease gives it back, only later.
      this.#lost += 1;
      this.logger.warn(`could not be given back: ${String(releaseError)}`, { request: assignment.offer.id });
    }
  }

  #pause(ms: number): Promise<void> {
    return delay(this.clock, ms, AbortSignal.any([this.#wake.signal, this.#stopping.signal]));
  }
}

/** 1 s, 2 s, 4 s … 60 s, spread by a fifth so that agents do not come all at once. */
const pauseAfter = (failures: number): number =>
  Math.min(LONGEST_PAUSE_MS, 1_000 * 2 ** (failures - 1)) * (0.9 + Math.random() * 0.2);

/** Only what the product says itself leaves this process. */
function reasonOf(error: unknown, stopped: boolean): string {
  if (stopped) return 'the evaluator was stopped';
  if (error instanceof AppError) return `${error.code}: ${error.detail}`;
  return error instanceof AnswerRefused || error instanceof MarketUnavailable
    ? error.message
    : 'the computation failed';
}
