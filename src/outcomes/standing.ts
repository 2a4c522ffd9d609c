import type { DailyFigure } from '#libs/database';
import { DAY_MS } from '#libs/kernel';
import { blockBootstrapRatio } from '#libs/scoring';
import type { ScoreDayEntity } from './score-day.entity.js';
import type { Rating, ScoreStanding, Trend } from './standings.port.js';

/** Outcomes below which nothing is said, and below which it is said with reserve. */
const RATING_LIMITS = { provisional: 40, rated: 150 } as const;

/** After so many days an outcome counts half. */
const HALF_LIFE_DAYS = 60;
/** What counts as lately. */
const TREND_DAYS = 7;
/** So many independent outcomes bring half of the trust. */
const TRUST_AT = 50;
/** The lower bound lies below the true skill with this probability: 10 % on either side are left out. */
const CONFIDENCE = 0.8;
const SEED = 0;
/** Draws of a bootstrap: 5 ms on the event loop (58 ns each). */
const MOST_DRAWS = 80_000;
/** With more symbol-days than this, whole days are drawn: at most a year of them. */
const MOST_BLOCKS = 400;
const FEWEST_REPLICATES = 200;
const MOST_REPLICATES = 1_000;

/** How good somebody is, as far as the outcomes tell. */
export interface Standing {
  readonly rating: Rating;
  /** Outcomes with a baseline. */
  readonly outcomes: number;
  /** As many independent ones, by symbol and day, the older ones counting less; half of it is gone 60 days after the latest. */
  readonly effectiveCount: number;
  /** 1 − loss / loss of the random walk, the older outcomes counting less; null without outcomes. */
  readonly skill: number | null;
  /** Its lower and upper bound, 90 % each, from a bootstrap of whole symbol-days. */
  readonly skillLower: number | null;
  readonly skillUpper: number | null;
  /** n/(n + 50) × the lower bound, never below 0; null while unrated. */
  readonly quality: number | null;
}

export const ratingOf = (outcomes: number): Rating =>
  outcomes < RATING_LIMITS.provisional ? 'unrated' : outcomes < RATING_LIMITS.rated ? 'provisional' : 'rated';

/** @param now epoch ms */
export function standingOf(days: readonly ScoreDayEntity[], now: number): Standing {
  const blocks = [...symbolDays(days, now).values()];
  const outcomes = outcomesOf(days);
  const rating = ratingOf(outcomes);
  const total = blocks.reduce((sum, { baselineLoss }) => sum + baselineLoss, 0);
  if (!(total > 0))
    return {
      rating,
      outcomes,
      effectiveCount: 0,
      skill: null,
      skillLower: null,
      skillUpper: null,
      quality: null,
    };
  const { ratio, lower, upper } = lossRatioOf(blocks);
  const weights = blocks.map(({ weight }) => weight);
  // that of Kish stays as it is while all grow older
  const effectiveCount = kishCount(weights) * Math.max(...weights);
  const quality = qualityOf(effectiveCount, 1 - upper);
  return {
    rating,
    outcomes,
    effectiveCount,
    skill: 1 - ratio,
    skillLower: 1 - upper,
    skillUpper: 1 - lower,
    quality: rating === 'unrated' ? null : quality,
  };
}

const qualityOf = (effectiveCount: number, skillLower: number): number =>
  (effectiveCount / (effectiveCount + TRUST_AT)) * Math.max(0, skillLower);

/** What is kept of a standing and changes as time goes by. */
type Ageing = Pick<
  ScoreStanding,
  'effectiveCount' | 'skillLower' | 'quality' | 'onTimeRate' | 'reputation' | 'updatedAt'
>;

/** A standing as it is by now, when nothing came since it was judged: all weights have fallen alike. @param now epoch ms */
export function agedStanding<T extends Ageing>(standing: T, now: number): T {
  const { updatedAt, skillLower, quality, onTimeRate, reputation } = standing;
  if (updatedAt === null || skillLower === null) return standing;
  const effectiveCount = standing.effectiveCount * weightAt(now - updatedAt.getTime());
  if (quality === null) return { ...standing, effectiveCount };
  const aged = qualityOf(effectiveCount, skillLower);
  return {
    ...standing,
    effectiveCount,
    quality: aged,
    reputation: reputation === null || onTimeRate === null ? null : aged * onTimeRate,
  };
}

