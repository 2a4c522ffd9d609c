import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Answers, Flexible, objectSchema, Problems, Public } from '#libs/http';
import { PluginRegistry, type PluginStatus } from '#libs/plugin-host';

const text = { type: 'string' } as const;
const count = { type: 'integer', minimum: 0 } as const;
const names = { type: 'array', items: text } as const;
const orNull = (type: 'string' | 'number' | 'integer') => ({ type: [type, 'null'] });

const byName = <K extends string, T>(keys: readonly K[], of: (key: K) => T): Readonly<Record<K, T>> =>
  Object.fromEntries(keys.map((key) => [key, of(key)])) as Record<K, T>;

/** Each list of `GET /api/v1/plugins/` and the kind of plugins in it. */
const LISTS = {
  feeder_plugins: 'feeder',
  predictor_plugins: 'predictor',
  pipeline_plugins: 'pipeline',
  endpoint_plugins: 'endpoints',
  core_plugins: 'core',
} as const;
type ListName = keyof typeof LISTS;
const LIST_NAMES = Object.keys(LISTS) as readonly ListName[];

const LISTS_EXAMPLE = {
  feeder_plugins: ['default_feeder'],
  predictor_plugins: ['default_predictor', 'random_walk_predictor'],
  pipeline_plugins: ['default_pipeline', 'enhanced_pipeline'],
  endpoint_plugins: ['predict_endpoint', 'health_endpoint'],
  core_plugins: ['default_core', 'sync_core'],
};

const PLUGIN_STATUS = objectSchema<keyof PluginStatus>(
  {
    id: text,
    kind: { type: 'string', enum: ['core', 'feeder', 'pipeline', 'predictor', 'endpoints'] },
    version: text,
    description: text,
    status: {
      type: 'string',
      enum: ['active', 'available', 'failed'],
      description:
        '`active`: loaded. `available`: will be loaded on first use. `failed`: could not be loaded.',
    },
    configured: {
      type: 'boolean',
      description: 'Whether the plugin is the default for requests that name none of its kind.',
    },
    parameters: {
      type: 'object',
      additionalProperties: true,
      description: 'Parameters in effect, without secrets; file paths are reduced to file names.',
    },
    looks_ahead: {
      type: 'boolean',
      description: 'Whether the predictor is a test instrument that reads future data; predictors only.',
    },
    capabilities: { ...names, description: 'Supported operations; predictors only.' },
    info: {
      type: 'object',
      additionalProperties: true,
      description: 'What a feeder delivers, where it says more than its parameters; feeders only.',
    },
    failure: { ...text, description: 'Why the plugin could not be loaded.' },
    calls: count,
    running: count,
    refusals: {
      ...count,
      description: 'Number of calls refused because of the request, such as invalid input.',
    },
    failures: count,
    last_error_code: orNull('string'),
    last_error_at: {
      ...orNull('integer'),
      description: 'Time of the last error, in milliseconds since 1970-01-01 UTC; null if there was none.',
    },
    last_duration_ms: orNull('number'),
    mean_duration_ms: orNull('number'),
  },
  [
    'looks_ahead',
    'capabilities',
    'info',
    'failure',
    'running',
    'refusals',
    'last_error_code',
    'last_error_at',
    'last_duration_ms',
    'mean_duration_ms',
  ],
);

/** The kinds of which one plugin is the default of requests. */
const CONFIGURED = ['core', 'feeder', 'predictor', 'pipeline'] as const;

/** The configured plugin of each kind, every known one, and whether all is well. */
interface PluginsReport {
  readonly plugins: Readonly<Record<(typeof CONFIGURED)[number], PluginStatus>>;
  readonly known: readonly PluginStatus[];
  /** Plugins that are loaded. */
  readonly total_plugins: number;
  /** `degraded` while a known plugin cannot be loaded. */
  readonly system_status: 'operational' | 'degraded';
}

const STATUS_SCHEMA = objectSchema<keyof PluginsReport>({
  plugins: objectSchema(byName(CONFIGURED, () => PLUGIN_STATUS)),
  known: { type: 'array', items: PLUGIN_STATUS },
  total_plugins: { ...count, description: 'Number of loaded plugins.' },
  system_status: { type: 'string', enum: ['operational', 'degraded'] },
});

const example = (kind: string, calls: number) => ({
  id: `default_${kind}`,
  kind,
  version: '1.0.0',
  description: 'What the plugin does, in one sentence.',
  status: 'active',
  configured: true,
  parameters: {},
  calls,
  running: 0,
  refusals: 0,
  failures: 0,
  last_error_code: null,
  last_error_at: null,
  last_duration_ms: calls === 0 ? null : 1.25,
  mean_duration_ms: calls === 0 ? null : 1.5,
});

const STATUS_EXAMPLE = {
  plugins: {
    core: example('core', 0),
    feeder: example('feeder', 12),
    predictor: { ...example('predictor', 12), looks_ahead: true, capabilities: ['forecast', 'describe'] },
    pipeline: example('pipeline', 12),
  },
  known: [example('core', 0)],
  total_plugins: 4,
  system_status: 'operational',
};

@ApiTags('plugins')
@Controller('api/v1/plugins')
export class PluginListsController {
  constructor(private readonly registry: PluginRegistry) {}

  @Get()
  @Flexible()
  @ApiOperation({
    summary: 'List plugins by kind',
    description:
      'The ids that a request may name as `predictor_plugin`, `feeder_plugin` and `pipeline_plugin`.',
  })
  @Answers(200, objectSchema(byName(LIST_NAMES, () => names)), {
    description: 'Plugins that a request may name, by kind.',
    example: LISTS_EXAMPLE,
  })
  @Problems({ 403: 'API key required' })
  lists(): Readonly<Record<ListName, readonly string[]>> {
    return byName(LIST_NAMES, (name) => this.registry.ids(LISTS[name]));
  }

  @Get('status')
  @Public()
  @ApiOperation({
    summary: 'Read the status of all plugins',
    description: 'State, version and figures of each plugin since the start of the process.',
  })
  @Answers(200, STATUS_SCHEMA, {
    description: 'Loaded and configured plugins, with their figures since the start of the process.',
    example: STATUS_EXAMPLE,
  })
  status(): PluginsReport {
    const known = this.registry.status();
    const configured = (kind: string) => known.find((plugin) => plugin.kind === kind && plugin.configured);
    return {
      plugins: byName(CONFIGURED, configured) as PluginsReport['plugins'],
      known,
      total_plugins: known.filter(({ status }) => status === 'active').length,
      system_status: known.some(({ status }) => status === 'failed') ? 'degraded' : 'operational',
    };
  }
}
