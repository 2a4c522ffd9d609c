const text = { type: 'string' } as const;
const count = { type: 'integer', minimum: 0 } as const;
const names = { type: 'array', items: text } as const;
const orNull = (type: 'string' | 'number' | 'integer') => ({ type: [type, 'null'] });

/** Of `GET /api/v1/plugins/`. */
export const LISTS_SCHEMA = {
  type: 'object',
  required: ['feeder_plugins', 'predictor_plugins', 'pipeline_plugins', 'endpoint_plugins', 'core_plugins'],
  properties: {
    feeder_plugins: names,
    predictor_plugins: names,
    pipeline_plugins: names,
    endpoint_plugins: names,
    core_plugins: names,
  },
};

export const LISTS_EXAMPLE = {
  feeder_plugins: ['default_feeder'],
  predictor_plugins: ['default_predictor', 'random_walk_predictor'],
  pipeline_plugins: ['default_pipeline', 'enhanced_pipeline'],
  endpoint_plugins: ['predict_endpoint', 'health_endpoint'],
  core_plugins: ['default_core', 'sync_core'],
};

const PLUGIN_STATUS = {
  type: 'object',
  required: [
    'id',
    'kind',
    'version',
    'description',
    'status',
    'configured',
    'parameters',
    'calls',
    'failures',
  ],
  properties: {
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
};

/** Of `GET /api/v1/plugins/status`. */
export const STATUS_SCHEMA = {
  type: 'object',
  required: ['plugins', 'known', 'total_plugins', 'system_status'],
  properties: {
    plugins: {
      type: 'object',
      required: ['core', 'feeder', 'predictor', 'pipeline'],
      properties: {
        core: PLUGIN_STATUS,
        feeder: PLUGIN_STATUS,
        predictor: PLUGIN_STATUS,
        pipeline: PLUGIN_STATUS,
      },
    },
    known: { type: 'array', items: PLUGIN_STATUS },
    total_plugins: { ...count, description: 'Number of loaded plugins.' },
    system_status: { type: 'string', enum: ['operational', 'degraded'] },
  },
};

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

export const STATUS_EXAMPLE = {
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
