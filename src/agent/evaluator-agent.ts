import { AppError, type Clock, delay, type ErrorKind, messageOf } from '#libs/kernel';
import type { PluginLogger } from '#libs/plugin-sdk';
import type { OrderProgress } from '../marketplace/marketplace.port.js';
import type {
  ClaimedOrder,
  ClaimedWork,
  LeaseReference,
  OrderQueue,
} from '../marketplace/order-queue.port.js';
import type { ComputeAnswer, ComputedAnswer, OfferedOrder } from './compute-answer.js';

type Contract = OrderQueue & ClaimedWork;
type Answering<K extends keyof Contract, T> = (...given: Parameters<Contract[K]>) => Promise<T>;

/**
 * What the agent uses of the evaluator's queue: the one of its own process, or that of a service elsewhere. Errors are
 * those of `OrderQueue` and `ClaimedWork`, and two more of a service elsewhere: `unavailable` while it cannot be reached, and
 * `unauthorized` when it refuses the agent for good (a wrong key, role or address).
 */
export interface AgentQueue {
  readonly pending: Answering<'pending', { readonly orders: readonly OfferedOrder[] }>;
  readonly claim: Answering<'claim', Pick<ClaimedOrder, 'leaseEpoch' | 'timeoutAt'>>;
}

/** What it uses of the work on a claimed order. */
export interface AgentWork {
  readonly heartbeat: Answering<'heartbeat', unknown>;
  /** A repeat of the same answer under the same claim settles nothing twice. */
  readonly submit: Answering<'submit', unknown>;
  readonly release: Answering<'release', unknown>;
  /** Only inside of a service, whose own data these are; elsewhere an order is given back to those who have other data. */
  readonly fail?: Answering<'fail', unknown>;
}

export interface AgentOptions {
  /** Orders that are computed at the same time. */
  readonly parallel: number;
  /** Milliseconds until the marketplace is asked again when it has nothing. */
  readonly idleMs: number;
  /** Between two words about an order that is being computed. */
  readonly heartbeatMs: number;
  /** Ends when there is nothing to do. */
  readonly untilIdle?: boolean;
  /** Only orders for this predictor. */
  readonly predictor?: string | null;
}

/** The agent inside of a service works for the service; over HTTP the key says who it is. */
const SERVICE = 'platform';
/** Orders that are looked at in one go, in the order in which the queue is worked off. */
const OFFERS = { sort: 'priority', order: 'desc', limit: 100 } as const;
/** Longest pause between attempts to reach the marketplace. */
const LONGEST_PAUSE_MS = 60_000;
/** What is kept back of a claim's time, for the answer's way. */
const RESERVE_MS = 1_000;
/** Attempts to hand in one answer. */
const SUBMIT_ATTEMPTS = 8;
/** Characters of the reason for which an order is given back. */
const LONGEST_DETAILS = 2_000;

/** Nobody with the same data would answer otherwise: the order ends, and the price goes back. */
const FINAL_CODES: readonly string[] = ['stale_data', 'abstained', 'training_range_unknown'];

/** An order in the agent's hands. */
interface Claim {
  readonly order: OfferedOrder;
  readonly lease: LeaseReference;
  /** Epoch ms: an answer that comes later is refused. */
  readonly deadline: number;
}

/**
 * An evaluator that works by itself: takes orders off the marketplace, computes them with the plugins of its process,
 * says how far it is, hands the answers in, and gives back what it cannot compute. While the marketplace is away it waits,
 * twice as long each time; what it had claimed when it is killed goes back to the queue when the lease runs out.
 */
export class EvaluatorAgent {
  /** How many orders were answered, given back, and lost. */
  readonly figures = { completed: 0, released: 0, lost: 0 };
  readonly #stopping = new AbortController();
  readonly #aborting = new AbortController();
  #slots: Promise<void>[] = [];
  #wake = new AbortController();

  constructor(
    private readonly queue: AgentQueue,
    private readonly work: AgentWork,
    private readonly answers: ComputeAnswer,
    private readonly options: AgentOptions,
    private readonly clock: Clock,
    private readonly logger: PluginLogger,
  ) {}

