import {
  DateTimeField,
  EnumField,
  IntegerField,
  ListField,
  NestedField,
  NumberField,
  StringField,
} from '#libs/http';

const STATES = ['healthy', 'degraded', 'unhealthy', 'not_present'] as const;
const OVERALL = ['healthy', 'degraded', 'unhealthy'] as const;
const state = { name: 'ComponentState', description: 'State of the component.', example: 'healthy' } as const;

/** One thing the service stands on. What does not apply to it, or is not measured, is null. */
export class ComponentHealth {
  @EnumField(STATES, state)
  status!: (typeof STATES)[number];

  @NumberField({ nullable: true, description: 'Response time of a trivial query, in ms.', example: 0.2 })
  response_time!: number | null;

  @IntegerField({ nullable: true, description: 'Open connections (PostgreSQL only).', example: null })
  connections!: number | null;

  @IntegerField({
    nullable: true,
    description: 'Connections that the server allows (PostgreSQL only).',
    example: null,
  })
  max_connections!: number | null;

  @StringField({ nullable: true, description: 'Memory used by the component, with its unit.', example: null })
  memory_usage!: string | null;

  @NumberField({ nullable: true, description: 'Cache hit rate, from 0 to 1.', example: null })
  hit_rate!: number | null;

  @IntegerField({ nullable: true, description: 'Number of loaded plugins.', example: null })
  loaded_plugins!: number | null;

  @IntegerField({ nullable: true, description: 'Number of plugins that could not be loaded.', example: null })
  failed_plugins!: number | null;
}

/** Durable work. */
export class JobHealth {
  @EnumField(STATES, state)
  status!: (typeof STATES)[number];

  @IntegerField({ nullable: true, description: 'Number of waiting jobs.', example: 0 })
  queued!: number | null;

  @IntegerField({ nullable: true, description: 'Number of running jobs.', example: 1 })
  running!: number | null;

  @NumberField({
    nullable: true,
    description: 'Longest time that a due job has waited, in milliseconds; null if no job is waiting.',
    example: null,
  })
  oldest_wait_ms!: number | null;
}

/** Orders of the marketplace. */
export class MarketplaceHealth {
  @EnumField(STATES, state)
  status!: (typeof STATES)[number];

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
  oldest_wait_ms!: number | null;
}

/** The components by name. */
export class ComponentsOut {
  @NestedField(ComponentHealth, { description: 'Health of the database.' })
  database!: ComponentHealth;

  @NestedField(ComponentHealth, { description: 'Kept for compatibility; the service has no Redis cache.' })
  redis_cache!: ComponentHealth;

  @NestedField(ComponentHealth, { description: 'Health of the plugins.' })
  plugin_system!: ComponentHealth;

  @NestedField(JobHealth, { description: 'Health of the job engine.' })
  job_engine!: JobHealth;

  @NestedField(MarketplaceHealth, { description: 'Health of the marketplace.' })
  marketplace!: MarketplaceHealth;
}

/** Space on the disk of the database. */
export class DiskSpaceOut {
  @StringField({ nullable: true, description: 'Used space, with its unit.', example: '12.5GB' })
  used!: string | null;

  @StringField({ nullable: true, description: 'Free space, with its unit.', example: '87.5GB' })
  available!: string | null;

  @NumberField({ nullable: true, description: 'Used space, in percent.', example: 12.5 })
  usage_percentage!: number | null;
}

/** The state of the whole service. */
export class SystemHealthOut {
  @EnumField(OVERALL, {
    name: 'SystemState',
    description: 'The worst state of all components.',
    example: 'healthy',
  })
  overall_status!: (typeof OVERALL)[number];

  @NestedField(ComponentsOut, { description: 'Health of each component.' })
  components!: ComponentsOut;

  @ListField(StringField(), { description: 'Problems that need attention, one sentence each.', example: [] })
  alerts!: readonly string[];

  @DateTimeField({ nullable: true, description: 'Always null: backups are not monitored.', example: null })
  last_backup!: Date | null;

  @NestedField(DiskSpaceOut, { description: 'Space on the disk that holds the database.' })
  disk_space!: DiskSpaceOut;
}
