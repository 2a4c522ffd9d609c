import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  ADMIN_KEY,
  describeOnAdapters,
  startTestApp,
  type AdapterName,
  type TestApp,
} from '../../harness/app.js';

const BARS = `DATE_TIME,OPEN,HIGH,LOW,CLOSE
2024-01-10 08:00:00,1.10000,1.10010,1.09990,1.10000
2024-01-10 09:00:00,1.10000,1.10070,1.09995,1.10040
2024-01-10 10:00:00,1.10040,1.10060,1.10030,1.10055
2024-01-10 11:00:00,1.10055,1.10056,1.09890,1.10100
2024-01-12 20:00:00,1.09950,1.09960,1.09800,1.09850
`;
const TIME = '10.01.2024 08:00:00.000';
const ENTRY = { datetime: TIME, tp: 40, sl: 60 };
const EXIT = { datetime: TIME, direction: 'buy', tp_price: 1.1005, sl_price: 1.099 };

const rowsOf = (count: number, row: object) => Array.from({ length: count }, () => row);

const folder = mkdtempSync(join(tmpdir(), 'sync-endpoints-'));
const csv_file = join(folder, 'bars.csv');
writeFileSync(csv_file, BARS);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const start = (adapter: AdapterName, config: Readonly<Record<string, unknown>>): Promise<TestApp> =>
  startTestApp({ adapter, config: { core_plugin: 'sync_core', csv_file, ...config } });

