import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '#libs/testing';
import { DATABASE_KINDS } from '../../harness/databases.js';
import { BillingVerifier } from '../../../src/billing/billing.port.js';
import { OrderRepository } from '../../../src/marketplace/order.repository.js';
import type { Account } from '../../security/accounts.js';
import { DAY_MS, OutcomesBench, type Row } from './outcomes-bench.js';

/** A Keras file of the examples: the last 65 closes in, log returns out. */
const KERAS = 'examples/models/sp500_daily.keras';
const METADATA = {
  feature_columns: ['CLOSE'],
  window_size: 65,
  target_column: 'CLOSE',
  target: 'log_return',
  horizons: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
  output_scale: 'none',
};

/**
 * What models say of their training data, and how far the 65 closes up to 2019-01-15 lie beyond it. By hand: the highest is 2,813.89
 * (2018-11-07), the lowest 2,351.10 (2018-12-24).
 */
const MODELS = {
  within: {
    metadata: { training_range: { CLOSE: { min: 2_000, max: 3_000 } } },
    told: { distance: 0, limit: 0.1, lower: 2_000, upper: 3_000 },
  },
  // 213.89 beyond a range of 2,000
  above: {
    metadata: { training_range: { CLOSE: { min: 600, max: 2_600 } } },
    told: { distance: 0.106945, limit: 0.1, lower: 600, upper: 2_600, value: 2_813.89 },
  },
  tolerant: {
    metadata: { training_range: { CLOSE: { min: 600, max: 2_600 } }, abstain_limit: 0.2 },
    told: { distance: 0.106945, limit: 0.2, lower: 600, upper: 2_600, value: 2_813.89 },
  },
  // 3,000 ± 3 × 100; 348.9 below a range of 600
  below: {
    metadata: { training_range: { CLOSE: { mean: 3_000, std: 100 } }, abstain_limit: 0.58 },
    told: { distance: 0.5815, limit: 0.58, lower: 2_700, upper: 3_300, value: 2_351.1 },
  },
  // 313.89 beyond a range of 2,000
  normalised: {
    metadata: { normalization: { CLOSE: { min: 500, max: 2_500 } } },
    told: { distance: 0.156945, limit: 0.1, lower: 500, upper: 2_500, value: 2_813.89 },
  },
} as const;
type Name = keyof typeof MODELS;
const NAMES = Object.keys(MODELS) as Name[];
const isBeyond = (name: Name): boolean => MODELS[name].told.distance > MODELS[name].told.limit;
const toldOf = (name: Name) => ({
  ...MODELS[name].told,
  distance: expect.closeTo(MODELS[name].told.distance, 9) as unknown,
  column: 'CLOSE',
  source: 'metadata',
});

