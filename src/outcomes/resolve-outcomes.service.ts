import { Injectable } from '@nestjs/common';
import { AppConfig } from '#libs/config';
import { TransactionRunner } from '#libs/database';
import { Clock, DAY_MS, HOUR_MS, MINUTE_MS } from '#libs/kernel';
import { coverageBitsOf, scoreForecast, type ForecastScale } from '#libs/scoring';
import { CalibrateForecast } from './calibration/calibrate-forecast.service.js';
import type { ForecastOutcomeEntity } from './forecast-outcome.entity.js';
import type { ForecastPinEntity } from './forecast-pin.entity.js';
import { KeepScores } from './keep-scores.service.js';
import { FetchRealisedBars } from './fetch-realised-bars.js';
import { type NewOutcome, OutcomesRepository } from './outcomes.repository.js';
import { groupedBy } from './group.js';
import { closeOfTarget, dueAtOf, barLengthOf } from './pin-forecast.service.js';
import {
  isAnotherValue,
  type KnownBars,
  realisationOf,
  type Realisation,
  scaleFactorOf,
  type SoughtBar,
} from './realised-bars.js';
import { TakeBaselines, type Write } from './take-baselines.service.js';

/** Pins in one go: they share what is fetched of their symbols. */
const BATCH = 200;
/** Longest pause until a bar that was not there is looked for again, and the shortest. */
const LATEST_RETRY_MS = HOUR_MS;
const EARLIEST_RETRY_MS = MINUTE_MS;

/** What a turn did. */
export interface ResolutionFigures {
  readonly resolved: number;
  readonly unresolvable: number;
  /** Outcomes of which the source now says something else. */
  readonly revised: number;
  /** Whether something was left that is due. */
  readonly isMore: boolean;
}

export interface ResolutionOptions {
  readonly signal?: AbortSignal;
  readonly write?: Write;
  /** At most so many; absent: until nothing is due. */
  readonly batches?: number;
}

interface Step {
  readonly outcomes: readonly NewOutcome[];
  readonly dueAt: Date | null;
}

/**
 * Looks for the bars that pinned forecasts were about, when they have closed, and writes down what came: once. When the
 * last target of a pin has its outcome, its bars are looked at once more after `outcome_recheck_days`, and those that
 * changed get a second row. A batch costs what its own pins cost, however many there are. One process at a time does so
 * (see `ResolutionJob`); were there two, a pin is taken in the transaction that writes its outcomes. Forecasts without a last closed
 * bar get it first, and wait while its source is away.
 */
@Injectable()
export class ResolveOutcomes {
  constructor(
    private readonly outcomes: OutcomesRepository,
    private readonly bars: FetchRealisedBars,
    private readonly baselines: TakeBaselines,
    private readonly scores: KeepScores,
    private readonly calibrations: CalibrateForecast,
    private readonly transactions: TransactionRunner,
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {}

  /** Everything that is due, in batches. */
  async resolve({ signal, write, batches = Infinity }: ResolutionOptions = {}): Promise<ResolutionFigures> {
    const figures = { resolved: 0, unresolvable: 0, revised: 0 };
    const writer: Write = write ?? ((work) => this.transactions.run(work));
    const goesOn = (): boolean => signal?.aborted !== true;
    await this.baselines.take(writer, signal);
    for (let batch = 0; goesOn(); batch += 1) {
      const now = this.clock.now();
      const pins = await this.outcomes.due(new Date(now), BATCH);
      if (pins.length === 0) break;
      if (batch >= batches) return { ...figures, isMore: true };
      for (const outcome of await this.#batch(pins, now, writer)) {
        if (outcome.revision > 0) figures.revised += 1;
        else figures[outcome.status] += 1;
      }
    }
    return { ...figures, isMore: false };
  }

  async #batch(
    pins: readonly ForecastPinEntity[],
    now: number,
    write: Write,
  ): Promise<readonly NewOutcome[]> {
    const known = groupedBy(await this.outcomes.outcomesOf(pins.map(({ id }) => id)), ({ pinId }) => pinId);
    const written: NewOutcome[] = [];
    for (const group of groupedBy(pins, (pin) => this.bars.keyOf(pin)).values()) {
      const bars = await this.bars.of(group, now);
      const steps = group.map((pin) => ({ pin, step: this.#step(pin, known.get(pin.id) ?? [], bars, now) }));
      written.push(...(await this.#write(steps, write)));
    }
    await this.scores.judge(pins, now);
    return written;
  }

  #write(steps: readonly { pin: ForecastPinEntity; step: Step }[], write: Write): Promise<NewOutcome[]> {
    return write(async (tx) => {
      const written: { pin: ForecastPinEntity; outcome: NewOutcome }[] = [];
      for (const { pin, step } of steps) {
        if (!(await this.outcomes.advance(tx, pin, step.dueAt))) continue;
        written.push(...step.outcomes.map((outcome) => ({ pin, outcome })));
      }
      const outcomes = written.map(({ outcome }) => outcome);
      await this.outcomes.add(tx, outcomes);
      await this.scores.add(tx, written);
      await this.calibrations.learn(tx, written);
      return outcomes;
    });
  }

  #step(pin: ForecastPinEntity, known: readonly ForecastOutcomeEntity[], bars: KnownBars, now: number): Step {
    if (pin.baselineLookAt !== null)
      return {
        outcomes: [],
        dueAt: new Date(Math.max(pin.baselineLookAt.getTime(), now + EARLIEST_RETRY_MS)),
      };
    const before = new Map(known.map((one) => [one.horizon, one]));
    const targets = pin.targetTimes.flatMap((target, at) => (target === null ? [] : [{ target, at }]));
    const isLast = targets.every(({ at }) => before.has(pin.horizons[at] ?? 0));
    const factor = scaleFactorOf(bars, pin);
    const outcomes: NewOutcome[] = [];
    let waitsSince = Infinity;
    for (const { target, at } of targets) {
      const close = closeOfTarget(target, pin.interval);
      const old = before.get(pin.horizons[at] ?? 0);
      if (close > now || (old !== undefined && !isLast)) continue;
      const realisation = this.#realisation(pin, { target, close, factor }, bars, now);
      if (old === undefined && realisation === null) waitsSince = Math.min(waitsSince, close);
      else if (old === undefined || isRevised(old, realisation, bars))
        outcomes.push(outcomeOf(pin, at, { target, realisation, old, now }));
    }
    if (isLast) return { outcomes, dueAt: bars.isAway ? this.#lookAgainAt(pin, now) : null };
    const next = dueAtOf(pin, pin.interval, now);
    const retry = waitsSince === Infinity ? Infinity : now + this.#retryMs(pin, now - waitsSince);
    const later = Math.min(next?.getTime() ?? Infinity, retry);
    return { outcomes, dueAt: later === Infinity ? this.#recheckAt(now) : new Date(later) };
  }

  #realisation(
    pin: ForecastPinEntity,
    asked: Pick<SoughtBar, 'target' | 'close' | 'factor'>,
    bars: KnownBars,
    now: number,
  ): Realisation {
    const sought = {
      ...asked,
      limitMs: this.#limitMs(pin),
      waitMs: this.config.outcome_wait_days * DAY_MS,
      evaluatorId: pin.evaluatorId,
    };
    const found = realisationOf(bars, sought, now);
    // A live forecast foretells: what had closed when it was made counts for nobody.
    const isKnown = found !== null && typeof found !== 'string' && found.closedAt <= pin.issuedAt;
    return isKnown && pin.standing === 'live' ? 'known_at_issue' : found;
  }

  /** A source that is away cannot be asked for revisions either, but not for ever. */
  #lookAgainAt(pin: ForecastPinEntity, now: number): Date | null {
    const last = Math.max(...pin.targetTimes.map((time) => closeOfTarget(time ?? 0, pin.interval)));
    const { outcome_recheck_days: recheck, outcome_wait_days: wait } = this.config;
    return now > last + (recheck + wait) * DAY_MS ? null : new Date(now + LATEST_RETRY_MS);
  }

  #recheckAt(now: number): Date | null {
    const days = this.config.outcome_recheck_days;
    return days === 0 ? null : new Date(now + days * DAY_MS);
  }

  #limitMs({ interval }: ForecastPinEntity): number {
    return this.config.outcome_limit_bars * barLengthOf(interval);
  }

  #retryMs({ interval }: ForecastPinEntity, waitedMs: number): number {
    if (waitedMs > this.config.outcome_wait_days * DAY_MS) return DAY_MS;
    return Math.min(LATEST_RETRY_MS, Math.max(EARLIEST_RETRY_MS, barLengthOf(interval) / 4));
  }
}