  /** Begins to work. @returns when it was stopped, or is idle with `untilIdle` @throws AppError when the marketplace refuses the agent for good */
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
      // Taken before the look: an order that comes while it lasts is one that the look may not have seen.
      const woken = this.#wake.signal;
      try {
        const claim = await this.#next();
        failures = 0;
        if (claim !== null) await this.#complete(claim);
        else if (this.options.untilIdle === true) return;
        else await this.#pause(this.options.idleMs, woken);
      } catch (error) {
        if (!isAway(error)) throw error;
        this.logger.warn(`the marketplace is not available: ${error.detail}`);
        await this.#pause(retryAfterMs(error) ?? pauseAfter((failures += 1)), woken);
      }
    }
  }

  async #next(): Promise<Claim | null> {
    const { orders } = await this.queue.pending(SERVICE, {}, OFFERS);
    for (const order of orders) {
      if (this.#stopping.signal.aborted) return null;
      if (!this.#takes(order)) continue;
      const claim = await this.#claim(order);
      if (claim !== null) return claim;
    }
    return null;
  }

  #takes(order: OfferedOrder): boolean {
    const { predictor = null } = this.options;
    return (predictor === null || order.predictorPlugin === predictor) && this.answers.knows(order);
  }

  /** Null when it cannot be claimed any more, or not by this evaluator now. */
  async #claim(order: OfferedOrder): Promise<Claim | null> {
    try {
      const { leaseEpoch, timeoutAt } = await this.queue.claim(SERVICE, { orderId: order.id });
      return { order, lease: { orderId: order.id, leaseEpoch }, deadline: timeoutAt.getTime() };
    } catch (error) {
      if (isTaken(error)) return null;
      throw error;
    }
  }

  async #complete(claim: Claim): Promise<void> {
    const lost = new AbortController();
    let answer: ComputedAnswer;
    try {
      answer = await this.#compute(claim, lost);
    } catch (error) {
      if (lost.signal.aborted) return this.#lose(claim, `lost: ${messageOf(lost.signal.reason)}`);
      // Only what the product says itself leaves this process.
      const isSafe = error instanceof AppError;
      if (isSafe && FINAL_CODES.includes(error.code) && this.work.fail) return this.#fail(claim, error);
      return this.#giveBack(claim, isSafe ? `${error.code}: ${error.detail}` : 'the computation failed');
    }
    try {
      await this.#submit(claim, answer);
    } catch (error) {
      if (isRefusal(error)) throw error;
      if (isLost(error)) return this.#lose(claim, `lost: ${error.detail}`);
      return this.#giveBack(claim, error instanceof AppError ? error.detail : 'it could not be handed in');
    }
    this.figures.completed += 1;
    this.logger.info('completed', { order: claim.order.id });
  }

  /** @param lost is aborted, with the error, when the marketplace says that the claim is gone */
  async #compute({ order, lease, deadline }: Claim, lost: AbortController): Promise<ComputedAnswer> {
    const timeoutMs = Math.max(1, deadline - this.clock.now() - RESERVE_MS);
    let latest: Partial<OrderProgress> = { progressPercentage: 0, currentStep: 'claimed' };
    let cancel = (): void => undefined;
    const beat = (): void => {
      cancel = this.clock.after(this.options.heartbeatMs, () => {
        this.work.heartbeat(SERVICE, lease, latest).then(beat, (error: unknown) => {
          if (isLost(error)) lost.abort(error);
          // A marketplace that is away for a moment may be back before the answer is there.
          else beat();
        });
      });
    };
    beat();
    try {
      return await this.answers.compute(order, {
        signal: AbortSignal.any([lost.signal, this.#aborting.signal]),
        timeoutMs,
        progress: (progressPercentage, currentStep) => (latest = { progressPercentage, currentStep }),
      });
    } finally {
      cancel();
    }
  }

  /** The answer is there: it is worth some patience. */
  async #submit({ lease, deadline }: Claim, answer: ComputedAnswer): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.work.submit(SERVICE, { ...lease, ...answer });
        return;
      } catch (error) {
        const isLast = attempt === SUBMIT_ATTEMPTS || this.clock.now() >= deadline;
        if (!isAway(error) || isLast) throw error;
        this.logger.warn(`the answer could not be submitted yet: ${error.detail}`);
        await delay(this.clock, retryAfterMs(error) ?? pauseAfter(attempt), this.#aborting.signal);
      }
    }
  }

  /** The order asks about the present, and nothing here will be newer for it. */
  async #fail(claim: Claim, { code, detail }: AppError): Promise<void> {
    this.logger.warn(`failed: ${code}: ${detail}`, { order: claim.order.id });
    try {
      await this.work.fail?.(SERVICE, { ...claim.lease, reason: code, message: detail });
    } catch (error) {
      if (isRefusal(error)) throw error;
      this.#lose(claim, `could not be ended: ${messageOf(error)}`);
    }
  }

  async #giveBack(claim: Claim, why: string): Promise<void> {
    const { order, lease } = claim;
    const reason = this.#aborting.signal.aborted ? 'the evaluator was stopped' : why;
    const details = reason.slice(0, LONGEST_DETAILS);
    this.logger.warn(`released: ${details}`, { order: order.id });
    try {
      await this.work.release(SERVICE, { ...lease, reason: 'technical_issue', details });
      this.figures.released += 1;
    } catch (error) {
      if (isRefusal(error)) throw error;
      // The lease gives it back, only later.
      this.#lose(claim, `could not be given back: ${messageOf(error)}`);
    }
  }

  #lose({ order }: Claim, text: string): void {
    this.figures.lost += 1;
    this.logger.warn(text, { order: order.id });
  }

  #pause(ms: number, woken: AbortSignal): Promise<void> {
    return delay(this.clock, ms, AbortSignal.any([woken, this.#stopping.signal]));
  }
}

/** 1 s, 2 s, 4 s … 60 s, spread by a fifth so that agents do not come all at once. */
const pauseAfter = (failures: number): number =>
  Math.min(LONGEST_PAUSE_MS, 1_000 * 2 ** (failures - 1)) * (0.9 + Math.random() * 0.2);

/** What the marketplace asked for; null leaves it to the agent. */
function retryAfterMs({ headers }: AppError): number | null {
  const seconds = Number(headers['Retry-After'] ?? NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : null;
}

const isError = (error: unknown, ...kinds: readonly ErrorKind[]): error is AppError =>
  error instanceof AppError && kinds.includes(error.kind);

/** The marketplace cannot be reached, or asks for patience. */
const isAway = (error: unknown): error is AppError => isError(error, 'unavailable', 'too_many');

/** Somebody else was faster, or this evaluator may not have it now. */
const isTaken = (error: unknown): boolean =>
  isError(error, 'not_found', 'gone', 'forbidden', 'conflict') ||
  (isError(error, 'too_many') && error.code === 'release_cooldown');

/** The claim ran out, was given back, or is somebody else's: nothing of the work counts any more. */
const isLost = (error: unknown): error is AppError =>
  isError(error, 'not_found', 'forbidden', 'conflict', 'deadline_passed', 'gone');

const isRefusal = (error: unknown): boolean => isError(error, 'unauthorized');
