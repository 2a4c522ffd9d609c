import { RUNTIME_SETTINGS, type RuntimeKey } from '#libs/config';
import {
  DateTimeField,
  IntegerField,
  ListField,
  MapField,
  NestedField,
  NumberField,
  ObjectField,
  StringField,
} from '#libs/http';

const MAX_DAYS = 3_650;

/** An account's name in a path. */
export class UsernameParam {
  @StringField({ description: 'Name of the account.', example: 'desk1' })
  username!: string;
}

/** The window of a usage report. */
export class UsageQuery {
  @IntegerField({ default: 30, min: 1, max: MAX_DAYS, description: 'Days back from now.', example: 30 })
  days!: number;
}

/** What an account paid in one currency. */
export class UsageCost {
  @StringField({ description: 'ISO 4217 code.', example: 'USD' })
  currency!: string;

  @NumberField({ description: 'Whole costs of settled marketplace requests.', example: 31.25 })
  cost!: number;

  @IntegerField({ description: 'The same in micro-units (1e-6), exact.', example: 31_250_000 })
  cost_micros!: number;

  @IntegerField({ description: 'How many requests these are.', example: 5 })
  requests!: number;
}

/** What an account used. */
export class UsageOut {
  @StringField({ description: 'Name of the account.', example: 'desk1' })
  username!: string;

  @IntegerField({ description: 'Requests in the audit log.', example: 240 })
  total_requests!: number;

  @IntegerField({ description: 'Predictions and marketplace requests that were submitted.', example: 120 })
  total_predictions!: number;

  @IntegerField({ description: 'Those of them that are requests of the marketplace.', example: 20 })
  marketplace_requests!: number;

  @IntegerField({ description: 'Time that was computed for them, ms.', example: 48_000 })
  total_processing_time_ms!: number;

  @NumberField({ description: 'What the ledger charged in the window, USD.', example: 31.25 })
  cost_estimate!: number;

  @ListField(NestedField(UsageCost), { description: 'The same for each currency.' })
  costs!: readonly UsageCost[];
}

/** The range and help of a setting, from its one declaration; null forgets a change. */
function setting(key: RuntimeKey, example: number): PropertyDecorator {
  const declaration = RUNTIME_SETTINGS[key];
  const { min, max } = declaration.type === 'integer' ? declaration : {};
  return IntegerField({
    optional: true,
    nullable: true,
    description: `${declaration.help} Null: as configured.`,
    example,
    ...(min !== undefined && { min }),
    ...(max !== undefined && { max }),
  });
}

/** Settings to change while the service runs; what is absent stays as it is. */
export class ConfigChange {
  @setting('prediction_timeout', 300)
  prediction_timeout?: number | null;

  @setting('max_concurrent_predictions', 10)
  max_concurrent_predictions?: number | null;

  @MapField(IntegerField({ min: 1 }), {
    optional: true,
    nullable: true,
    description: `${RUNTIME_SETTINGS.rate_limits.help} Null: as configured.`,
    example: { predictions: 600 },
  })
  rate_limits?: Readonly<Record<string, number>> | null;

  @MapField(StringField(), {
    optional: true,
    nullable: true,
    description: `${RUNTIME_SETTINGS.default_plugins.help} Null: as configured.`,
    example: { predictor: 'random_walk_predictor' },
  })
  default_plugins?: Readonly<Record<string, string>> | null;

  @setting('marketplace_limit_basic', 5)
  marketplace_limit_basic?: number | null;

  @setting('marketplace_limit_premium', 10)
  marketplace_limit_premium?: number | null;

  @setting('marketplace_limit_enterprise', 50)
  marketplace_limit_enterprise?: number | null;

  @setting('evaluator_claim_limit', 10)
  evaluator_claim_limit?: number | null;
}

/** A setting that was changed while the service ran. */
export class ChangedSettingOut {
  @StringField({ description: 'Name of the setting.', example: 'prediction_timeout' })
  key!: string;

  @DateTimeField({ description: 'When.', example: '2026-01-05T09:00:00.000Z' })
  updated_at!: Date;

  @IntegerField({ nullable: true, description: 'By which account; null for the service itself.', example: 1 })
  updated_by!: number | null;
}

/** The settings in effect. */
export class ConfigOut {
  @ObjectField({
    description: 'Every setting but secrets, by name.',
    example: { prediction_timeout: 300, max_concurrent_predictions: 10 },
  })
  settings!: Readonly<Record<string, unknown>>;

  @ListField(NestedField(ChangedSettingOut), {
    description: 'Those that were changed while the service ran.',
    example: [],
  })
  changed!: readonly ChangedSettingOut[];
}
