import {
  blockBootstrapRatio,
  COVERAGE_LEVELS,
  coverageOf,
  conformityScore,
  dieboldMariano,
  type Share,
  splitConformal,
  type SpreadKind,
  spreadOf,
  symbolDay,
  uniformityOf,
  wilsonInterval,
} from '#libs/scoring';
import type { WalkedForecast } from './question.js';

const PIT_BINS = 10;
const REPLICATES = 500;
const SEED = 0;
/** The bounds of a skill leave out 10 % on either side. */
const CONFIDENCE = 0.8;

/** Scores of one horizon, or of all together, beside those of the random walk. */
export interface ScoreRow {
  /** Bars ahead; null for all. */
  readonly horizon: number | null;
  /** Forecasts whose bar came. */
  readonly outcomes: number;
  /** Forecasts whose bar is not there, or has no value. */
  readonly unresolvable: number;
  /** Mean loss (CRPS, or the absolute error where no spread was stated); null of nothing. */
  readonly loss: number | null;
  readonly baselineLoss: number | null;
  /** 1 − loss / baseline loss, with its 90 % bounds from a bootstrap of whole days. */
  readonly skill: number | null;
  readonly skillLower: number | null;
  readonly skillUpper: number | null;
  readonly mae: number | null;
  readonly baselineMae: number | null;
  readonly rmse: number | null;
  readonly baselineRmse: number | null;
  readonly mase: number | null;
  readonly directionalAccuracy: Share;
  readonly coverage: readonly (Share & { readonly level: number })[];
  readonly pit: { readonly counts: readonly number[]; readonly pValue: number | null };
  /** Diebold and Mariano against the random walk: p-value, two-sided; null for all horizons together. */
  readonly pValue: number | null;
}

interface Sums {
  outcomes: number;
  unresolvable: number;
  loss: number;
  baselineLoss: number;
  scored: number;
  error: number;
  baselineError: number;
  squared: number;
  baselineSquared: number;
  scaled: number;
  scaledError: number;
  directions: number;
  rightDirections: number;
}

/** What the errors of one horizon say of its intervals. */
export interface HorizonCalibration {
  /** Bars ahead. */
  readonly horizon: number;
  /** What errors are measured in. */
  readonly spread: SpreadKind;
  readonly outcomes: number;
  /** Spreads from the point that hold the values at each of `COVERAGE_LEVELS`, by split conformal. */
  readonly stretches: readonly number[];
}

