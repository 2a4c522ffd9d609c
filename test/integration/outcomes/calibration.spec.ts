import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '#libs/testing';
import { PluginRegistry } from '#libs/plugin-host';
import { readKeys, verifyReceipt } from '#libs/receipt-verifier';
import { ADAPTIVE_START, adaptiveStep, adaptiveStretches, type AdaptiveState } from '#libs/scoring';
import { replayDifferences } from '../../../src/app/commands/replay-receipt.js';
import { CalibrationUpkeep } from '../../../src/outcomes/calibration/calibration-upkeep.service.js';
import type { CalibrationText, TrainingDistance } from '../../../src/outcomes/calibration.port.js';
import type { ReceiptBody } from '../../../src/outcomes/receipts/receipt-text.js';
import { DATABASE_KINDS } from '../../harness/databases.js';
import { NARROW, TRAINED, walkFile, withNarrow } from './narrow-predictor.js';
import { DAY_MS, OutcomesBench, type Row } from './outcomes-bench.js';

const NEEDED = 20;
const WINDOW = 40;
const GAMMA = 0.02;
const DAYS = 80;
/** Label of the first bar. */
const FIRST = new Date(Date.UTC(2018, 0, 1));
const TODAY = 380;

interface Result {
  readonly calibration: CalibrationText;
  readonly training_distance?: TrainingDistance;
  readonly output?: object;
  readonly error?: string;
  readonly error_code?: string;
}

