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

  @NumberField({ description: 'Surcharge as a fraction of the base price.', example: 0.25 })
  adds!: number;
}

class QuoteShares {
  @IntegerField({ description: "The evaluator's share, in micro-units (1e-6).", example: 3_500_000 })
  evaluator_micros!: number;

  @IntegerField({ description: "The provider's share, in micro-units (1e-6).", example: 1_250_000 })
  provider_micros!: number;

  @IntegerField({ description: "The platform's share, in micro-units (1e-6).", example: 250_000 })
  platform_micros!: number;
}

/** What an order would cost. */
export class QuoteOut {
  @NumberField({ description: 'Price of the order.', example: 5 })
  estimated_cost!: number;

  @IntegerField({ description: 'Exact value of `estimated_cost` in micro-units (1e-6).', example: 5_000_000 })
  estimated_cost_micros!: number;

  @StringField({ example: 'USD' })
  currency!: string;

  @StringField({ description: 'Model that the price is for.', example: 'default_predictor' })
  model_name!: string;

  @IntegerField({ description: 'Provider whose price applies; 0 is the service itself.', example: 0 })
  provider_id!: number;

  @NumberField({ description: 'Base price, with up to 6 decimals.', example: 5 })
  unit_price!: number;

  @ListField(NestedField(QuoteMultiplier), { description: 'Surcharges on the base price.' })
  multipliers!: QuoteMultiplier[];

  @NestedField(QuoteShares, { description: 'How the price is divided when the order is completed.' })
  shares!: QuoteShares;

  @DateTimeField({
    description:
      'Time at which the quote expires. An order is priced when it is submitted; set its `max_cost` to `estimated_cost_micros` / 1,000,000 to pay no more than this quote.',
    example: '2026-01-31T12:05:00.000Z',
  })
  expires_at!: Date;
}
