import { blockBootstrapRatio } from '#libs/scoring';
import { DAY_MS } from '#libs/kernel';
import type { ScoreDayEntity } from './score-day.entity.js';

/** Outcomes below which nothing is said, and below which it is said with reserve. */
export const RATING_LIMITS = { provisional: 40, rated: 150 } as const;
export const RATINGS = ['unrated', 'provisional', 'rated'] as const;
export type Rating = (typeof RATINGS)[number];

/** After so many days an outcome counts half. */
const HALF_LIFE_DAYS = 60;
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
  /** As many independent ones, by symbol and day, the older ones counting less. */
  readonly effectiveCount: number;
  /** 1 − loss / loss of the random walk, the older outcomes counting less; null without outcomes. */
  readonly skill: number | null;
  /** Its lower and upper bound, 90 % each, from a bootstrap of whole symbol-days. */
  readonly skillLower: number | null;
  readonly skillUpper: number | null;
  /** n/(n + 50) × the lower bound, never below 0; null while unrated. */
  readonly quality: number | null;
}

const ratingOf = (outcomes: number): Rating =>
  outcomes < RATING_LIMITS.provisional ? 'unrated' : outcomes < RATING_LIMITS.rated ? 'provisional' : 'rated';

/** @param now epoch ms */
export function standingOf(days: readonly ScoreDayEntity[], now: number): Standing {
  const blocks = [...symbolDays(days, now).values()];
  const outcomes = days.reduce((sum, { scored }) => sum + scored, 0);
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
  const drawn = blocks.length > MOST_BLOCKS ? wholeDays(blocks) : blocks;
  const losses = drawn.map(({ loss }) => loss);
  const baselines = drawn.map(({ baselineLoss }) => baselineLoss);
  const replicates = Math.floor(MOST_DRAWS / drawn.length);
  const { ratio, lower, upper } = blockBootstrapRatio(losses, baselines, {
    seed: SEED,
    confidence: CONFIDENCE,
    replicates: Math.min(MOST_REPLICATES, Math.max(FEWEST_REPLICATES, replicates)),
  });
  const effectiveCount = kishCount(blocks.map(({ weight }) => weight));
  const quality = (effectiveCount / (effectiveCount + TRUST_AT)) * Math.max(0, 1 - upper);
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
    const age = Math.max(0, (now - Date.parse(`${day}T00:00:00Z`)) / DAY_MS);
    const weight = 2 ** (-age / HALF_LIFE_DAYS);
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