describe.each(DATABASE_KINDS)('intervals are calibrated by what became of earlier ones [%s]', (kind) => {
  const walk = walkFile(FIRST, TODAY + DAYS + 200, 13);
  const far = walkFile(FIRST, TODAY + DAYS + 200, 13, 400);
  let folder: string;
  let bench: OutcomesBench;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'calibration-'));
    await writeFile(join(folder, 'walk.csv'), walk.text);
    await writeFile(join(folder, 'far.csv'), far.text);
    bench = await OutcomesBench.open(
      kind,
      {
        data_files: {
          WALK: join(folder, 'walk.csv'),
          OTHER: join(folder, 'walk.csv'),
          FAR: join(folder, 'far.csv'),
        },
        outcome_seconds: 86_400,
        calibration_gamma: GAMMA,
        calibration_outcomes: NEEDED,
        calibration_window: WINDOW,
      },
      withNarrow,
    );
  });
  afterAll(async () => {
    await bench.close();
    await rm(folder, { recursive: true });
  });

  const ask = async (more: object = {}, status = 'completed') => {
    const asked = { symbol: 'WALK', interval: '1d', predictor_plugin: 'narrow_predictor', ...more };
    const { apiKey } = bench.client;
    const headers = { Prefer: 'wait=5' };
    const { body } = await bench.app.request('POST', '/api/v1/predictions', { apiKey, body: asked, headers });
    expect(body).toMatchObject({ status });
    return body as { id: number; warnings?: { message: string }[]; result: Result };
  };
  /** Walks through a symbol that nothing else asks for. */
  const backtested = async (model: string, more: object = {}): Promise<void> => {
    const question = { model, symbol: 'OTHER', interval: '1d', horizons: [1], ...more };
    const asked = { ...question, end_date: '2018-12-31' };
    const { body } = await bench.app.post('/api/v1/backtests', asked, bench.client);
    await eventually('the back-test ended', async () => {
      const read = await bench.app.get(`/api/v1/backtests/${body.id}`, bench.client);
      return read.body.status === 'completed';
    });
  };
  const states = () =>
    bench.app.database.query<Row>('SELECT * FROM forecast_calibrations ORDER BY symbol, horizon');
  /** Index of the last closed bar. */
  const last = (): number => Math.floor((bench.clock.now() - FIRST.getTime()) / DAY_MS) - 1;

  it('one step for each outcome, as the library computes it, and says so while there are too few', async () => {
    let state: AdaptiveState = ADAPTIVE_START;
    let [raw, calibrated, issued] = [0, 0, 0];
    for (let day = 0; day < DAYS; day += 1) {
      const at = last();
      const { id, warnings, result } = await ask({ horizons: [1, 3], calibrate: true });
      const [one] = result.calibration.horizons;
      expect(one).toMatchObject({ horizon: 1, spread: 'deviation', outcomes: day });
      const isCalibrated = day >= NEEDED;
      expect(one?.method).toBe(isCalibrated ? 'adaptive_conformal' : null);
      if (!isCalibrated)
        expect(warnings?.[0]).toMatchObject({
          code: 'calibration_unavailable',
          field: 'calibrate',
          message: expect.stringContaining(`${day} of ${NEEDED} outcomes`),
        });
      const stretches = isCalibrated ? adaptiveStretches(state) : [];
      if (isCalibrated) expect(one?.intervals.map(({ alpha }) => alpha)).toEqual(state.alphas);
      if (isCalibrated) expect(one?.intervals.map(({ stretch }) => stretch)).toEqual(stretches);
      const point = walk.values[at] ?? NaN;
      const score = Number((Math.abs((walk.values[at + 1] ?? NaN) - point) / NARROW).toPrecision(6));
      const held = stretches.map(
        (stretch) => Math.abs((walk.values[at + 1] ?? NaN) - point) <= stretch * NARROW,
      );
      bench.clock.jump(DAY_MS);
      // two look at once, and each outcome is counted once
      await Promise.all(day % 10 === 0 ? [bench.resolve(), bench.resolve()] : [bench.resolve()]);
      state = adaptiveStep(state, score, isCalibrated ? held : null, { gamma: GAMMA, window: WINDOW });
      if (day % 10 > 0 || !isCalibrated) continue;
      const outcome = await bench.app.get(`/api/v1/predictions/${id}/outcome`, bench.client);
      expect(outcome.body.issued).toBe('calibrated');
      expect(Object.values(outcome.body.targets[0].calibrated_covered)).toEqual(held);
    }
    const rows = await bench.app.database.query<{ covered: number; calibrated_covered: number | null }>(
      'SELECT covered, calibrated_covered FROM forecast_outcomes WHERE horizon = 1 AND revision = 0',
    );
    for (const { covered, calibrated_covered: own } of rows) {
      if (own === null) continue;
      issued += 1;
      raw += (covered >> 2) & 1;
      calibrated += (own >> 2) & 1;
    }
    expect(issued).toBe(DAYS - NEEDED);
    expect(raw / issued).toBeLessThan(0.84);
    expect(calibrated / issued).toBeGreaterThan(0.85);
    expect(calibrated / issued).toBeLessThan(0.96);
    const [first, third] = await states();
    expect(first).toMatchObject({ horizon: 1, outcomes: DAYS, gamma: GAMMA, spread: 'deviation' });
    expect(JSON.parse(String(first?.['alphas']))).toEqual(state.alphas);
    expect(JSON.parse(String(first?.['scores']))).toEqual(state.scores);
    // the third bar after each forecast comes two days later
    expect(third).toMatchObject({ horizon: 3, outcomes: DAYS - 2 });
    expect(JSON.parse(String(third?.['scores']))).toHaveLength(WINDOW);
  });

  it('once for each bar, whoever asks how often, and not by forecasts of the past', async () => {
    const [before] = await states();
    for (const more of [{}, { calibrate: true }, { calibrate: true }]) await ask({ horizons: [1], ...more });
    await ask({ horizons: [1], baseline_datetime: '2018-12-01 00:00:00' });
    bench.clock.jump(DAY_MS);
    await bench.resolve();
    expect((await states())[0]?.['outcomes']).toBe(Number(before?.['outcomes']) + 1);
  });

  it('for each symbol by itself, and nothing is said where nobody asked', async () => {
    const other = await ask({ symbol: 'OTHER', horizons: [1], calibrate: true });
    expect(other.result.calibration).toMatchObject({
      issued: 'raw',
      horizons: [{ method: null, outcomes: 0 }],
    });
    const read = await bench.app.get(`/api/v1/predictions/${other.id}`, bench.client);
    expect(read.body.warnings).toEqual(other.warnings);
    const plain = await ask({ horizons: [1] });
    expect(plain.result.calibration).toBeUndefined();
    expect(plain.warnings).toBeUndefined();
  });

  it("from the model's latest back-test, which the warning names, until it has outcomes of its own", async () => {
    const { warnings: told } = await ask({ symbol: 'OTHER', horizons: [1], calibrate: true });
    const help = /^No calib.* 1: 0 of 20 outcomes .* as many\. A .*: POST \/api\/v1\/backtests (.*)$/;
    const [, named = ''] = help.exec(String(told?.[0]?.message)) ?? [];
    await backtested('narrow_predictor', JSON.parse(named) as object);
    const { id, result, warnings } = await ask({ symbol: 'OTHER', horizons: [1, 2], calibrate: true });
    const [one, two] = result.calibration.horizons;
    expect(one).toMatchObject({ method: 'split_conformal', outcomes: 365, spread: 'deviation' });
    expect(one?.intervals.map(({ alpha }) => alpha)).toEqual(ADAPTIVE_START.alphas);
    // 90 % of a normal distribution is 1.645 σ, of which 0.7 was stated
    expect(Math.abs((one?.intervals[2]?.stretch ?? NaN) - 1.645 / NARROW)).toBeLessThan(0.25);
    expect(two?.method).toBeNull();
    expect(warnings).toMatchObject([{ message: expect.stringContaining('for horizon 2') }]);
    bench.clock.jump(DAY_MS);
    await bench.resolve();
    const outcome = await bench.app.get(`/api/v1/predictions/${id}/outcome`, bench.client);
    expect(outcome.body.targets[0].calibrated_covered['90']).toEqual(expect.any(Boolean));
    expect(outcome.body.targets[1].calibrated_covered['90']).toBeNull();
    // two forecasts of one bar; what a back-test gave was not issued by α, and does not move it
    const state = (await states()).find((row) => row['symbol'] === 'OTHER' && row['horizon'] === 1);
    expect(state?.['outcomes']).toBe(1);
    expect(JSON.parse(String(state?.['alphas']))).toEqual(ADAPTIVE_START.alphas);
  });

  it('with a receipt that holds what was used, and a replay that is equal when the state has moved on', async () => {
    const { id } = await ask({ horizons: [1, 3], calibrate: true });
    const headers = { 'x-api-key': bench.client.apiKey ?? '' };
    const answer = await fetch(`${bench.app.url}/api/v1/predictions/${id}/receipt`, { headers });
    const text = await answer.text();
    const { body: jwks } = await bench.app.get('/.well-known/jwks.json');
    expect(verifyReceipt(Buffer.from(text), readKeys(JSON.stringify(jwks)))).toMatchObject({
      id: String(id),
    });
    const { receipt, forecast } = JSON.parse(text) as { receipt: ReceiptBody; forecast: object };
    expect(receipt.calibration).toMatchObject({
      gamma: GAMMA,
      needed: NEEDED,
      horizons: [{ horizon: 1, method: 'adaptive_conformal' }, { horizon: 3 }],
    });
    expect(forecast).toMatchObject({ calibrated_intervals: [{ level: 0.5 }, {}, {}, { level: 0.95 }] });
    bench.clock.jump(2 * DAY_MS);
    await bench.resolve();
    const registry = bench.app.app.get<PluginRegistry>(PluginRegistry, { strict: false });
    const { signal } = new AbortController();
    expect(await replayDifferences(registry, receipt, signal)).toEqual([]);
    const [first, ...rest] = receipt.calibration?.horizons ?? [];
    if (first === undefined || receipt.calibration === undefined) throw new Error('two horizons');
    const changed = { ...first, stretches: first.stretches.map((one) => one * (1 + 1e-15)) };
    const other = { ...receipt, calibration: { ...receipt.calibration, horizons: [changed, ...rest] } };
    expect(await replayDifferences(registry, other, signal)).toEqual([
      expect.stringContaining('the numbers (output_sha256)'),
    ]);
  });

  describe('or not said at all, where the model has seen nothing like this', () => {
    /** Smallest and largest of the last three closed bars. */
    const window = (values: readonly number[]) => values.slice(last() - 2, last() + 1);

    it('with the distance, whoever waits, and nothing is pinned', async () => {
      const near = await ask({ abstain: true });
      expect(near.result.training_distance).toMatchObject({ distance: 0, limit: 0.1, source: 'metadata' });
      expect(near.result.output).toBeDefined();
      const value = Math.max(...window(far.values));
      const told = {
        distance: (value - TRAINED.CLOSE.max) / 100,
        limit: 0.1,
        column: 'CLOSE',
        value,
        lower: TRAINED.CLOSE.min,
        upper: TRAINED.CLOSE.max,
        source: 'metadata',
      };
      const waited = await ask({ symbol: 'FAR', abstain: true, calibrate: true }, 'abstained');
      const asked = { symbol: 'FAR', interval: '1d', predictor_plugin: 'narrow_predictor', abstain: true };
      const { body } = await bench.app.post('/api/v1/predictions', asked, bench.client);
      for (const id of [waited.id, Number(body.id)]) {
        const path = `/api/v1/predictions/${id}`;
        let read: { status: string; result: Result } | null = null;
        await eventually('the prediction ended', async () => {
          read = (await bench.app.get(path, bench.client)).body;
          return read?.status === 'abstained';
        });
        expect(read).toMatchObject({ result: { training_distance: told, request: { abstain: true } } });
        expect(read).not.toHaveProperty('result.output');
        expect(read).not.toHaveProperty('result.calibration');
        for (const part of ['outcome', 'receipt'])
          expect((await bench.app.get(`${path}/${part}`, bench.client)).status).toBe(404);
        const steps = await bench.app.database.query<Row>(
          `SELECT type FROM events WHERE topic = 'prediction:${id}' ORDER BY id`,
        );
        expect(steps.at(-1)).toEqual({ type: 'abstained' });
      }
      expect((await bench.pins()).some((pin) => pin['symbol'] === 'FAR')).toBe(false);
    });
    it('by the bars of a back-test; and where nothing tells, it fails and says what would help', async () => {
      const walker = { symbol: 'OTHER', predictor_plugin: 'random_walk_predictor', abstain: true };
      const unknown = await ask(walker, 'failed');
      expect(unknown.result.error_code).toBe('training_range_unknown');
      expect(unknown.result.error).toMatch(/training_range in its metadata .* or a back-test/);
      await backtested('random_walk_predictor');
      const seen = walk.values.slice(0, 365);
      const [lower, upper] = [Math.min(...seen), Math.max(...seen)];
      const value = walk.values[last()] ?? NaN;
      const distance = Math.max(0, lower - value, value - upper) / (upper - lower);
      const { result } = await ask(walker, distance > 0.1 ? 'abstained' : 'completed');
      expect(result.training_distance).toEqual({
        distance,
        limit: 0.1,
        column: 'CLOSE',
        value,
        lower,
        upper,
        source: 'backtest',
      });
    });
  });

  it('until nothing changed for a year: then their states go, those of others stay', async () => {
    const upkeep = bench.app.app.get(CalibrationUpkeep, { strict: false });
    const before = await states();
    bench.clock.jump(360 * DAY_MS);
    expect(await upkeep.purge()).toBe(0);
    await backtested('random_walk_predictor');
    bench.clock.jump(10 * DAY_MS);
    const kept = (await states()).filter((row) => row['predictor'] === 'random_walk_predictor');
    expect(await upkeep.purge()).toBe(before.length - kept.length + 1);
    expect(await states()).toEqual(kept);
  });

  it('that the database keeps as they were issued', async () => {
    for (const column of ['calibration', 'calibrated_intervals', 'points'])
      await expect(
        bench.app.database.run(
          async ({ manager }) => void (await manager.query(`UPDATE forecast_pins SET ${column} = '[]'`)),
        ),
      ).rejects.toThrow('append-only');
  });
});
