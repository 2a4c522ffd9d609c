import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '#libs/testing';
import { ADMIN_KEY, startTestApp, type TestApp } from '../../harness/app.js';
import { DATABASE_KINDS } from '../../harness/databases.js';
import { Accounts } from '../../security/accounts.js';

interface SentSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
}

/** A collector: takes OTLP over HTTP as JSON. */
class Collector {
  readonly spans: SentSpan[] = [];
  readonly headers: Readonly<Record<string, unknown>>[] = [];
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      let text = '';
      request.setEncoding('utf8').on('data', (part: string) => (text += part));
      request.on('end', () => {
        this.headers.push({ ...request.headers, url: request.url });
        const { resourceSpans } = JSON.parse(text) as {
          resourceSpans: { scopeSpans: { spans: SentSpan[] }[] }[];
        };
        for (const { scopeSpans } of resourceSpans)
          this.spans.push(...scopeSpans.flatMap(({ spans }) => spans));
        response.setHeader('content-type', 'application/json').end('{}');
      });
    });
  }

  static async open(): Promise<Collector> {
    const collector = new Collector();
    await new Promise<void>((done) => collector.#server.listen(0, '127.0.0.1', done));
    return collector;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  close(): Promise<unknown> {
    this.#server.closeAllConnections();
    return new Promise((done) => this.#server.close(done));
  }
}

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const CALLER = 'b7ad6b7169203331';
const traceparent = `00-${TRACE}-${CALLER}-01`;
const SETTINGS = {
  data_source: 'file',
  data_file_path: resolve('examples/data/synthetic_fx_1h_2023.csv'),
  predictor_plugin: 'random_walk_predictor',
  database_pool_size: 3,
};
const QUESTION = { symbol: 'SYNTHFX', interval: '1h' };

const attribute = (span: SentSpan | undefined, name: string): unknown =>
  Object.values(span?.attributes.find(({ key }) => key === name)?.value ?? {})[0];

describe.each(DATABASE_KINDS)('traces [%s]', (database) => {
  let collector: Collector;
  let app: TestApp;
  let apiKey: string;
  beforeAll(async () => {
    collector = await Collector.open();
    app = await startTestApp({
      database,
      config: {
        ...SETTINGS,
        otlp_endpoint: collector.url,
        otlp_headers: { 'x-scope': 'desk' },
        trace_ratio: 0,
      },
    });
    ({ apiKey } = await new Accounts(app).make('client'));
  });
  afterAll(async () => {
    await app.close();
    await collector.close();
  });

  it('go from the request through the queue to the run of its job, and into the log', async () => {
    const asked = await app.post('/api/v1/predictions', QUESTION, {
      apiKey,
      headers: { Prefer: 'wait=20', traceparent },
    });
    expect(asked.body.status).toBe('completed');
    // without a sampled parent nothing is sent: `trace_ratio` is 0
    await app.get('/api/v1/predictions/', { apiKey });
    await eventually('both spans are sent', () => collector.spans.length >= 2, 20_000);
    const [request, ...jobs] = [...collector.spans].sort((one, other) => one.kind - other.kind);
    expect(request).toMatchObject({
      name: 'POST /api/v1/predictions',
      traceId: TRACE,
      parentSpanId: CALLER,
      kind: 2,
    });
    expect(attribute(request, 'http.response.status_code')).toBe(201);
    expect(jobs).toEqual([
      expect.objectContaining({
        name: 'job core_prediction',
        traceId: TRACE,
        parentSpanId: request?.spanId,
        kind: 5,
      }),
    ]);
    expect(attribute(jobs[0], 'prediction_provider.job.subject')).toBe(String(asked.body.id));
    expect(collector.headers[0]).toMatchObject({ 'x-scope': 'desk', url: '/v1/traces' });
    const line = app.logLines.find(
      ({ name, trace_id }) => name === 'prediction_provider.access' && trace_id === TRACE,
    );
    expect(line).toMatchObject({
      name: 'prediction_provider.access',
      method: 'POST',
      route: '/api/v1/predictions',
      status: 201,
      ms: expect.any(Number),
      bytes: Buffer.byteLength(asked.text),
      msg: expect.stringMatching(/^POST \/api\/v1\/predictions - 201 - [\d.]+ms$/),
    });
  });
});

describe('without a collector', () => {
  it('a valid traceparent is told in the log and kept nowhere, another one is nothing', async () => {
    const app = await startTestApp({ config: SETTINGS });
    const of = (trace: string) =>
      app.get('/api/v1/predictions/', { apiKey: ADMIN_KEY, headers: { traceparent: trace } });
    await of(`00-${'0'.repeat(32)}-${CALLER}-01`);
    await of(traceparent);
    const { apiKey } = await new Accounts(app).make('client');
    await app.post('/api/v1/predictions', QUESTION, { apiKey, headers: { traceparent } });
    const lines = app.logLines.filter(({ name }) => name === 'prediction_provider.access');
    expect(lines.map(({ trace_id }) => trace_id)).toEqual([undefined, TRACE, TRACE]);
    expect(await app.database.query('SELECT DISTINCT traceparent FROM jobs')).toEqual([
      { traceparent: null },
    ]);
    await app.close();
  });
});