describeOnAdapters('the synchronous endpoints of an oracle', (adapter) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await start(adapter, {
      predictor_plugin: 'direction_ideal_oracle',
      batch_body_limit_bytes: 2_000_000,
      max_batch_rows: 5000,
    });
  });
  afterAll(() => app.close());

  it("answers an entry question in the original's bytes", async () => {
    const answer = await app.post('/api/v1/predict/entry', ENTRY);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(answer.text).toBe(
      '{"buy_entry_binary":1,"sell_entry_binary":0,"bars_remaining":4,"buy_confidence":1.0,"sell_confidence":1.0}',
    );
  });

  it('takes defaults and numeric text, and says which fields it ignored', async () => {
    for (const path of ['/api/v1/predict/entry', '/api/v1/predict/entry/']) {
      const answer = await app.post(path, { datetime: TIME, tp: '40', sl: '1e2', more: 1 });
      expect(answer.text).toMatch(
        /^\{"warnings":\[\{"code":"ignored_field","field":"more",.*\],"buy_entry_binary":1,/,
      );
    }
    expect((await app.post('/api/v1/predict/entry', { datetime: TIME })).status).toBe(200);
  });

  it('answers an exit question, the direction in any case', async () => {
    const answer = await app.post('/api/v1/predict/exit', { ...EXIT, direction: 'BUY' });
    expect(answer.status).toBe(200);
    expect(answer.text).toBe('{"exit_binary":1,"exit_confidence":1.0}');
  });

  it.each([
    '2024-01-10 08:00:00',
    '10.01.2024 08:00:00',
    '10.01.2024 08:00:00.',
    '10.01.2024 08:00:00.1234567',
    '31.02.2024 08:00:00.0',
    '10.01.2024 24:00:00.0',
    '10.01.24 08:00:00.0',
    ' 10.01.2024 08:00:00.0',
    '',
  ])('refuses the timestamp "%s" with 400, before the direction', async (datetime) => {
    for (const [path, body] of [
      ['entry', { ...ENTRY, datetime }],
      ['exit', { ...EXIT, datetime, direction: 'up' }],
    ] as const) {
      const answer = await app.post(`/api/v1/predict/${path}`, body);
      expect(answer.status).toBe(400);
      expect(answer.body.detail).toBe(`Invalid timestamp format: ${datetime}`);
    }
  });

  it.each(['1.1.2024 8:0:0.5', '10.01.2024 08:00:00.123456'])(
    'takes the timestamp "%s"',
    async (datetime) => {
      expect((await app.post('/api/v1/predict/entry', { ...ENTRY, datetime })).status).toBe(200);
    },
  );

  it('refuses another direction with 400', async () => {
    const answer = await app.post('/api/v1/predict/exit', { ...EXIT, direction: 'Hold' });
    expect(answer.status).toBe(400);
    expect(answer.body.detail).toBe("Invalid direction: Hold. Use 'buy' or 'sell'.");
  });

  it.each<[string, object, object]>([
    ['entry', { tp: 1 }, { type: 'missing', loc: ['body', 'datetime'] }],
    ['entry', { ...ENTRY, tp: 'far' }, { type: 'float_parsing', loc: ['body', 'tp'], input: 'far' }],
    ['entry', { ...ENTRY, tp: null }, { type: 'float_type', loc: ['body', 'tp'] }],
    ['entry', { ...ENTRY, datetime: 5 }, { type: 'string_type', loc: ['body', 'datetime'] }],
    ['exit', { ...EXIT, tp_price: 'NaN' }, { type: 'finite_number', loc: ['body', 'tp_price'] }],
    [
      'exit',
      { datetime: TIME, direction: 'buy', tp_price: 1 },
      { type: 'missing', loc: ['body', 'sl_price'] },
    ],
  ])('refuses %s %j with 422', async (path, body, item) => {
    const answer = await app.post(`/api/v1/predict/${path}`, body);
    expect(answer.status).toBe(422);
    expect(answer.body.detail).toEqual([expect.objectContaining(item)]);
  });

  it('refuses a number that is not finite', async () => {
    const answer = await app.post('/api/v1/predict/entry', `{"datetime":"${TIME}","tp":1e999}`);
    expect(answer.status).toBe(422);
    expect(answer.body.detail).toMatchObject([{ type: 'finite_number' }]);
  });

  it('describes the predictor and says that it looks ahead', async () => {
    const answer = await app.get('/api/v1/model/info');
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      model_name: 'direction_ideal_oracle',
      window_size: 0,
      supported_types: ['entry', 'exit'],
      entry_directions: ['buy', 'sell'],
      exit_directions: ['buy', 'sell'],
      prediction_scope: 'path_scanning',
      required_columns: ['OPEN', 'HIGH', 'LOW', 'CLOSE'],
      accepts_ohlc_window: false,
      looks_ahead: true,
    });
    expect(answer.text).not.toContain(folder);
  });

  it('sets the noise for administrators only, and counts anew', async () => {
    await app.post('/api/v1/predict/entry', ENTRY);
    const refused = await app.post('/api/v1/predict/set_noise', { noise_std: 0.3 });
    expect(refused.status).toBe(403);
    expect((await app.post('/api/v1/predict/set_noise', {})).status).toBe(403);
    const set = await app.post('/api/v1/predict/set_noise', { noise_std: 0 }, { apiKey: ADMIN_KEY });
    expect([set.status, set.text]).toEqual([200, '{"noise_std":0.0,"status":"ok"}']);
    const negative = await app.post('/api/v1/predict/set_noise', { noise_std: -1 }, { apiKey: ADMIN_KEY });
    expect(negative.body.detail).toMatchObject([{ type: 'greater_than_equal', ctx: { ge: 0 } }]);
    await app.post('/api/v1/predict/entry', ENTRY);
    const metrics = await app.get('/api/v1/predict/metrics');
    expect(metrics.text).toBe(
      '{"tp":1,"fp":0,"tn":1,"fn":0,"total_predictions":2,"precision":1.0,"recall":1.0,"f1":1.0,"accuracy":1.0,"noise_std":0.0}',
    );
  });

  it('answers a batch in order, a bad row with its own error', async () => {
    const rows = [ENTRY, { ...ENTRY, tp: 'far' }, { ...ENTRY, datetime: 'soon' }, ENTRY];
    const answer = await app.post('/api/v1/predict/entry/batch', rows);
    const single = await app.post('/api/v1/predict/entry', ENTRY);
    expect(answer.status).toBe(200);
    expect(answer.text.startsWith(`[${single.text},{"error":`)).toBe(true);
    const [, far, soon, last] = answer.body;
    const alone = await app.post('/api/v1/predict/entry', rows[1]);
    expect(far.error.detail).toEqual(alone.body.detail);
    expect(Object.keys(far.error)).toEqual(Object.keys(alone.body));
    expect(soon.error).toMatchObject({ status: 400, detail: 'Invalid timestamp format: soon' });
    expect(last).toEqual(single.body);
  });

  it('answers a batch of lines with lines', async () => {
    const answer = await app.fetch('POST', '/api/v1/predict/exit/batch', {
      body: `${JSON.stringify(EXIT)}\n{}\n`,
      headers: { 'Content-Type': 'application/x-ndjson' },
    });
    expect(answer.headers.get('content-type')).toBe('application/x-ndjson; charset=utf-8');
    const [first, second, ...rest] = (await answer.text()).split('\n');
    expect(first).toBe('{"exit_binary":1,"exit_confidence":1.0}');
    expect(JSON.parse(second ?? '').error.status).toBe(422);
    expect(rest).toEqual(['']);
  });

  it('takes a batch above the limit of other bodies, not above its own', async () => {
    const row = { ...ENTRY, note: 'x'.repeat(300) };
    const most = await app.post('/api/v1/predict/entry/batch', rowsOf(5000, row));
    expect(most.status).toBe(200);
    expect(most.body).toHaveLength(5000);
    expect(Number(most.headers.get('content-length'))).toBe(most.text.length);
    const tooMany = await app.post('/api/v1/predict/entry/batch', rowsOf(5001, ENTRY));
    expect(tooMany.status).toBe(422);
    expect(tooMany.body.detail).toMatchObject([{ type: 'too_long', ctx: { actual_length: 5001 } }]);
    const tooLarge = await app.post('/api/v1/predict/entry/batch', rowsOf(6000, row));
    expect(tooLarge.status).toBe(413);
  });

  it('leaves one audit row for a whole batch', async () => {
    const listed = () =>
      app.get('/api/v1/admin/logs?endpoint=/api/v1/predict/exit/batch', { apiKey: ADMIN_KEY });
    const before = (await listed()).body.total;
    await app.post('/api/v1/predict/exit/batch', rowsOf(100, EXIT));
    expect((await listed()).body.total).toBe(before + 1);
  });
});

