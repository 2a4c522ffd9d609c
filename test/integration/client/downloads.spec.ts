import { createHash } from 'node:crypto';
import { THEMES } from '#libs/forecast-chart';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { areaColour } from '../../../libs/forecast-chart/src/forecast-chart.js';
import { columnsOf, decodePng, leastOpacity } from '../../unit/forecast-chart/png.js';
import { answer, ClientDesk, evaluator, HOUR, MINUTE, NOW, ROOT } from './client-desk.js';
import type { AdapterName } from '../../harness/app.js';
import type { DatabaseKind } from '../../harness/databases.js';
import type { OriginalKey } from '../../harness/original.js';

const NAMES = ['results.csv', 'plot.png', 'metadata.json', 'logs.txt'] as const;
const STANDS: readonly (readonly [AdapterName, DatabaseKind])[] = [
  ['fastify', 'sqlite'],
  ['express', 'sqlite'],
  ['fastify', 'postgres'],
];

describe.each(STANDS)('downloads [%s, %s]', (adapter, database) => {
  let desk: ClientDesk;
  beforeAll(async () => {
    desk = await ClientDesk.start(database, { adapter });
  }, 60_000);
  afterAll(() => desk.close());

  const download = async (id: string, name: string, apiKey: OriginalKey = 'client1_key') => {
    const response = await desk.app.fetch('GET', `${ROOT}/${id}/download/${name}`, { apiKey });
    const bytes = Buffer.from(await response.arrayBuffer());
    return { status: response.status, headers: response.headers, bytes, text: bytes.toString('utf8') };
  };
  const recorded = (id: string) =>
    desk.app.database.query<Record<string, unknown>>(
      `SELECT file_name, file_type, file_size, file_hash, mime_type FROM prediction_files WHERE prediction_id = '${id}'`,
    );

  it('are made once, recorded with their hash, and the same bytes for everybody ever after', async () => {
    const id = await desk.completed();
    for (const name of NAMES) {
      const both = await Promise.all([download(id, name), download(id, name, 'admin_key')]);
      desk.clock.jump(HOUR);
      const [first, ...others] = [...both, await download(id, name)];
      const hash = createHash('sha256').update(first.bytes).digest('hex');
      expect([first.status, first.headers.get('etag')]).toEqual([200, `"${hash}"`]);
      expect(first.headers.get('repr-digest')).toBe(
        `sha-256=:${Buffer.from(hash, 'hex').toString('base64')}:`,
      );
      expect(first.headers.get('content-length')).toBe(String(first.bytes.length));
      expect(first.headers.get('content-disposition')).toBe(
        `attachment; filename="prediction-${id}-${name}"`,
      );
      for (const other of others) expect(other.bytes.equals(first.bytes)).toBe(true);
      const rows = (await recorded(id)).filter((row) => row['file_name'] === name);
      expect(rows).toEqual([
        expect.objectContaining({ file_hash: hash, mime_type: first.headers.get('content-type') }),
      ]);
      expect(Number(rows[0]?.['file_size'])).toBe(first.bytes.length);
    }
    expect((await recorded(id)).map((row) => row['file_type']).sort()).toEqual([
      'log',
      'metadata',
      'plot',
      'result_csv',
    ]);
  });

  it('give in results.csv a row for each bar, with every interval', async () => {
    const moment = new Date(desk.clock.now() + 30 * MINUTE);
    const id = await desk.completed({ prediction_horizon: 3 }, answer(3));
    const file = await download(id, 'results.csv');
    expect(file.headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present');
    const rows = file.text.split('\r\n').map((line) => line.split(','));
    expect(rows.at(-1)).toEqual(['']);
    expect(rows[0]).toEqual([
      'step',
      'time',
      'prediction',
      'uncertainty',
      'lower_50',
      'upper_50',
      'lower_95',
      'upper_95',
    ]);
    const { predictions, uncertainties, confidenceIntervals } = answer(3);
    const values = rows.slice(1, -1);
    expect(values).toHaveLength(3);
    values.forEach(([step, time, ...numbers], bar) => {
      expect([step, Date.parse(time ?? '')]).toEqual([String(bar + 1), moment.getTime() + bar * HOUR]);
      expect(time).toMatch(/Z$/);
      expect(numbers.map(Number)).toEqual([
        predictions[bar],
        uncertainties[bar],
        ...['lower_50', 'upper_50', 'lower_95', 'upper_95'].map((end) => confidenceIntervals[end]?.[bar]),
      ]);
    });
  });

  it('give in results.csv the times that the evaluator names, when it does', async () => {
    const future_datetimes = ['2023-03-17T20:00:00Z', '2023-03-19T22:00:00Z'];
    const named = answer(2, { modelMetadata: { future_datetimes } });
    const id = await desk.completed({ prediction_horizon: 2 }, named);
    const times = (await download(id, 'results.csv')).text.split('\r\n').map((line) => line.split(',')[1]);
    expect(times.slice(1, 3)).toEqual(future_datetimes);
  });

  it('tell in metadata.json what was asked, by whom it was answered, when, and for how much', async () => {
    const now = desk.clock.now();
    const asked = { max_cost: 50, notification_webhook: 'https://example.com/hook?token=1' };
    const id = await desk.submitted({ ...asked, custom_parameters: { note: 'é' } });
    desk.clock.jump(MINUTE);
    await desk.claim(id, 905);
    desk.clock.jump(2 * MINUTE);
    const done = await desk.work.submit(evaluator(905), { orderId: id, leaseEpoch: 1, result: answer() });
    const file = await download(id, 'metadata.json');
    expect(file.headers.get('content-type')).toMatch(/^application\/json/);
    const metadata = JSON.parse(file.text);
    expect(metadata).toEqual({
      prediction_id: id,
      task_id: expect.any(String),
      status: 'completed',
      request: {
        symbol: 'SYNTHFX',
        prediction_type: 'short_term',
        datetime_requested: new Date(now + 30 * MINUTE).toISOString(),
        lookback_ticks: 1000,
        predictor_plugin: 'default_predictor',
        feeder_plugin: 'default_feeder',
        pipeline_plugin: 'default_pipeline',
        interval: '1h',
        prediction_horizon: 6,
        priority: 5,
        custom_parameters: { note: 'é' },
      },
      forecast_times: { source: 'request', times: expect.any(Array) },
      model: { model_name: 'default_predictor', provider_id: 0, metadata: answer().modelMetadata },
      evaluator: {
        evaluator_id: '905',
        username: null,
        reputation_score: null,
        reason: 'changes with outcomes: read the order',
      },
      timings: {
        created_at: new Date(now).toISOString(),
        claimed_at: new Date(now + MINUTE).toISOString(),
        completed_at: new Date(now + 3 * MINUTE).toISOString(),
        waiting_ms: MINUTE,
        processing_ms: 2 * MINUTE,
      },
      cost: { estimated_cost: 5, actual_cost: 5, currency: 'USD', score: null },
      quality_metrics: null,
      resource_usage: { wall_ms: 12 },
      result_hash: done.resultHash,
    });
    expect(metadata.forecast_times.times).toHaveLength(6);
  });

  it('tell in logs.txt what happened in its order, and a log of the evaluator that can pass for nothing else', async () => {
    const start = desk.clock.now();
    const id = await desk.submitted();
    desk.clock.jump(MINUTE);
    await desk.claim(id, 906);
    desk.clock.jump(MINUTE);
    const details = 'no GPU\n2023-03-14T00:00:00.000Z completed: forged';
    await desk.work.release(evaluator(906), { orderId: id, leaseEpoch: 1, reason: 'other', details });
    desk.clock.jump(MINUTE);
    const processingLog =
      'start\r\n\u001b[31mred\u0007\u202e\ttab\n2023-03-14T00:00:00.000Z completed: forged';
    const { resultHash } = await desk.complete(id, answer(6, { processingLog }), 907);
    const at = (minutes: number): string => new Date(start + minutes * MINUTE).toISOString();
    expect((await download(id, 'logs.txt')).text.split('\n')).toEqual([
      `${at(0)} created: 6 bars of 1h of SYNTHFX by default_predictor, priority 5, price 5.00 USD`,
      `${at(1)} claimed: by evaluator 906, claim 1`,
      `${at(2)} released: claim 1, other, no GPU\\u000a2023-03-14T00:00:00.000Z completed: forged`,
      `${at(3)} claimed: by evaluator 907, claim 2`,
      `${at(3)} completed: result sha256 ${resultHash}`,
      '',
      'Log of the evaluator:',
      '| start',
      '| \\u001b[31mred\\u0007\\u202e\ttab',
      '| 2023-03-14T00:00:00.000Z completed: forged',
      '',
    ]);
  });

  it('show in plot.png history, forecast and intervals on an opaque ground', async () => {
    const datetime_requested = new Date(desk.clock.now() + 30 * MINUTE).toISOString();
    const [known, unknown] = [
      await desk.completed({ datetime_requested }),
      await desk.completed({ datetime_requested }),
    ];
    // The file of its symbol has left the configuration since the order was taken.
    await desk.app.database.database.writer.query(
      `UPDATE prediction_jobs SET symbol = 'NOBARS' WHERE id = '${unknown}'`,
    );
    const file = await download(known, 'plot.png');
    expect(file.headers.get('content-type')).toBe('image/png');
    const picture = decodePng(file.bytes);
    expect([picture.width, picture.height, leastOpacity(picture)]).toEqual([960, 480, 255]);
    const { history, accent } = THEMES.light;
    const [past, future] = [columnsOf(picture, history), columnsOf(picture, accent)];
    expect(past.length).toBeGreaterThan(250);
    expect(future.length).toBeGreaterThan(20);
    const alone = decodePng((await download(unknown, 'plot.png')).bytes);
    expect(columnsOf(alone, history)).toEqual([]);
    expect(columnsOf(alone, accent).length).toBeGreaterThan(250);
  }, 60_000);

  it('show in plot.png an interval whose level nobody named', async () => {
    const { predictions } = answer(3);
    const around = (width: number): number[] => predictions.map((value) => value + width);
    const confidenceIntervals = { lower: around(-0.01), upper: around(0.01) };
    const id = await desk.completed({ prediction_horizon: 3 }, answer(3, { confidenceIntervals }));
    const picture = decodePng((await download(id, 'plot.png')).bytes);
    expect(columnsOf(picture, areaColour(THEMES.light, 0, 1)).length).toBeGreaterThan(30);
  }, 60_000);

  it('are refused by name first, then 404, 403 and 409', async () => {
    const pending = await desk.submitted();
    for (const name of ['results.txt', 'RESULTS.CSV', '%2e%2e%2fresults.csv', 'x'.repeat(300)]) {
      for (const id of [pending, 'nothing']) {
        const refused = await download(id, name, 'client2_key');
        expect([name, refused.status, JSON.parse(refused.text).detail]).toEqual([
          name,
          400,
          'Invalid file type. Allowed: results.csv, plot.png, metadata.json, logs.txt',
        ]);
      }
    }
    for (const name of NAMES) {
      expect((await download('nothing', name)).status).toBe(404);
      expect((await download(pending, name, 'client2_key')).status).toBe(403);
      expect((await download(pending, name)).status).toBe(409);
    }
    await desk.claim(pending);
    expect((await download(pending, 'logs.txt')).status).toBe(409);
    expect(await recorded(pending)).toEqual([]);
    expect(NOW).toBeLessThan(desk.clock.now());
  });
});
