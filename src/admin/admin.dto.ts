import { RUNTIME_SETTINGS, type RuntimeKey } from '#libs/config';
import {
  Closed,
  DateTimeField,
  EnumField,
  IntegerField,
  ListField,
  MapField,
  MoneyField,
  NestedField,
  NumberField,
  ObjectField,
  StringField,
} from '#libs/http';
import type { Micros } from '../billing/billing.port.js';

const MAX_DAYS = 3_650;

/** An account's name in a path. */
export class UsageOwnerParam {
  @StringField({ description: 'Name of the account.', example: 'desk1' }) username!: string;
}

/** The window of a usage report. */
export class UsageQuery {
  @IntegerField({
    default: 30,
    min: 1,
    max: MAX_DAYS,
    description: 'Number of days up to now; they begin at a full hour.',
    example: 30,
  })
  days!: number;
}

/** What an account paid in one currency: a `BillingTotal`. */
export class UsageCost {
  @StringField({ description: 'ISO 4217 currency code.', example: 'USD' }) currency!: string;
  @MoneyField({ wire: 'cost', description: 'Total cost of the settled marketplace orders.', example: 31.25 })
  amount!: Micros;

  @IntegerField({
    from: ({ amount }: UsageCost) => amount,
    description: 'Exact value of `cost` in micro-units (1e-6).',
    example: 31_250_000,
  })
  costMicros?: number;

  @IntegerField({ wire: 'requests', description: 'Number of these orders.', example: 5 }) orders!: number;
}

/** What an account used. */
export class UsageOut {
  @StringField({ description: 'Name of the account.', example: 'desk1' }) username!: string;
  @IntegerField({ description: 'Number of HTTP requests in the audit log.', example: 240 })
  totalRequests!: number;
  @IntegerField({ description: 'Number of submitted core predictions and marketplace orders.', example: 120 })
  totalPredictions!: number;
  @IntegerField({ description: 'Number of submitted marketplace orders.', example: 20 })
  marketplaceRequests!: number;
  @IntegerField({ description: 'Total computing time, in milliseconds.', example: 48_000 })
  totalProcessingTimeMs!: number;
  @MoneyField({ description: 'Amount charged in the period, in USD.', example: 31.25 }) costEstimate!: Micros;
  @ListField(NestedField(UsageCost), { description: 'Amount charged in the period, for each currency.' })
  costs!: readonly UsageCost[];
}

/** Settings that the original can change, whose numbers it reads from text, too. */
const ORIGINAL_SETTINGS: readonly RuntimeKey[] = ['prediction_timeout', 'max_concurrent_predictions'];

/** The range and help of a setting, from its one declaration; null forgets a change. */
function setting(key: RuntimeKey, example: number): PropertyDecorator {
  const declaration = RUNTIME_SETTINGS[key];
  const { min, max } = declaration.type === 'integer' ? declaration : {};
  return IntegerField({
    optional: true,
    nullable: true,
    strict: !ORIGINAL_SETTINGS.includes(key),
    description: `${declaration.help} Null restores the configured value.`,
    example,
    ...(min !== undefined && { min }),
    ...(max !== undefined && { max }),
  });
}

/** Settings to change while the service runs, by their own names; what is absent stays as it is. */
@Closed()
export class ConfigChange {
  @setting('prediction_timeout', 300) prediction_timeout?: number | null;
  @setting('max_concurrent_predictions', 10) max_concurrent_predictions?: number | null;

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

  @setting('marketplace_limit_basic', 5) marketplace_limit_basic?: number | null;
  @setting('marketplace_limit_premium', 10) marketplace_limit_premium?: number | null;
  @setting('marketplace_limit_enterprise', 50) marketplace_limit_enterprise?: number | null;
  @setting('evaluator_claim_limit', 10) evaluator_claim_limit?: number | null;
}

/** A setting that was changed while the service ran. */
export class ChangedSettingOut {
  @StringField({ description: 'Name of the setting.', example: 'prediction_timeout' }) key!: string;
  @DateTimeField({ description: 'Time of the change.', example: '2026-01-05T09:00:00.000Z' })
  updatedAt!: Date;

