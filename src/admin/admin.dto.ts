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
export class UsageOwnerParam {
  @StringField({ description: 'Name of the account.', example: 'desk1' })
  username!: string;
}

/** The window of a usage report. */
export class UsageQuery {
  @IntegerField({ default: 30, min: 1, max: MAX_DAYS, description: 'Days up to now.', example: 30 })
  days!: number;
}

/** What an account paid in one currency. */
export class UsageCost {
  @StringField({ description: 'ISO 4217 currency code.', example: 'USD' })
  currency!: string;

  @NumberField({ description: 'Total cost of the settled marketplace orders.', example: 31.25 })
  cost!: number;

  @IntegerField({ description: 'Exact value of `cost` in micro-units (1e-6).', example: 31_250_000 })
  cost_micros!: number;

  @IntegerField({ description: 'Number of these orders.', example: 5 })
  requests!: number;
}

/** What an account used. */
export class UsageOut {
  @StringField({ description: 'Name of the account.', example: 'desk1' })
  username!: string;

  @IntegerField({ description: 'Number of HTTP requests in the audit log.', example: 240 })
  total_requests!: number;

  @IntegerField({ description: 'Number of submitted core predictions and marketplace orders.', example: 120 })
  total_predictions!: number;

  @IntegerField({ description: 'Number of submitted marketplace orders.', example: 20 })
  marketplace_requests!: number;

  @IntegerField({ description: 'Total computing time, in milliseconds.', example: 48_000 })
  total_processing_time_ms!: number;

  @NumberField({ description: 'Amount charged in the period, in USD.', example: 31.25 })
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
    description: `${declaration.help} Null restores the configured value.`,
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
    description: `${RUNTIME_SETTINGS.rate_limits.help} Null restores the configured value.`,
    example: { predictions: 600 },
  })
  rate_limits?: Readonly<Record<string, number>> | null;

  @MapField(StringField(), {
    optional: true,
    nullable: true,
    description: `${RUNTIME_SETTINGS.default_plugins.help} Null restores the configured value.`,
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

  @DateTimeField({ description: 'Time of the change.', example: '2026-01-05T09:00:00.000Z' })
  updated_at!: Date;

  @IntegerField({
    nullable: true,
    description: 'Id of the account; null for the service itself.',
    example: 1,
  })
  updated_by!: number | null;
}

/** The settings in effect. */
export class ConfigOut {
  @ObjectField({
    description: 'Every setting except secrets, by name.',
    example: { prediction_timeout: 300, max_concurrent_predictions: 10 },
  })
  settings!: Readonly<Record<string, unknown>>;

  @ListField(NestedField(ChangedSettingOut), { description: 'Settings changed at run time.', example: [] })
  changed!: readonly ChangedSettingOut[];
}
