import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { insertRow, Database, TransactionRunner } from '#libs/database';
import { type CheckedReceipt, readKeys, verifyChain, verifyReceipt } from '#libs/receipt-verifier';
import { configOf, eventually, FakeClock } from '#libs/testing';
import { PluginRegistry } from '#libs/plugin-host';
import { replayDifferences } from '../../../src/app/commands/replay-receipt.js';
import * as product from '../../../src/app/schema.js';
import { LinkReceipts, signedLinks } from '../../../src/outcomes/receipts/link-receipts.service.js';
import { ReceiptKeys } from '../../../src/outcomes/receipts/receipt-keys.service.js';
import { ForecastReceiptEntity } from '../../../src/outcomes/receipts/receipt.entity.js';
import { ReceiptRepository } from '../../../src/outcomes/receipts/receipt.repository.js';
import { type ReceiptBody } from '../../../src/outcomes/receipts/receipt-text.js';
import { DATABASE_KINDS, TestDatabase } from '../../harness/databases.js';
import { DAY_MS, GrowingFile, OutcomesBench } from './outcomes-bench.js';

const SECRET = 'a-secret-of-the-tests-that-nobody-keeps';

describe.each(DATABASE_KINDS)('receipts of forecasts [%s]', (kind) => {
  let bench: OutcomesBench;
  let growing: GrowingFile;
  beforeAll(async () => {
    growing = await GrowingFile.make('2019-01-15');
    bench = await OutcomesBench.open(kind, {
      auto_evaluate: true,
      receipt_seconds: 86_400,
      model_path: 'examples/models/sp500_daily.keras',
      mc_samples: 8,
      data_files: { SP500: 'examples/data/sp500_daily_2000-2020.csv', GROWS: growing.path },
    });
  });
  afterAll(async () => {
    await bench.close();
    await growing.remove();
  });

  const receiptAt = async (path: string): Promise<string> => {
    const answer = await fetch(`${bench.app.server.url}${path}/receipt`, {
      headers: { 'x-api-key': bench.client.apiKey ?? '' },
    });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toMatch('application/json');
    return answer.text();
  };
  const keysNow = async () => {
    const { body } = await bench.app.get('/.well-known/jwks.json');
    return readKeys(JSON.stringify(body));
  };
  const verified = async (text: string): Promise<CheckedReceipt> => {
    const verdict = verifyReceipt(Buffer.from(text, 'utf8'), await keysNow());
    if (typeof verdict === 'string') throw new Error(verdict);
    return verdict;
  };
  const bodyIn = (text: string): ReceiptBody => (JSON.parse(text) as { receipt: ReceiptBody }).receipt;
  const replay = (text: string) =>
    replayDifferences(
      bench.app.app.get<PluginRegistry>(PluginRegistry, { strict: false }),
      bodyIn(text),
      new AbortController().signal,
    );
  const order = async (wishes: object = {}, end = 'completed'): Promise<string> => {
    const { body } = await bench.app.post(
      '/api/v1/client/predict',
      {
        symbol: 'SP500',
        prediction_type: 'short_term',
        datetime_requested: new Date(bench.clock.now() + 2 * DAY_MS).toISOString(),
        interval: '1d',
        prediction_horizon: 3,
        custom_parameters: { model_name: 'random_walk_predictor', ...wishes },
      },
      bench.client,
    );
    const path = `/api/v1/client/predictions/${body.id}`;
    await eventually('the order has ended', async () => {
      const { body: read } = await bench.app.get(path, bench.client);
      return read.status === end;
    });
    return path;
  };

  it('say what was asked, what it was made of and what came, and hold what the prediction says', async () => {
    const id = await bench.predict();
    const path = `/api/v1/predictions/${id}`;
    const text = await receiptAt(path);
    const receipt = await verified(text);
    expect(receipt).toMatchObject({
      source: 'prediction',
      id: String(id),
      issuedAt: '2019-01-16T12:00:00.000Z',
    });
    expect(await receiptAt(path)).toBe(text);
    const [{ body: read }, { body: outcome }] = [
      await bench.app.get(path, bench.client),
      await bench.app.get(`${path}/outcome`, bench.client),
    ];
    const { forecast, receipt: signed } = JSON.parse(text);
    expect(forecast).toMatchObject({
      horizons: [1, 2, 3, 4, 5],
      points: read.result.output.predictions,
      deviations: read.result.output.uncertainty,
      quantiles: read.result.output.quantiles,
    });
    expect(signed).toMatchObject({
      request: read.result.request,
      model: 'random_walk_predictor',
      standing: 'live',
      predictor: { id: 'random_walk_predictor', version: '1.0.0' },
      parameters_sha256: outcome.parameters_sha256,
      window: { sha256: outcome.window_sha256, bars: 1024, last_bar: '2019-01-15T00:00:00.000Z' },
    });
  });

  it('are there for answers to orders as well, with what became of them', async () => {
    const path = await order();
    const text = await receiptAt(path);
    expect(await verified(text)).toMatchObject({ source: 'order', id: path.split('/').at(-1) });
    expect(bodyIn(text)).toMatchObject({
      request: { prediction_horizon: 3, model_name: 'random_walk_predictor' },
    });
    const { status, body } = await bench.app.get(`${path}/outcome`, bench.client);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      standing: 'live',
      targets: [{ horizon: 1 }, { horizon: 2 }, { horizon: 3 }],
    });
  });

  it('are not there before the forecast', async () => {
    const asked = { symbol: 'SP500', interval: '1d', baseline_datetime: '1990-01-01 00:00:00' };
    const { body } = await bench.app.post('/api/v1/predict', asked, bench.client);
    const path = `/api/v1/predictions/${body.id}`;
    await eventually('the prediction failed', async () => {
      const { body: read } = await bench.app.get(path, bench.client);
      return read.status === 'failed';
    });
    const answer = await bench.app.get(`${path}/receipt`, bench.client);
    expect(answer).toMatchObject({
      status: 404,
      body: { type: 'urn:prediction-provider:problem:no-receipt' },
    });
  });

  it.each([
    ['a deterministic plugin', {}],
    ['one horizon of a moment that has passed', { horizons: [7], baseline_datetime: '2018-06-01T12:00:00Z' }],
    [
      'a model with Monte-Carlo passes and a seed of its own',
      { predictor_plugin: 'default_predictor', model_name: null },
    ],
  ])('let the forecast be made again bit for bit: %s', async (_, request) => {
    const id = await bench.predict({ prediction_horizon: undefined, ...request });
    const text = await receiptAt(`/api/v1/predictions/${id}`);
    bench.clock.jump(DAY_MS); // the newest bar is another one now
    expect(await replay(text)).toEqual([]);
    if ('predictor_plugin' in request) expect(bodyIn(text).seed).toEqual(expect.any(Number));
    const seeded = { ...bodyIn(text), output_sha256: 'f'.repeat(64) };
    const registry = bench.app.app.get<PluginRegistry>(PluginRegistry, { strict: false });
    expect(await replayDifferences(registry, seeded, new AbortController().signal)).toEqual([
      expect.stringContaining('the numbers (output_sha256)'),
    ]);
  });

  it('let the answer to an order be made again', async () => {
    expect(await replay(await receiptAt(await order()))).toEqual([]);
    const calibrated = await receiptAt(await order({ calibrate: true }));
    expect(bodyIn(calibrated).calibration?.horizons).toHaveLength(3);
    expect(await replay(calibrated)).toEqual([]);
  });

  it('are not there for an order that abstains, whose price goes back', async () => {
    const path = await order({ abstain: true }, 'failed');
    const { body } = await bench.app.get(path, bench.client);
    expect(JSON.stringify(body)).toContain('training_range_unknown');
    expect((await bench.app.get(`${path}/receipt`, bench.client)).status).toBe(404);
    const id = path.split('/').at(-1);
    expect(
      await bench.app.database.query(`SELECT 1 FROM billing_records WHERE prediction_id = '${id}'`),
    ).toEqual([]);
  });

  it('name the bars as the reason where the source was revised', async () => {
    await growing.grow(bench.yesterday());
    const id = await bench.predict({ symbol: 'GROWS' });
    const text = await receiptAt(`/api/v1/predictions/${id}`);
    await growing.grow(bench.yesterday(), (line) => line.replace(/\d(?=\D*$)/, '9'));
    const differences = await replay(text);
    expect(differences[0]).toMatch('the bars (window.sha256)');
  });

  it('stay valid when their key is replaced, and the next one is signed by the new key', async () => {
    const before = await receiptAt(`/api/v1/predictions/${await bench.predict()}`);
    const kid = await bench.app.app.get(ReceiptKeys, { strict: false }).rotate();
    const after = await receiptAt(`/api/v1/predictions/${await bench.predict()}`);
    const [old, young] = [await verified(before), await verified(after)];
    expect(young.kid).toBe(kid);
    expect(old.kid).not.toBe(kid);
    expect(young.previous).toBe(old.hash);
    expect((await keysNow()).size).toBe(2);
    const rows = await bench.app.database.query<{ private_key: string | null }>(
      'SELECT private_key FROM receipt_keys ORDER BY created_at, retired_at',
    );
    expect(rows.filter(({ private_key: kept }) => kept === null)).toHaveLength(1);
    expect(rows.some(({ private_key: kept }) => kept?.includes('"d"') === true)).toBe(false);
  });

  it('are neither changed nor deleted', async () => {
    await receiptAt(`/api/v1/predictions/${await bench.predict()}`);
    for (const change of [
      `UPDATE forecast_receipts SET body = '{}' WHERE number IS NOT NULL`,
      'UPDATE forecast_receipts SET number = NULL',
      `UPDATE forecast_receipts SET subject_id = '0'`,
      'DELETE FROM forecast_receipts',
      `UPDATE receipt_keys SET public_key = '{}'`,
      'DELETE FROM receipt_keys',
    ])
      await expect(
        bench.app.database.run(async ({ manager }) => void (await manager.query(change))),
      ).rejects.toThrow('append-only');
  });
});