/** The random walk that was pinned; never another one. */
function walkOf({
  baselineValue,
  naiveMae,
  volatility,
}: ForecastPinEntity): (ForecastScale & { readonly baselineValue: number }) | null {
  if (baselineValue === null || naiveMae === null || volatility === null) return null;
  return { baselineValue, naiveMae, volatility };
}

const isRevised = (old: ForecastOutcomeEntity, realisation: Realisation, bars: KnownBars): boolean =>
  realisation !== null && typeof realisation !== 'string' && isAnotherValue(bars, old.value, realisation);

interface Found {
  readonly target: number;
  readonly realisation: Realisation;
  readonly old: ForecastOutcomeEntity | undefined;
  readonly now: number;
}

function outcomeOf(pin: ForecastPinEntity, at: number, found: Found): NewOutcome {
  const { target, realisation, old, now } = found;
  const walk = walkOf(pin);
  const horizon = pin.horizons[at] ?? 0;
  const bar = typeof realisation === 'string' ? null : realisation;
  const scores =
    bar === null ? null : scoreForecast(pin, at, bar.value, { walk, key: `${pin.id}:${horizon}` });
  return {
    pinId: pin.id,
    horizon,
    revision: old === undefined ? 0 : old.revision + 1,
    status: bar === null ? 'unresolvable' : 'resolved',
    reason: typeof realisation === 'string' ? realisation : null,
    targetAt: new Date(target),
    barAt: bar?.at ?? null,
    value: bar?.value ?? null,
    rescaledBy: bar?.rescaledBy ?? null,
    source: bar?.source ?? null,
    dataSha256: bar?.dataSha256 ?? null,
    resolvedAt: new Date(now),
    baselineValue: walk?.baselineValue ?? null,
    naiveMae: walk?.naiveMae ?? null,
    volatility: walk?.volatility ?? null,
    lossKind: scores?.lossKind ?? null,
    loss: scores?.loss ?? null,
    baselineLoss: scores?.baselineLoss ?? null,
    pit: scores?.pit ?? null,
    covered: scores?.covered ?? null,
    calibratedCovered: bar === null ? null : calibratedCovered(pin, at, bar.value),
  };
}

const calibratedCovered = ({ calibratedIntervals }: ForecastPinEntity, at: number, value: number) =>
  coverageBitsOf(
    value,
    (calibratedIntervals ?? []).map(({ lower, upper }) => {
      const [low, high] = [lower[at] ?? null, upper[at] ?? null];
      return low === null || high === null ? null : { lower: low, upper: high };
    }),
  );
