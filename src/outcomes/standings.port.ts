/** `unrated` below 40 outcomes, `provisional` below 150. */
export const RATINGS = ['unrated', 'provisional', 'rated'] as const;
export type Rating = (typeof RATINGS)[number];

/** Of the last seven days, against all before. */
export const TRENDS = ['improving', 'stable', 'declining'] as const;
export type Trend = (typeof TRENDS)[number];

/** Where somebody stands by the outcomes of the last year, as it was judged last. */
export interface ScoreStanding {
  readonly rating: Rating;
  /** Outcomes with a baseline. */
  readonly outcomes: number;
  /** As many independent ones, by symbol and day. */
  readonly effectiveCount: number;
  /** 1 − loss / loss of the random walk; null without outcomes. */
  readonly skill: number | null;
  /** Its lower 90 % bound. */
  readonly skillLower: number | null;
  /** n/(n + 50) × the lower bound, never below 0; null while unrated. */
  readonly quality: number | null;
  /** Delivered among all that ended, 0 to 1; null for models and without any. */
  readonly onTimeRate: number | null;
  /** Quality × on-time rate; null while unrated, and for models. */
  readonly reputation: number | null;
  readonly trend: Trend | null;
  /** When it was judged; null for one that never was. */
  readonly updatedAt: Date | null;
}

/** Whom outcomes judge: models by name, evaluators and providers by the ids of their accounts. */
export type JudgedKind = 'model' | 'evaluator' | 'provider';

/** Where models, evaluators and providers stand. */
export abstract class ScoreStandings {
  /** One look-up by the primary key for all; who was never judged is `unrated`. At most 1,000 a call. */
  abstract of<Name extends string | number>(
    kind: JudgedKind,
    names: readonly Name[],
  ): Promise<ReadonlyMap<Name, ScoreStanding>>;
}

/** Of one whose forecasts have no outcomes. */
export const UNRATED: ScoreStanding = {
  rating: 'unrated',
  outcomes: 0,
  effectiveCount: 0,
  skill: null,
  skillLower: null,
  quality: null,
  onTimeRate: null,
  reputation: null,
  trend: null,
  updatedAt: null,
};
