import { DateTimeField, EnumField, IntegerField, NumberField } from '#libs/http';
import { type Rating, RATINGS, type Trend, TRENDS } from './standings.port.js';

const nullable = { nullable: true } as const;

/** Where a model, evaluator or provider stands. */
export class StandingOut {
  @EnumField(RATINGS, {
    name: 'ModelRating',
    description: '`unrated` below 40 outcomes, `provisional` below 150.',
    example: 'rated',
  })
  rating!: Rating;

  @IntegerField({ description: 'Number of outcomes with a baseline.', example: 240 }) outcomes!: number;
  @NumberField({
    description:
      'As many independent ones: outcomes of the same symbol and day count once, the older ones less; without new ones half of it is gone after 60 days.',
    example: 88.4,
  })
  effectiveCount!: number;
  @NumberField({
    ...nullable,
    description:
      '1 − loss / loss of a random walk with the volatility known at issue, after 60 days counting half; above 0 is better.',
    example: 0.08,
  })
  skill!: number | null;
  @NumberField({
    ...nullable,
    description: 'Lower 90 % bound of the skill, from a bootstrap of whole symbol-days.',
    example: 0.03,
  })
  skillLower!: number | null;
  @NumberField({
    ...nullable,
    description: 'n / (n + 50) × the lower bound of the skill, not below 0; null while unrated.',
    example: 0.019,
  })
  quality!: number | null;
}

/** An evaluator or provider, who promises answers in time. */
export class PartyStandingOut extends StandingOut {
  @NumberField({
    ...nullable,
    description: 'Answered among all that ended in the last 365 days, after 60 days counting half.',
    example: 0.98,
  })
  onTimeRate!: number | null;
  @NumberField({
    ...nullable,
    description: '`quality` × `on_time_rate`; null while unrated.',
    example: 0.0186,
  })
  reputation!: number | null;
  @EnumField(TRENDS, {
    ...nullable,
    name: 'QualityTrend',
    description:
      'Whether the skill of the last seven days lies above or below all before by more than its bounds; null where that cannot be told.',
    example: 'stable',
  })
  trend!: Trend | null;
  @DateTimeField({ ...nullable, description: 'When it was last judged; null before the first outcome.' })
  updatedAt!: Date | null;
}
