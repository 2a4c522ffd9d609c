import { BooleanField, DateTimeField, IntegerField, MAX_PAGE, NumberField, StringField } from '#libs/http';

/** A currency as everything here names it. */
export const CURRENCY = /^[A-Z]{3}$/;
/** A thousand times what a forecast costs anywhere; keeps products of prices far below 2^53 micro-units. */
const MAX_PRICE = 1_000_000;

/** What a provider asks for one order of a model. */
export class PricingRequest {
  @StringField({
    minLength: 1,
    maxLength: 100,
    description: 'Name of the model, as clients give it in `predictor_plugin`.',
    example: 'default_predictor',
  })
  model_name!: string;

  @NumberField({
    min: 0,
    max: MAX_PRICE,
    description: 'Base price of one order, up to 6 decimals.',
    example: 3.5,
  })
  price_per_request!: number;

  @StringField({ default: 'USD', pattern: CURRENCY, description: 'ISO 4217 currency code.', example: 'USD' })
  currency!: string;
}

/** Which prices to list. */
export class PricingQuery {
  @IntegerField({
    default: MAX_PAGE,
    min: 1,
    max: MAX_PAGE,
    description: 'Maximum number of items.',
    example: 100,
  })
  limit!: number;

  @IntegerField({ default: 0, min: 0, max: 2_147_483_647, description: 'Items to skip.', example: 0 })
  offset!: number;

  @BooleanField({ default: false, description: 'Include earlier versions of the prices.', example: false })
  history!: boolean;
}

/** `PricingOut` of the contract. */
export class PricingOut {
  @IntegerField({ description: 'Id of this price version; each change creates a new one.', example: 1 })
  id!: number;

  @IntegerField({ example: 4 })
  provider_id!: number;

  @StringField({ example: 'lstm_1h' })
  model_name!: string;

  @NumberField({ description: 'Base price of one order, up to 6 decimals.', example: 3.5 })
  price_per_request!: number;

  @StringField({ example: 'USD' })
  currency!: string;

  @BooleanField({ description: 'False for versions that have been replaced.', example: true })
  is_active!: boolean;

  @DateTimeField({ description: 'Start of validity.', example: '2026-01-05T09:00:00.000Z' })
  created_at!: Date;

  @DateTimeField({ nullable: true, description: 'End of validity; null while active.', example: null })
  replaced_at!: Date | null;
}