describe('the synchronous endpoints of other predictors', () => {
  it('answer 501 for what the predictor does not have, after the timestamp', async () => {
    const app = await start('fastify', { predictor_plugin: 'binary_ideal_oracle' });
    try {
      const noise = await app.post('/api/v1/predict/set_noise', { noise_std: 1 }, { apiKey: ADMIN_KEY });
      expect([noise.status, (await app.get('/api/v1/predict/metrics')).status]).toEqual([501, 501]);
    } finally {
      await app.close();
    }
  });

  it('answer 501 for entries of a forecasting predictor, and still describe it', async () => {
    const app = await start('fastify', { predictor_plugin: 'random_walk_predictor' });
    try {
      const status = async (path: string, body: unknown) => (await app.post(path, body)).status;
      expect(await status('/api/v1/predict/entry', { datetime: 'soon' })).toBe(400);
      expect(await status('/api/v1/predict/entry', ENTRY)).toBe(501);
      expect(await status('/api/v1/predict/exit', { ...EXIT, direction: 'up' })).toBe(400);
      expect(await status('/api/v1/predict/exit', EXIT)).toBe(501);
      expect(await status('/api/v1/predict/entry/batch', [ENTRY])).toBe(501);
      const info = await app.get('/api/v1/model/info');
      expect(info.body).toMatchObject({ model_name: 'random_walk_predictor', looks_ahead: false });
    } finally {
      await app.close();
    }
  });

  it('let anyone on the loopback interface set the noise when allow_noise_control says so', async () => {
    const app = await start('fastify', {
      predictor_plugin: 'direction_ideal_oracle',
      allow_noise_control: true,
      trusted_proxies: ['127.0.0.1'],
    });
    try {
      const set = (forwarded?: string) =>
        app.post(
          '/api/v1/predict/set_noise',
          { noise_std: 0.3 },
          {
            headers: forwarded === undefined ? {} : { 'X-Forwarded-For': forwarded },
          },
        );
      expect((await set()).text).toBe('{"noise_std":0.3,"status":"ok"}');
      expect((await set('203.0.113.9')).status).toBe(403);
      expect((await app.get('/api/v1/model/info')).body.noise_std).toBe(0.3);
    } finally {
      await app.close();
    }
  });

  it('ask for a key when authentication is required', async () => {
    const app = await start('fastify', { predictor_plugin: 'binary_ideal_oracle', require_auth: true });
    try {
      expect((await app.post('/api/v1/predict/entry', ENTRY)).status).toBe(403);
      expect((await app.post('/api/v1/predict/entry', ENTRY, { apiKey: ADMIN_KEY })).status).toBe(200);
      expect((await app.post('/api/v1/predict/entry/batch', [ENTRY])).status).toBe(403);
    } finally {
      await app.close();
    }
  });

  it('are absent under another core', async () => {
    const app = await startTestApp({ config: { core_plugin: 'default_core' } });
    try {
      expect((await app.post('/api/v1/predict/entry', ENTRY)).status).toBe(404);
      expect((await app.get('/api/v1/model/info')).status).toBe(404);
    } finally {
      await app.close();
    }
  });
});
