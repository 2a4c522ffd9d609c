import { PluginError } from '#libs/plugin-sdk';
import { eventually, FakeClock, gate } from '#libs/testing';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { PredictionBench } from './prediction-bench.js';
import { bars } from './scripted-plugins.js';
import { describeOnDatabases } from '../../harness/databases.js';

const LEASE_MS = 30_000;
const SWEEP_MS = 5_000;

describeOnDatabases('a running prediction', (database) => {
  let bench: PredictionBench;
  beforeEach(async () => {
    bench = await PredictionBench.open(database());
  });
  afterEach(() => bench.clear());

  /** A predictor that waits until it is let go on; `called` resolves when it was asked the first time. */
  function heldForecast() {
    const called = gate();
    const proceed = gate();
    const signals: AbortSignal[] = [];
    const answer = bench.script.forecast;
    bench.script.forecast = async (frame, request) => {
      signals.push(request.signal);
      called.open();
      await proceed.opened;
      return answer(frame, request);
    };
    return { called: called.opened, proceed: proceed.open, signals };
  }

  it('goes from pending to processing to completed', async () => {
    const { called, proceed } = heldForecast();
    const { id } = await bench.submit();
    expect(await bench.row(id)).toMatchObject({ status: 'pending', startedAt: null, completedAt: null });
    await bench.engine.start();
    await called;
    expect(await bench.row(id)).toMatchObject({ status: 'processing', completedAt: null, prediction: null });
    proceed();
    const row = await bench.until(id, 'completed');
    expect(row.startedAt).toBeInstanceOf(Date);
    expect(row.completedAt).toBeInstanceOf(Date);
    expect(await bench.steps(id)).toEqual(['pending', 'processing', 'completed']);
    expect(await bench.jobs()).toEqual([{ subject: String(id), status: 'completed', attempts: 1 }]);
  });

  it('keeps the question, the answer and all that explains it', async () => {
    const { id } = await bench.submit({ horizons: [1, 5] });
    await bench.clock.advance(1_500);
    bench.script.fetch = async () => {
      bench.clock.jump(20);
      return bars();
    };
    await bench.engine.start();
    const { result, prediction, uncertainty } = await bench.until(id, 'completed');
    expect({ prediction, uncertainty }).toEqual({ prediction: [110, 114], uncertainty: [0.1, 0.5] });
    expect(result.request).toMatchObject({
      symbol: 'SP500',
      horizons: [1, 5],
      predictor_plugin: 'default_predictor',
    });
    expect(result.output).toMatchObject({
      predictions: [110, 114],
      uncertainty: [0.1, 0.5],
      horizons: [1, 5],
    });
    expect(result.explanation).toEqual({
      source: {
        source: 'file',
        symbol: 'SP500.mapped',
        bars: 10,
        first_bar: '2025-12-26T00:00:00.000Z',
        last_bar: '2026-01-04T00:00:00.000Z',
        baseline_bar: '2026-01-04T00:00:00Z',
        baseline_bar_closed: '2026-01-05T00:00:00Z',
        bar_length: '1 d',
      },
      plugins: {
        feeder: { id: 'default_feeder', version: '1.2.3' },
        pipeline: { id: 'default_pipeline', version: '1.2.3' },
        predictor: { id: 'default_predictor', version: '1.2.3' },
      },
      seed: 7,
      timing: { queued_ms: 1_500, fetch_ms: 20, predict_ms: 0, total_ms: 1_520 },
      attempt: 1,
    });
  });

  it('asks the plugins in their own words', async () => {
    const fetched: unknown[] = [];
    const forecast: unknown[] = [];
    const { fetch, forecast: answer } = bench.script;
    bench.script.fetch = (request) => (fetched.push(request), fetch(request));
    bench.script.forecast = (frame, request) => (forecast.push(request), answer(frame, request));
    await bench.engine.start();
    await bench.outcome({
      interval: 'H4',
      prediction_horizon: 0,
      baseline_datetime: '2026-01-02T02:00:00+02:00',
      date_column: 'when',
      target_column: 'CLOSE',
    });
    expect(fetched).toEqual([expect.objectContaining({ symbol: 'SP500', interval: '4h' })]);
    expect(forecast).toEqual([
      expect.objectContaining({
        interval: '4h',
        horizons: null,
        horizon: null,
        baseline: Date.UTC(2026, 0, 2),
        dateColumn: 'when',
        targetColumn: 'CLOSE',
      }),
    ]);
  });

  describe('that fails', () => {
    beforeEach(() => bench.engine.start());

    it.each([
      ['invalid_request', 'Column OPEN is not in bars.csv'],
      ['no_data', 'There are no bars in bars.csv'],
      ['source_unavailable', 'bars.csv cannot be read'],
    ] as const)('says %s in the plugin’s words, without folders', async (code, text) => {
      const message = text.replace('bars.csv', '/home/desk/data/bars.csv');
      bench.script.fetch = () => Promise.reject(new PluginError(code, message));
      const { status, result, prediction } = await bench.outcome();
      expect(status).toBe('failed');
      expect(prediction).toBeNull();
      expect(result).toEqual({
        request: expect.objectContaining({ symbol: 'SP500' }),
        error: text,
        error_code: code,
      });
    });

    it('keeps the text of an unexpected error to itself', async () => {
      bench.script.forecast = () => {
        throw new TypeError("ENOENT: no such file, open '/home/desk/secret/model.keras'");
      };
      const { status, result } = await bench.outcome();
      expect(status).toBe('failed');
      expect(result).toMatchObject({ error: 'Plugin default_predictor failed', error_code: 'plugin_failed' });
      expect(JSON.stringify(result)).not.toMatch(/home|ENOENT/);
    });

    it('tells an answer that breaks the contract from a good one', async () => {
      const { forecast } = bench.script;
      bench.script.forecast = async (frame, request) => ({
        ...(await forecast(frame, request)),
        predictions: [],
      });
      expect((await bench.outcome()).result.error_code).toBe('plugin_failed');
    });

    it('is refused at once when its predictor does not forecast', async () => {
      const asked = bench.outcome({ predictor_plugin: 'entry_only' });
      await expect(asked).rejects.toThrow('does not forecast');
    });

    it('counts the steps to the end', async () => {
      bench.script.fetch = () => Promise.reject(new PluginError('no_data', 'No bars'));
      const { id } = await bench.outcome();
      expect(await bench.steps(id)).toEqual(['pending', 'processing', 'failed']);
      expect(await bench.jobs()).toEqual([{ subject: String(id), status: 'failed', attempts: 1 }]);
    });
  });

  it('ends at its time limit as failed, and the late answer changes nothing', async () => {
    const held = heldForecast();
    const { id } = await bench.submit();
    await bench.engine.start();
    await held.called;
    await bench.clock.advance(299_999);
    expect(await bench.row(id)).toMatchObject({ status: 'processing' });
    await bench.clock.advance(1);
    const failed = await bench.until(id, 'failed');
    const error = 'The computation took longer than 300 s';
    expect(failed.result).toMatchObject({ error_code: 'timeout', error });
    expect(held.signals[0]?.aborted).toBe(true);
    held.proceed();
    await bench.engine.stop(0);
    expect(await bench.row(id)).toEqual(failed);
    expect(await bench.steps(id)).toEqual(['pending', 'processing', 'failed']);
  });

  it('is computed by another process when its runner sleeps too long, and the stale answer is not kept', async () => {
    const held = heldForecast();
    // a suspended process: its clock stands still, so that it sends no heartbeat
    const suspended = bench.newEngine({ clock: new FakeClock(bench.clock.now()) });
    const { id } = await bench.submit();
    await suspended.start();
    await held.called;
    const { forecast } = bench.script;
    bench.script.forecast = (frame, request) => ({
      mode: 'fresh',
      date_column: 'DATE_TIME',
      target_column: 'CLOSE',
      baseline_datetime: '2026-01-04 00:00:00',
      baseline_value: frame.length,
      horizons: [1],
      predictions: [42],
      future_datetimes: [null],
      uncertainty: [0],
      errors: [],
      seed: request.horizon,
    });
    await bench.engine.start();
    await bench.clock.advance(LEASE_MS + SWEEP_MS);
    const fresh = await bench.until(id, 'completed');
    expect(fresh).toMatchObject({ prediction: [42], result: { explanation: { attempt: 2 } } });
    bench.script.forecast = forecast;
    held.proceed();
    await suspended.stop(LEASE_MS);
    expect(await bench.row(id)).toEqual(fresh);
    expect(await bench.steps(id)).toEqual(['pending', 'processing', 'processing', 'completed']);
  });

  it('fails after the third runner was lost', async () => {
    heldForecast();
    const { id } = await bench.submit();
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      const dying = bench.newEngine({ clock: new FakeClock(bench.clock.now()) });
      await dying.start();
      await eventually(`attempt ${attempt} runs`, async () => (await bench.jobs())[0]?.attempts === attempt);
      bench.clock.jump(LEASE_MS + SWEEP_MS);
    }
    await bench.engine.start();
    const { result } = await bench.until(id, 'failed');
    expect(result).toMatchObject({ error_code: 'attempts_exhausted' });
    expect(await bench.steps(id)).toEqual(['pending', 'processing', 'processing', 'processing', 'failed']);
  });

  it('goes on after a stop in the middle: the lease is returned and nothing is lost', async () => {
    const held = heldForecast();
    const { id } = await bench.submit();
    await bench.engine.start();
    await held.called;
    await bench.engine.stop(0);
    expect(held.signals[0]?.aborted).toBe(true);
    expect(await bench.jobs()).toEqual([{ subject: String(id), status: 'queued', attempts: 0 }]);
    held.proceed();
    await bench.newEngine().start();
    expect(await bench.until(id, 'completed')).toMatchObject({ result: { explanation: { attempt: 1 } } });
    expect((await bench.steps(id)).filter((step) => step === 'completed')).toHaveLength(1);
  });

  it('finishes within the time that a stop gives', async () => {
    const held = heldForecast();
    const { id } = await bench.submit();
    await bench.engine.start();
    await held.called;
    const stopped = bench.engine.stop(10_000);
    held.proceed();
    await stopped;
    expect(await bench.row(id)).toMatchObject({ status: 'completed' });
  });

  describe('that is deleted', () => {
    const caller = { userId: 1, username: 'user1', role: 'client' };

    it('stops the work that is under way', async () => {
      const held = heldForecast();
      const { id } = await bench.submit();
      await bench.engine.start();
      await held.called;
      await bench.deleting.one(id, caller);
      expect(held.signals[0]?.aborted).toBe(true);
      held.proceed();
      await bench.engine.stop(10_000);
      expect(await bench.row(id)).toBeNull();
      expect(await bench.jobs()).toEqual([{ subject: String(id), status: 'cancelled', attempts: 1 }]);
      expect(await bench.steps(id)).toEqual(['pending', 'processing', 'deleted']);
      expect(bench.reported).toEqual([]);
    });

    it('stops the work that has not begun', async () => {
      let asked = 0;
      const { fetch } = bench.script;
      bench.script.fetch = (request) => ((asked += 1), fetch(request));
      const { id } = await bench.submit();
      await bench.deleting.one(id, caller);
      await bench.engine.start();
      await bench.outcome();
      expect(asked).toBe(1);
      expect(await bench.row(id)).toBeNull();
    });

    it('goes on working when the caller may not delete it', async () => {
      const { id } = await bench.submit();
      await expect(bench.deleting.one(id, { ...caller, userId: 2 })).rejects.toMatchObject({
        kind: 'forbidden',
      });
      await expect(bench.deleting.one(id + 1, caller)).rejects.toMatchObject({ kind: 'not_found' });
      expect(await bench.jobs()).toEqual([{ subject: String(id), status: 'queued', attempts: 0 }]);
      await bench.engine.start();
      await bench.until(id, 'completed');
    });
  });
});