describe.each(DATABASE_KINDS)('a model file that says what it was trained on abstains [%s]', (kind) => {
  let folder: string;
  let bench: OutcomesBench;
  let provider: Account;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'abstaining-'));
    const files: Record<string, string> = {};
    for (const name of NAMES) {
      files[name] = join(folder, `${name}.keras`);
      await copyFile(KERAS, files[name]);
      const metadata = { ...METADATA, ...MODELS[name].metadata };
      await writeFile(join(folder, `${name}_metadata.json`), JSON.stringify(metadata));
    }
    bench = await OutcomesBench.open(kind, {
      predictor_plugin: 'default_predictor',
      model_files: files,
      auto_evaluate: true,
      mc_samples: 8,
    });
    provider = await bench.accounts.make('provider');
    for (const name of NAMES) {
      const price = { model_name: name, price_per_request: 2 };
      expect((await bench.app.post('/api/v1/provider/pricing', price, provider)).status).toBe(201);
    }
  });
  afterAll(async () => {
    await bench.close();
    await rm(folder, { recursive: true });
  });

  it.each(NAMES)('or answers, by the distance of the window and the limit: %s', async (name) => {
    const asked = { symbol: 'SP500', interval: '1d', model_name: name, horizons: [1, 5], abstain: true };
    const { body } = await bench.app.request('POST', '/api/v1/predictions', {
      apiKey: bench.client.apiKey,
      headers: { Prefer: 'wait=30' },
      body: asked,
    });
    expect(body).toMatchObject({
      status: isBeyond(name) ? 'abstained' : 'completed',
      result: { training_distance: toldOf(name) },
    });
    const answered = expect.objectContaining({ predictions: [expect.any(Number), expect.any(Number)] });
    expect(body.result.output).toEqual(isBeyond(name) ? undefined : answered);
  });

  describe('on the market', () => {
    const order = async (name: Name) => {
      const { body } = await bench.app.post(
        '/api/v1/client/predict',
        {
          symbol: 'SP500',
          prediction_type: 'short_term',
          datetime_requested: new Date(bench.clock.now() + 2 * DAY_MS).toISOString(),
          interval: '1d',
          prediction_horizon: 5,
          custom_parameters: { model_name: name, abstain: true },
        },
        bench.client,
      );
      const id = String(body.id);
      await eventually('the order has ended', async () => {
        const { body: read } = await bench.app.get(`/api/v1/client/predictions/${id}`, bench.client);
        return ['completed', 'failed'].includes(String(read.status));
      });
      return { id, read: (await bench.app.get(`/api/v1/client/predictions/${id}`, bench.client)).body };
    };
    const money = async () => ({
      client: (await bench.app.get('/api/v1/billing/balance', bench.client)).body,
      provider: (await bench.app.get('/api/v1/billing/balance', provider)).body,
    });
    /** What an order moved, entry by entry, in micro-units. */
    const entriesOf = (id: string): Promise<Row[]> =>
      bench.app.database
        .query(`SELECT t.transaction_type AS type, e.owner_id AS owner, e.kind, e.amount_micros AS micros
        FROM transaction_entries e JOIN transactions t ON t.id = e.transaction_id
        WHERE t.prediction_id = '${id}' ORDER BY t.id, e.kind`);

    const owed = async (): Promise<number> =>
      (await bench.app.get('/api/v1/billing/balance', bench.client)).body.balances[0].available;
    const booksBalance = async () => {
      const verifier = bench.app.app.get(BillingVerifier, { strict: false });
      const orders = bench.app.app.get(OrderRepository, { strict: false });
      expect((await verifier.verify(orders)).violations).toEqual([]);
    };

    it('an order charges nothing: what was held goes back, nobody earns, and the books balance', async () => {
      const before = await money();
      const { id, read } = await order('above');
      expect(read).toMatchObject({
        status: 'failed',
        result: null,
        cost_info: { estimated_cost: 2, actual_cost: null },
        failure: {
          reason: 'abstained',
          message:
            'CLOSE is 2813.89, 0.1069 widths beyond the training range from 600 to 2600; the limit is 0.1; the price was returned',
        },
      });
      const owner = bench.client.id;
      const entries = (await entriesOf(id)).map((row) => ({ ...row, micros: Number(row['micros']) }));
      expect(entries).toEqual([
        { type: 'hold', owner, kind: 'available', micros: -2_000_000 },
        { type: 'hold', owner, kind: 'held', micros: 2_000_000 },
        { type: 'void', owner, kind: 'available', micros: 2_000_000 },
        { type: 'void', owner, kind: 'held', micros: -2_000_000 },
      ]);
      expect(await money()).toEqual(before);
      const sold = `SELECT 1 FROM billing_records WHERE prediction_id = '${id}'`;
      expect(await bench.app.database.query(sold)).toEqual([]);
      await booksBalance();
    });

    it('and costs its price where the same window lies within the limit', async () => {
      const before = await owed();
      const { read } = await order('tolerant');
      expect(read).toMatchObject({
        status: 'completed',
        cost_info: { actual_cost: 2 },
        result: { model_metadata: { training_distance: toldOf('tolerant') } },
      });
      expect(before - (await owed())).toBe(2);
      await booksBalance();
    });

    it('and an order that abstained is no failure of its provider', async () => {
      bench.clock.jump(20 * DAY_MS);
      await bench.resolve().then(() => bench.pass(0)); // a job may be at work, too
      const { body } = await bench.app.get('/api/v1/provider/stats', provider);
      expect(body).toMatchObject({ deliveries: { completed: 1, failed: 0 } });
      expect(body.on_time_rate).toBeCloseTo(1, 9);
    });
  });
});
