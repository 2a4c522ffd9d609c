import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Module, RequestMethod, type Type } from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { ACCESS_POLICY, type RequestContext } from '#libs/http';
import { runInContext } from '#libs/kernel';
import { loadPlugins, parameterPage, type PluginRegistry } from '#libs/plugin-host';
import {
  createPlugin,
  ENDPOINTS_HOST,
  endpointsConformance,
  ROUTE_ACCESS,
  type EndpointsDefinition,
  type EndpointsHost,
} from '#libs/plugin-sdk';
import { BUILT_IN_PLUGINS } from '#libs/plugins';
import defaultEndpoints from '../../../libs/plugins/src/endpoints/default-endpoints.js';
import healthEndpoint from '../../../libs/plugins/src/endpoints/health-endpoint.js';
import infoEndpoint from '../../../libs/plugins/src/endpoints/info-endpoint.js';
import metricsEndpoint from '../../../libs/plugins/src/endpoints/metrics-endpoint.js';
import predictEndpoint from '../../../libs/plugins/src/endpoints/predict-endpoint.js';
import { configOf } from '#libs/testing';
import { FakeClock } from '#libs/testing';
import { PluginsModule } from '../../../src/app/plugins.module.js';
import { conform } from '../../unit/plugins/conform.js';

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
const definitions: readonly EndpointsDefinition[] = [
  defaultEndpoints,
  predictEndpoint,
  healthEndpoint,
  infoEndpoint,
  metricsEndpoint,
];

const load = (flags: Readonly<Record<string, unknown>>): Promise<PluginRegistry> =>
  loadPlugins({
    manifest: BUILT_IN_PLUGINS,
    config: configOf(flags),
    clock: new FakeClock(),
    logger: silent,
    barCache: null,
    importModule: () => Promise.reject(new Error('none')),
  });

/** What the front of the product opens for each request, and answers are written in. */
const CONTEXT: RequestContext = {
  requestId: 'r-1',
  clientAddress: '127.0.0.1',
  callerNetwork: '127.0.0.1',
  userAgent: null,
  method: 'GET',
  path: '/',
  routedPath: '/',
  route: null,
  query: '',
  form: { errors: 'problem', warnings: 'body' },
  payload: undefined,
};

async function serve(registry: PluginRegistry): Promise<NestFastifyApplication> {
  const host: EndpointsHost = {
    version: '0.1.0',
    plugins: () => registry.summaries(),
    readiness: async () => [{ name: 'database', up: false, detail: { response_ms: 3 } }],
    metrics: async () => ({ contentType: 'text/plain; version=0.0.4; charset=utf-8', body: 'jobs 1\n' }),
  };
  @Module({})
  class HostModule {}
  const testing = await Test.createTestingModule({
    imports: [
      {
        module: HostModule,
        global: true,
        providers: [{ provide: ENDPOINTS_HOST, useValue: host }],
        exports: [ENDPOINTS_HOST],
      },
      PluginsModule.forRoot(registry),
    ],
  }).compile();
  const app = testing.createNestApplication<NestFastifyApplication>(new FastifyAdapter(), { logger: false });
  app.use((_request: unknown, _response: unknown, next: () => void) => runInContext(CONTEXT, next));
  await app.listen(0, '127.0.0.1');
  return app;
}

const request = async (app: NestFastifyApplication, path: string): Promise<Response> =>
  fetch(`${await app.getUrl()}${path}`);

describe.each(definitions)('endpoints plugin $id', (definition) => {
  conform(endpointsConformance({ definition, create: () => createPlugin(definition) }));
});