const outcomesOf = (days: readonly ScoreDayEntity[]): number =>
  days.reduce((sum, { scored }) => sum + scored, 0);

/** Loss over that of the random walk, with its bounds. */
function lossRatioOf(blocks: readonly Block[]) {
  const drawn = blocks.length > MOST_BLOCKS ? wholeDays(blocks) : blocks;
  const losses = drawn.map(({ loss }) => loss);
  const baselines = drawn.map(({ baselineLoss }) => baselineLoss);
  const replicates = Math.floor(MOST_DRAWS / drawn.length);
  return blockBootstrapRatio(losses, baselines, {
    seed: SEED,
    confidence: CONFIDENCE,
    replicates: Math.min(MOST_REPLICATES, Math.max(FEWEST_REPLICATES, replicates)),
  });
}

/**
 * Whether the skill of the last seven days lies above or below all that was before by more than its bounds; null where
 * there was nothing lately, or fewer outcomes before than a rating takes.
 * @param now epoch ms
 */
export function trendOf(days: readonly ScoreDayEntity[], now: number): Trend | null {
  const since = new Date(now - TREND_DAYS * DAY_MS).toISOString().slice(0, 10);
  const lately = days.filter(({ day }) => day > since);
  const before = days.filter(({ day }) => day <= since);
  if (ratingOf(outcomesOf(before)) === 'unrated') return null;
  const [recent, past] = [lately, before].map((some) => [...symbolDays(some, now).values()]);
  const hasBaseline = (blocks: readonly Block[] | undefined): blocks is readonly Block[] =>
    blocks?.some(({ baselineLoss }) => baselineLoss > 0) === true;
  if (!hasBaseline(recent) || !hasBaseline(past)) return null;
  const { lower, upper } = lossRatioOf(recent);
  const { ratio } = lossRatioOf(past);
  return upper < ratio ? 'improving' : lower > ratio ? 'declining' : 'stable';
}

/**
 * What was delivered in time among all that ended, the older ones counting less; null without any.
 * @param figures `completed`; `abstained`, which are among the failed ones and no fault; and under any other name what was not delivered
 */
export function onTimeRateOf(figures: readonly DailyFigure[], now: number): number | null {
  let delivered = 0;
  let ended = 0;
  for (const { day, name, events } of figures) {
    const weight = events * weightOf(day, now);
    ended += name === 'abstained' ? -weight : weight;
    if (name === 'completed') delivered += weight;
  }
  // what abstained is taken away on the day that it was added, but for rounding
  return ended > LEAST_WEIGHT ? Math.min(1, delivered / ended) : null;
}

/** Far below that of one order a year ago, 0.015. */
const LEAST_WEIGHT = 1e-9;

const weightOf = (day: string, now: number): number => weightAt(now - Date.parse(`${day}T00:00:00Z`));

const weightAt = (ageMs: number): number => 2 ** (-Math.max(0, ageMs / DAY_MS) / HALF_LIFE_DAYS);

interface Block {
  readonly day: string;
  loss: number;
  baselineLoss: number;
  readonly weight: number;
}

function wholeDays(blocks: readonly Block[]): Block[] {
  const days = new Map<string, Block>();
  for (const { day, loss, baselineLoss, weight } of blocks) {
    const known = days.get(day) ?? { day, loss: 0, baselineLoss: 0, weight };
    known.loss += loss;
    known.baselineLoss += baselineLoss;
    days.set(day, known);
  }
  return [...days.values()];
}

/** Forecasts of one symbol that came true on one day share most of what decided them: they are one draw. */
function symbolDays(days: readonly ScoreDayEntity[], now: number) {
  const blocks = new Map<string, Block>();
  for (const { symbol, day, loss, baselineLoss, scored } of days) {
    if (scored === 0) continue;
    const weight = weightOf(day, now);
    const key = `${symbol}@${day}`;
    const known = blocks.get(key) ?? { day, loss: 0, baselineLoss: 0, weight };
    known.loss += weight * loss;
    known.baselineLoss += weight * baselineLoss;
    blocks.set(key, known);
  }
  return blocks;
}

/** Kish (1965), Survey Sampling: how many equal weights say as much. */
function kishCount(weights: readonly number[]): number {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return sum ** 2 / weights.reduce((total, weight) => total + weight ** 2, 0);
}
