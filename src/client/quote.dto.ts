import {
  DateTimeField,
  EnumField,
  IntegerField,
  ListField,
  NestedField,
  NumberField,
  StringField,
} from '#libs/http';

const REASONS = ['horizon', 'lookback', 'premium_feeder', 'heavy_predictor', 'priority'] as const;

class QuoteMultiplier {
  @EnumField(REASONS, { name: 'PriceMultiplierReason', example: 'horizon' })
  reason!: (typeof REASONS)[number];

  @NumberField({ description: 'What it adds, in parts of the plain price.', example: 0.25 })
  adds!: number;
}

class QuoteShares {
  @IntegerField({ description: 'Of the evaluator, in micro-units (1e-6).', example: 3_500_000 })
  evaluator_micros!: number;

  @IntegerField({ description: 'Of the provider, in micro-units.', example: 1_250_000 })
  provider_micros!: number;

  @IntegerField({ description: 'Of the service, in micro-units.', example: 250_000 })
  platform_micros!: number;
}

/** What a request would cost. */
export class QuoteOut {
  @NumberField({ description: 'What the request would cost.', example: 5 })
  estimated_cost!: number;

  @IntegerField({ description: 'The same in micro-units, exact.', example: 5_000_000 })
  estimated_cost_micros!: number;

  @StringField({ example: 'USD' })
  currency!: string;

  @StringField({ description: 'The model that is priced.', example: 'default_predictor' })
  model_name!: string;

  @IntegerField({ description: 'Whose price it is; 0 is the service itself.', example: 0 })
  provider_id!: number;

  @NumberField({ description: 'The plain price, at most 6 decimals.', example: 5 })
  unit_price!: number;

  @ListField(NestedField(QuoteMultiplier), { description: 'Why it costs more than the plain price.' })
  multipliers!: QuoteMultiplier[];

  @NestedField(QuoteShares, { description: 'How the price is shared when the request is completed.' })
  shares!: QuoteShares;

  @DateTimeField({
    description:
      'Ask again after it. A request is priced anew when it is taken: name `estimated_cost_micros` / 1,000,000 as its `max_cost` to pay no more.',
    example: '2026-01-31T12:05:00.000Z',
  })
  expires_at!: Date;
}
