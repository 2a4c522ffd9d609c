import {
  BooleanField,
  DateTimeField,
  EnumField,
  IntegerField,
  LimitField,
  ListField,
  MoneyField,
  NestedField,
  NumberField,
  OffsetField,
  StringField,
  UnitPriceField,
} from '#libs/http';
import type { Micros, PriceMultiplier, PriceShares } from '../billing/billing.port.js';
import { ExactOf } from '../billing/money.fields.js';
import { PartyStandingOut, StandingOut } from '../outcomes/standing.fields.js';
import { ModelNameField, OrderCurrencyField, ScoreShareField } from '../marketplace/order.fields.js';

const share = (of: string, example: number) =>
  IntegerField({
    wire: `${of}_micros`,
    description: `The ${of}'s share, in micro-units (1e-6).`,
    example,
  });

class QuoteMultiplier {
  @EnumField(['horizon', 'lookback', 'premium_feeder', 'heavy_predictor', 'priority'], {
    name: 'PriceMultiplierReason',
    example: 'horizon',
  })
  reason!: PriceMultiplier['reason'];

  @NumberField({
    wire: 'adds',
    write: (hundredths: number) => hundredths / 100,
    description: 'Surcharge as a fraction of the base price.',
    example: 0.25,
  })
  hundredths!: number;
}

class QuoteShares {
  @share('evaluator', 3_500_000) evaluator!: Micros;
  @share('provider', 1_250_000) provider!: Micros;
  @share('platform', 250_000) platform!: Micros;
}

const ScorecardField = StringField({
  from: ({ model }: { readonly model: string }) => `/api/v1/models/${encodeURIComponent(model)}/scorecard`,
  description: 'Where its scorecard is.',
  example: '/api/v1/models/default_predictor/scorecard',
});

class QuotedModel extends StandingOut {
  @ScorecardField scorecard?: string;
}

/** What an order would cost, and what it would be worth. */
export class QuoteOut {
  @MoneyField({ wire: 'estimated_cost', description: 'Price of the order.', example: 5 }) total!: Micros;

  @ExactOf('total', { wire: 'estimated_cost_micros', of: 'estimated_cost', example: 5_000_000 })
  totalMicros?: Micros;

  @OrderCurrencyField currency!: string;
  @ModelNameField modelName!: string;

  @IntegerField({ description: 'Provider whose price applies; 0 is the service itself.', example: 0 })
  providerId!: number;

  @UnitPriceField({ description: 'Base price, with up to 6 decimals.', example: 5 }) unitPrice!: Micros;

  @ListField(NestedField(QuoteMultiplier), { description: 'Surcharges on the base price.' })
  multipliers!: readonly QuoteMultiplier[];

  @NestedField(QuoteShares, { description: 'How the price is divided when the order is completed.' })
  shares!: PriceShares;

  @NestedField(QuotedModel, { description: 'How good the model is, by the outcomes of its forecasts.' })
  modelStanding!: StandingOut;

  @NestedField(PartyStandingOut, {
    description: 'How good the answers to orders at prices of this provider were.',
  })
  providerStanding!: PartyStandingOut;

  @ScoreShareField scoreShare!: Micros | null;

  @DateTimeField({
    write: (epochMs: number) => new Date(epochMs),
    description:
      'Time at which the quote expires. An order is priced when it is submitted; set its `max_cost` to `estimated_cost_micros` / 1,000,000 to pay no more than this quote.',
    example: '2026-01-31T12:05:00.000Z',
  })
  expiresAt!: number;
}

/** Part of the list of models. */
export class ModelsQuery {
  @LimitField({ default: 50, max: 200, example: 50 }) limit!: number;
  @OffsetField offset!: number;
}

class OfferOut {
  @UnitPriceField({
    wire: 'price_per_request',
    description: 'Price before surcharges, with up to 6 decimals.',
    example: 5,
  })
  unitPrice!: Micros;

  @OrderCurrencyField currency!: string;
  @IntegerField({ description: 'Provider who asks it.', example: 4 }) providerId!: number;
  @NestedField(PartyStandingOut, { description: 'How good the answers at its prices were.' })
  provider!: PartyStandingOut;
}

/** A model that can be bought. */
export class OfferedModelOut extends StandingOut {
  @StringField({ description: 'Model.', example: 'random_walk_predictor' }) model!: string;
  @BooleanField({ description: 'Whether this service computes it itself.', example: true }) served!: boolean;
  @NestedField(OfferOut, {
    nullable: true,
    description: 'The cheapest active price; null where the base price of the prediction type applies.',
  })
  offer!: OfferOut | null;

  @ScorecardField scorecard?: string;
}