/** Gathers what one horizon scored, forecast by forecast in the order of time. */
export class HorizonScores {
  readonly losses: number[] = [];
  readonly baselineLosses: number[] = [];
  readonly #blocks: string[] = [];
  /** Errors in units of the spread. */
  readonly #conformity: number[] = [];
  #spread: SpreadKind | null = null;
  readonly #hits = COVERAGE_LEVELS.map(() => 0);
  readonly #stated = COVERAGE_LEVELS.map(() => 0);
  readonly #pits = Array.from({ length: PIT_BINS }, () => 0);
  readonly #sums: Sums = {
    outcomes: 0,
    unresolvable: 0,
    loss: 0,
    baselineLoss: 0,
    scored: 0,
    error: 0,
    baselineError: 0,
    squared: 0,
    baselineSquared: 0,
    scaled: 0,
    scaledError: 0,
    directions: 0,
    rightDirections: 0,
  };

  /** @param horizon null gathers several */
  constructor(
    private readonly horizon: number | null,
    private readonly symbol: string,
  ) {}

  add(one: WalkedForecast, at: number): void {
    const sums = this.#sums;
    const [point, value, loss, baselineLoss] = [
      one.points[at] ?? null,
      one.values[at] ?? null,
      one.losses[at] ?? null,
      one.baselineLosses[at] ?? null,
    ];
    if (point === null) return;
    if (value === null) {
      sums.unresolvable += 1;
      return;
    }
    sums.outcomes += 1;
    this.#addErrors(one, point, value);
    this.#addConformity(one, at, point, value);
    if (loss !== null && baselineLoss !== null) {
      sums.scored += 1;
      sums.loss += loss;
      sums.baselineLoss += baselineLoss;
      this.losses.push(loss);
      this.baselineLosses.push(baselineLoss);
      this.#blocks.push(symbolDay(this.symbol, one.targetTimes[at] ?? one.baseline));
    }
    for (const [level, isCovered] of coverageOf(one.covered[at] ?? null).entries()) {
      if (isCovered === null) continue;
      this.#stated[level] = (this.#stated[level] ?? 0) + 1;
      this.#hits[level] = (this.#hits[level] ?? 0) + (isCovered ? 1 : 0);
    }
    const pit = one.pits[at] ?? null;
    if (pit === null) return;
    const bin = Math.min(Math.floor(pit * PIT_BINS), PIT_BINS - 1);
    this.#pits[bin] = (this.#pits[bin] ?? 0) + 1;
  }

  #addErrors({ baselineValue, naiveMae }: WalkedForecast, point: number, value: number): void {
    const sums = this.#sums;
    const [error, walk] = [value - point, value - baselineValue];
    sums.error += Math.abs(error);
    sums.squared += error ** 2;
    sums.baselineError += Math.abs(walk);
    sums.baselineSquared += walk ** 2;
    if (naiveMae !== null) {
      sums.scaled += 1;
      sums.scaledError += Math.abs(error) / naiveMae;
    }
    if (walk === 0 || point === baselineValue) return;
    sums.directions += 1;
    sums.rightDirections += Math.sign(walk) === Math.sign(point - baselineValue) ? 1 : 0;
  }

  /** Null of all horizons together, and where no forecast had a spread. */
  calibration(): HorizonCalibration | null {
    const { horizon } = this;
    if (horizon === null || this.#spread === null) return null;
    const stretches = splitConformal(this.#conformity);
    return { horizon, spread: this.#spread, outcomes: this.#conformity.length, stretches };
  }

  /** Of one horizon; a model whose forecasts have different kinds of spread is calibrated by the first. */
  #addConformity(one: WalkedForecast, at: number, point: number, value: number): void {
    if (this.horizon === null) return;
    const spread = spreadOf(one, at, one.volatility);
    this.#spread ??= spread?.kind ?? null;
    if (spread === null || spread.kind !== this.#spread) return;
    this.#conformity.push(conformityScore(value, point, spread));
  }

  row(): ScoreRow {
    const sums = this.#sums;
    const ratio = (above: number, below: number): number | null => (below === 0 ? null : above / below);
    const root = (square: number | null): number | null => (square === null ? null : Math.sqrt(square));
    return {
      horizon: this.horizon,
      outcomes: sums.outcomes,
      unresolvable: sums.unresolvable,
      loss: ratio(sums.loss, sums.scored),
      baselineLoss: ratio(sums.baselineLoss, sums.scored),
      ...this.#skill(),
      mae: ratio(sums.error, sums.outcomes),
      baselineMae: ratio(sums.baselineError, sums.outcomes),
      rmse: root(ratio(sums.squared, sums.outcomes)),
      baselineRmse: root(ratio(sums.baselineSquared, sums.outcomes)),
      mase: ratio(sums.scaledError, sums.scaled),
      directionalAccuracy: wilsonInterval(sums.rightDirections, sums.directions),
      coverage: COVERAGE_LEVELS.map((level, at) => ({
        level,
        ...wilsonInterval(this.#hits[at] ?? 0, this.#stated[at] ?? 0),
      })),
      pit: {
        counts: [...this.#pits],
        pValue: this.#pits.some((count) => count > 0) ? uniformityOf(this.#pits).pValue : null,
      },
      pValue: this.#pValue(),
    };
  }

  #skill(): Pick<ScoreRow, 'skill' | 'skillLower' | 'skillUpper'> {
    if (!(this.#sums.baselineLoss > 0)) return { skill: null, skillLower: null, skillUpper: null };
    const [losses, baselines] = [
      summedBy(this.#blocks, this.losses),
      summedBy(this.#blocks, this.baselineLosses),
    ];
    const { ratio, lower, upper } = blockBootstrapRatio(losses, baselines, {
      seed: SEED,
      confidence: CONFIDENCE,
      replicates: REPLICATES,
    });
    return { skill: 1 - ratio, skillLower: 1 - upper, skillUpper: 1 - lower };
  }

  #pValue(): number | null {
    const { horizon, losses } = this;
    if (horizon === null || losses.length < 2 * horizon + 2) return null;
    return dieboldMariano(losses, this.baselineLosses, { horizon }).pValue;
  }
}

function summedBy(blocks: readonly string[], values: readonly number[]): number[] {
  const sums = new Map<string, number>();
  for (const [at, block] of blocks.entries()) sums.set(block, (sums.get(block) ?? 0) + (values[at] ?? NaN));
  return [...sums.values()];
}