  @IntegerField({
    nullable: true,
    description: 'Id of the account; null for the service itself.',
    example: 1,
  })
  updatedBy!: number | null;
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

const STATES = ['healthy', 'degraded', 'unhealthy', 'not_present'] as const;
const OVERALL = ['healthy', 'degraded', 'unhealthy'] as const;
const state = { name: 'ComponentState', description: 'State of the component.', example: 'healthy' } as const;

/** One thing the service stands on. What does not apply to it, or is not measured, is null. */
export class ComponentHealth {
  @EnumField(STATES, state) status!: (typeof STATES)[number];
  @NumberField({ nullable: true, description: 'Response time of a trivial query, in ms.', example: 0.2 })
  responseTime!: number | null;
  @IntegerField({ nullable: true, description: 'Open connections (PostgreSQL only).', example: null })
  connections!: number | null;

  @IntegerField({
    nullable: true,
    description: 'Connections that the server allows (PostgreSQL only).',
    example: null,
  })
  maxConnections!: number | null;

  @StringField({ nullable: true, description: 'Memory used by the component, with its unit.', example: null })
  memoryUsage!: string | null;
  @NumberField({ nullable: true, description: 'Cache hit rate, from 0 to 1.', example: null })
  hitRate!: number | null;
  @IntegerField({ nullable: true, description: 'Number of loaded plugins.', example: null })
  loadedPlugins!: number | null;
  @IntegerField({ nullable: true, description: 'Number of plugins that could not be loaded.', example: null })
  failedPlugins!: number | null;
}

/** Durable work. */
export class JobHealth {
  @EnumField(STATES, state) status!: (typeof STATES)[number];
  @IntegerField({ nullable: true, description: 'Number of waiting jobs.', example: 0 })
  queued!: number | null;
  @IntegerField({ nullable: true, description: 'Number of running jobs.', example: 1 })
  running!: number | null;

  @NumberField({
    nullable: true,
    description: 'Longest time that a due job has waited, in milliseconds; null if no job is waiting.',
    example: null,
  })
  oldestWaitMs!: number | null;
}

/** Orders of the marketplace. */
export class MarketplaceHealth {
  @EnumField(STATES, state) status!: (typeof STATES)[number];
  @IntegerField({ nullable: true, description: 'Number of orders waiting for an evaluator.', example: 2 })
  pending!: number | null;
  @IntegerField({ nullable: true, description: 'Number of orders being computed.', example: 1 })
  processing!: number | null;

  @IntegerField({
    nullable: true,
    description: 'Number of claims and orders that expired over a minute ago and have not been cleaned up.',
    example: 0,
  })
  stuck!: number | null;

  @NumberField({
    nullable: true,
    description:
      'Longest time that an order has waited for an evaluator, in milliseconds; null if no order is waiting.',
    example: 42_000,
  })
  oldestWaitMs!: number | null;
}

/** The components by name. */
export class ComponentsOut {
  @NestedField(ComponentHealth, { description: 'Health of the database.' }) database!: ComponentHealth;
  @NestedField(ComponentHealth, { description: 'Kept for compatibility; the service has no Redis cache.' })
  redisCache!: ComponentHealth;
  @NestedField(ComponentHealth, { description: 'Health of the plugins.' }) pluginSystem!: ComponentHealth;
  @NestedField(JobHealth, { description: 'Health of the job engine.' }) jobEngine!: JobHealth;
  @NestedField(MarketplaceHealth, { description: 'Health of the marketplace.' })
  marketplace!: MarketplaceHealth;
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)}GB`;

/** Space on the disk of the database. */
export class DiskSpaceOut {
  @StringField({
    wire: 'used',
    nullable: true,
    write: gigabytes,
    description: 'Used space, with its unit.',
    example: '12.5GB',
  })
  usedBytes!: number | null;

  @StringField({
    wire: 'available',
    nullable: true,
    write: gigabytes,
    description: 'Free space, with its unit.',
    example: '87.5GB',
  })
  availableBytes!: number | null;

  @NumberField({
    wire: 'usage_percentage',
    nullable: true,
    description: 'Used space, in percent.',
    example: 12.5,
  })
  usedPercent!: number | null;
}

/** The state of the whole service. */
export class SystemHealthOut {
  @EnumField(OVERALL, {
    name: 'SystemState',
    description: 'The worst state of all components.',
    example: 'healthy',
  })
  overallStatus!: (typeof OVERALL)[number];

  @NestedField(ComponentsOut, { description: 'Health of each component.' }) components!: ComponentsOut;
  @ListField(StringField(), { description: 'Problems that need attention, one sentence each.', example: [] })
  alerts!: readonly string[];

  @DateTimeField({
    nullable: true,
    always: null,
    description: 'Always null: backups are not monitored.',
    example: null,
  })
  lastBackup?: null;

  @NestedField(DiskSpaceOut, { description: 'Space on the disk that holds the database.' })
  diskSpace!: DiskSpaceOut;
}
