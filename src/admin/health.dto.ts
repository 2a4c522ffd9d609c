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
const state = { name: 'ComponentState', description: 'How it is.', example: 'healthy' } as const;

/** One thing the service stands on. What does not apply to it, or is not measured, is null. */
export class ComponentHealth {
  @EnumField(STATES, state)
  status!: (typeof STATES)[number];

  @NumberField({ nullable: true, description: 'Milliseconds that a trivial question took.', example: 0.2 })
  response_time!: number | null;

  @IntegerField({ nullable: true, description: 'Open connections (PostgreSQL).', example: null })
  connections!: number | null;

  @IntegerField({ nullable: true, description: 'Connections that the server allows.', example: null })
  max_connections!: number | null;

  @StringField({ nullable: true, description: 'Memory of the component, with its unit.', example: null })
  memory_usage!: string | null;

  @NumberField({ nullable: true, description: 'Share of answers that came from a cache.', example: null })
  hit_rate!: number | null;

  @IntegerField({ nullable: true, description: 'Plugins that are created.', example: null })
  loaded_plugins!: number | null;

  @IntegerField({ nullable: true, description: 'Plugins that could not be created.', example: null })
  failed_plugins!: number | null;
}

/** Durable work. */
export class JobHealth {
  @EnumField(STATES, state)
  status!: (typeof STATES)[number];

  @IntegerField({ nullable: true, description: 'Jobs that wait.', example: 0 })
  queued!: number | null;

  @IntegerField({ nullable: true, description: 'Jobs at work.', example: 1 })
  running!: number | null;

  @NumberField({
    nullable: true,
    description: 'Longest wait of a due job, ms; null when none waits.',
    example: null,
  })
  oldest_wait_ms!: number | null;
}

/** Requests of the marketplace. */
export class MarketplaceHealth {
  @EnumField(STATES, state)
  status!: (typeof STATES)[number];

  @IntegerField({ nullable: true, description: 'Requests that wait.', example: 2 })
  pending!: number | null;

  @IntegerField({ nullable: true, description: 'Requests at work.', example: 1 })
  processing!: number | null;

  @IntegerField({
    nullable: true,
    description:
      'Claims that ran out and requests that became too old over a minute ago, and are there still.',
    example: 0,
  })
  stuck!: number | null;

  @NumberField({
    nullable: true,
    description: 'Longest wait of a request for an evaluator, ms; null when none waits.',
    example: 42_000,
  })
  oldest_wait_ms!: number | null;
}

/** The components by name. */
export class ComponentsOut {
  @NestedField(ComponentHealth, { description: 'The database.' })
  database!: ComponentHealth;

  @NestedField(ComponentHealth, { description: 'There is none; the key is kept for clients that read it.' })
  redis_cache!: ComponentHealth;

  @NestedField(ComponentHealth, { description: 'The plugins.' })
  plugin_system!: ComponentHealth;

  @NestedField(JobHealth, { description: 'Durable work.' })
  job_engine!: JobHealth;

  @NestedField(MarketplaceHealth, { description: 'Requests of the marketplace.' })
  marketplace!: MarketplaceHealth;
}

/** Space on the disk of the database. */
export class DiskSpaceOut {
  @StringField({ nullable: true, description: 'Used, with its unit.', example: '12.5GB' })
  used!: string | null;

  @StringField({ nullable: true, description: 'Left, with its unit.', example: '87.5GB' })
  available!: string | null;

  @NumberField({ nullable: true, description: 'Used, in percent.', example: 12.5 })
  usage_percentage!: number | null;
}

/** The state of the whole service. */
export class SystemHealthOut {
  @EnumField(OVERALL, { name: 'SystemState', description: 'The worst of all.', example: 'healthy' })
  overall_status!: (typeof OVERALL)[number];

  @NestedField(ComponentsOut, { description: 'Part by part.' })
  components!: ComponentsOut;

  @ListField(StringField(), { description: 'What needs attention, one sentence each.', example: [] })
  alerts!: readonly string[];

  @DateTimeField({ nullable: true, description: 'Not known to the service, so null.', example: null })
  last_backup!: Date | null;

  @NestedField(DiskSpaceOut, { description: 'Space on the disk of the database.' })
  disk_space!: DiskSpaceOut;
}