describe.each(DATABASE_KINDS)('the chain of receipts with two processes [%s]', (kind) => {
  const SIZE = 450;
  let database: TestDatabase;
  let other: Database;
  beforeAll(async () => {
    database = await TestDatabase.open(kind);
    other = await Database.open({ location: database.location, ...product });
  });
  afterAll(async () => {
    await other.close();
    await database.close();
  });

  const processOn = (on: Database, secret = SECRET) => {
    const transactions = new TransactionRunner(on);
    const clock = new FakeClock();
    const config = configOf({ secret_key: secret, receipt_seconds: 5 });
    const repository = new ReceiptRepository(on);
    const keys = new ReceiptKeys(repository, transactions, clock, config);
    const linking = new LinkReceipts(repository, keys, transactions, config, clock);
    const draft = (at: number) =>
      transactions.run(async (tx) => {
        const body = `{"id":"${at}","issued_at":"2026-01-01T00:00:00.000Z","output_sha256":"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","source":"prediction","version":1}`;
        insertRow(tx, ForecastReceiptEntity, { source: 'prediction', subjectId: String(at), body });
      });
    return { keys, linking, draft, repository, transactions };
  };

  it('never forks: every draft has one place, whoever links', async () => {
    const [one, two] = [processOn(database.database), processOn(other)];
    const writing = Array.from({ length: SIZE }, (_, at) => (at % 2 === 0 ? one : two).draft(at));
    for (const some of [100, 200, 300, SIZE]) {
      await Promise.all([one.linking.link(), two.linking.link(), ...writing.slice(0, some)]);
      await Promise.all([two.linking.link(), one.linking.link()]);
    }
    expect(await one.repository.drafts(1)).toEqual([]);
    const keys = readKeys(JSON.stringify(await one.keys.published()));
    expect(keys.size).toBe(1); // both needed a first key, and one of them made it
    const rows = await one.repository.linkedAfter(0, 2 * SIZE);
    const receipts = rows.map(({ header, body, signature }) =>
      verifyReceipt(
        Buffer.from(`{"forecast":{},"protected":"${header}","receipt":${body},"signature":"${signature}"}`),
        keys,
      ),
    );
    expect(receipts.filter((verdict) => typeof verdict === 'string')).toEqual([]);
    expect(verifyChain(receipts as CheckedReceipt[])).toEqual({ faults: [], links: SIZE, gaps: 0 });
    expect(await one.repository.end()).toEqual({ number: SIZE, hash: rows.at(-1)?.hash });
  });

  it('is moved from one place by one process only', async () => {
    const [one, two] = [processOn(database.database), processOn(other)];
    await one.draft(SIZE + 1);
    await two.draft(SIZE + 2);
    const end = await one.repository.end();
    const drafts = await one.repository.drafts(2);
    const appended = await Promise.all(
      [one, two].map(async ({ transactions, repository, keys }, at) => {
        const links = await signedLinks(drafts.slice(at, at + 1), end, await keys.active());
        return transactions.run((tx) => repository.append(tx, end, links));
      }),
    );
    expect(appended.toSorted()).toEqual([false, true]);
    expect((await one.repository.end()).number).toBe(SIZE + 1);
    expect(await one.repository.drafts(2)).toHaveLength(1);
    expect(await two.linking.link()).toBe(1);
  });

  it('waits for its key, and says so, where secret_key is another one', async () => {
    const { keys, linking, draft } = processOn(
      database.database,
      'another-secret-of-the-tests-that-nobody-keeps',
    );
    await draft(SIZE + 3);
    await expect(linking.link()).rejects.toMatchObject({ code: 'receipt_key_unreadable' });
    await keys.rotate();
    expect(await linking.link()).toBe(1);
  });
});