describe('mounted endpoints', () => {
  let app: NestFastifyApplication;
  let registry: PluginRegistry;
  beforeAll(async () => {
    registry = await load({
      endpoint_plugins: ['predict_endpoint', 'health_endpoint', 'info_endpoint'],
      endpoints_debug: true,
      core_plugin: 'sync_core',
      normalization_params_path: '/srv/models/secret-place/scale.json',
    });
    app = await serve(registry);
  });
  afterAll(() => app.close());
  const get = (path: string): Promise<Response> => request(app, path);
  const json = async (path: string): Promise<Record<string, unknown>> =>
    (await get(path)).json() as Promise<Record<string, unknown>>;

  it('list the known plugins under the names of the contract', async () => {
    expect(await json('/api/v1/plugins')).toEqual({
      feeder_plugins: [
        'default_feeder',
        'real_feeder_original',
        'real_feeder_modular',
        'real_feeder',
        'fe_replicator_feeder',
        'stl_feature_generator',
        'data_validator',
      ],
      predictor_plugins: expect.arrayContaining([
        'default_predictor',
        'random_walk_predictor',
        'binary_ideal_oracle',
      ]),
      pipeline_plugins: ['default_pipeline', 'enhanced_pipeline'],
      endpoint_plugins: [
        'default_endpoints',
        'predict_endpoint',
        'health_endpoint',
        'info_endpoint',
        'metrics_endpoint',
      ],
      core_plugins: ['default_core', 'sync_core'],
    });
  });

  it('tell the truth about what is loaded and what happened', async () => {
    const before = (await json('/api/v1/plugins/status')) as {
      plugins: Record<string, unknown>;
      total_plugins: number;
    };
    expect(before).toMatchObject({
      plugins: {
        core: { id: 'sync_core', status: 'active', version: '1.0.0' },
        feeder: { status: 'active', parameters: { data_source: 'yfinance' }, calls: 0 },
        predictor: {
          status: 'active',
          parameters: { normalization_params_path: 'scale.json' },
          looks_ahead: expect.any(Boolean),
        },
        pipeline: { status: 'active' },
      },
      system_status: 'operational',
    });
    expect(before.total_plugins).toBe(4 + 5);
    const predictor = registry.active('predictor');
    await Promise.resolve(
      predictor.forecast({ length: 0 } as never, { signal: new AbortController().signal } as never),
    ).catch(() => undefined);
    await registry.predictor('binary_ideal_oracle').catch(() => undefined);
    const after = await json('/api/v1/plugins/status');
    expect(after).toMatchObject({
      plugins: { predictor: { calls: 1, refusals: 1, failures: 0 } },
      system_status: 'degraded',
    });
    expect(JSON.stringify(after)).not.toContain('/srv/models');
  });

  it('serve the list, the index, health in detail, information and metrics', async () => {
    expect(((await json('/plugins')) as unknown as { id: string }[])[0]).toEqual({
      id: 'default_core',
      kind: 'core',
      version: '1.0.0',
      description: expect.any(String),
      state: 'available',
    });
    const index = (await json('/predict')) as { ways: { path: string }[]; predictors: string[] };
    expect(index.ways.map(({ path }) => path)).toContain('/api/v1/predict/entry');
    expect(await json('/health/details')).toMatchObject({
      ready: false,
      conditions: [{ name: 'database', up: false }],
      plugins: expect.arrayContaining([
        { name: 'default_feeder', up: true, detail: { kind: 'feeder', state: 'active' } },
      ]),
    });
    const info = (await json('/info')) as { version: string; plugins: { parameters?: unknown }[] };
    expect(info.version).toBe('0.1.0');
    expect(info.plugins.every(({ parameters }) => parameters !== undefined)).toBe(true);
    const metrics = await get('/metrics');
    expect(metrics.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(await metrics.text()).toBe('jobs 1\n');
  });
});

describe('the page of the built-in plugins', () => {
  it('is what the declarations say', async () => {
    const registry = await load({});
    const page = readFileSync(new URL('../../../docs/plugin-parameters.md', import.meta.url), 'utf8');
    // To write it anew: npm run docs:plugins.
    expect(page).toBe(parameterPage(registry.definitions()));
  });
});

describe('routes of endpoints plugins', () => {
  it('are not there unless their plugin is configured, and show no parameters unless asked to', async () => {
    const app = await serve(await load({ metrics: false }));
    const status = async (path: string) => (await request(app, path)).status;
    expect([await status('/metrics'), await status('/info'), await status('/plugins')]).toEqual([
      404, 404, 200,
    ]);
    await app.close();
    const other = await serve(await load({ endpoint_plugins: ['info_endpoint'] }));
    const info = (await (await request(other, '/info')).json()) as { plugins: object[] };
    expect(info.plugins.some((plugin) => 'parameters' in plugin)).toBe(false);
    await other.close();
  });

  it("state their access under the guard's own key", async () => {
    expect(ROUTE_ACCESS).toBe(ACCESS_POLICY);
    const modes: string[] = [];
    for (const definition of definitions) {
      const { module } = await createPlugin(definition);
      for (const controller of (module.controllers ?? []) as Type[]) {
        for (const { value } of Object.values(Object.getOwnPropertyDescriptors(controller.prototype))) {
          if (Reflect.getMetadata('method', value as object) !== RequestMethod.GET) continue;
          modes.push(
            `${definition.id} ${(Reflect.getMetadata(ACCESS_POLICY, value as object) as { mode: string }).mode}`,
          );
        }
      }
    }
    expect(modes).toEqual([
      'default_endpoints flexible',
      'predict_endpoint flexible',
      'health_endpoint flexible',
      'info_endpoint flexible',
      'metrics_endpoint public',
    ]);
  });
});
