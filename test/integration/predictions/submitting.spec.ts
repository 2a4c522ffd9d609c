import { AppError } from '#libs/kernel';
import { PluginError } from '#libs/plugin-sdk';
import { eventually, gate } from '#libs/testing';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { SubmitCommand } from '../../../src/predictions/submit-prediction.service.js';
import { actor, PredictionBench } from './prediction-bench.js';
import { describeOnDatabases } from '../../harness/databases.js';

const LIMIT = 10;
const CONCURRENCY = 8;
const TOGETHER = 30;

describeOnDatabases('submitting predictions', (database) => {
  let bench: PredictionBench;
  beforeEach(async () => {
    bench = await PredictionBench.open(database());
  });
  afterEach(() => bench.clear());

  /** Thirty submits at the same moment: how many were taken, and how the others were refused. */
  async function together(command: Partial<Omit<SubmitCommand, 'request'>>) {
    const results = await Promise.allSettled(
      Array.from({ length: TOGETHER }, (_, index) => bench.submit({ symbol: `S${index}` }, command)),
    );
    const refusals = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
    return { taken: TOGETHER - refusals.length, refusals: refusals as AppError[] };
  }

  it('stores the row, its first step and its job together', async () => {
    const row = await bench.submit({ symbol: null, ticker: 'AAPL', interval: 'H1' });
    expect(await bench.row(row.id)).toEqual(row);
    expect(row).toMatchObject({
      status: 'pending',
      symbol: 'AAPL',
      ticker: 'AAPL',
      interval: 'H1',
      userId: 1,
    });
    expect(row.result.request).toMatchObject({
      symbol: null,
      ticker: 'AAPL',
      predictor_plugin: 'default_predictor',
    });
    expect(row.taskId).toMatch(/^[0-9a-f-]{36}$/);
    expect(await bench.jobs()).toEqual([{ subject: String(row.id), status: 'queued', attempts: 0 }]);
    expect(await bench.steps(row.id)).toEqual(['pending']);
  });

  it.each([
    ['', null],
    [', or claimed at once', {}],
  ])('keeps nothing of a submit whose job could not be queued%s', async (_, start) => {
    const broken = bench.submitVia({
      startHere: () => start,
      enqueue: () => Promise.reject(new Error('the queue is gone')),
    } as unknown as typeof bench.engine);
    const { entrance, address } = { entrance: 'predict' as const, address: '192.0.2.1' };
    const { request } = (await bench.submit()).result;
    await expect(broken.submit({ entrance, address, caller: actor(2), request })).rejects.toThrow(
      'the queue is gone',
    );
    expect([
      await bench.count('predictions'),
      await bench.count('events'),
      await bench.count('jobs'),
    ]).toEqual([1, 1, 1]);
  });

  it('lets a user have exactly as many in flight as allowed, however many are asked for at once', async () => {
    const { taken, refusals } = await together({ caller: actor(1) });
    expect(taken).toBe(LIMIT);
    expect(await bench.count('predictions')).toBe(LIMIT);
    expect(await bench.count('jobs')).toBe(LIMIT);
    for (const refusal of refusals) {
      expect(refusal).toMatchObject({
        kind: 'too_many',
        code: 'in_flight_limit',
        headers: { 'Retry-After': '1' },
      });
    }
  });

  it('counts anonymous callers by their address', async () => {
    const { taken } = await together({ caller: null, address: '192.0.2.7' });
    expect(taken).toBe(LIMIT);
    await expect(bench.submit({}, { caller: null, address: '192.0.2.7' })).rejects.toThrow('Too many');
    await expect(bench.submit({}, { caller: null, address: '192.0.2.8' })).resolves.toMatchObject({
      userId: null,
    });
    // a signed-in caller behind the same address has a count of their own
    await expect(bench.submit({}, { address: '192.0.2.7' })).resolves.toMatchObject({ clientAddress: null });
  });

  it('counts all doors together', async () => {
    for (const entrance of ['predict', 'predictions', 'secure', 'legacy', 'secure'] as const) {
      await bench.submit({}, { entrance });
      await bench.submit({}, { entrance });
    }
    for (const entrance of ['predict', 'predictions', 'secure', 'legacy'] as const) {
      await expect(bench.submit({}, { entrance })).rejects.toThrow('10 of 10');
    }
    await expect(bench.submit({}, { caller: actor(2) })).resolves.toMatchObject({ userId: 2 });
  });

  it('frees a place when a prediction ends, completed or failed, and when one is deleted', async () => {
    const doors = new Map([gate(), gate(), gate()].map((door, index) => [`S${index}`, door]));
    bench.script.fetch = async ({ symbol }) => {
      await doors.get(symbol)?.opened;
      throw new Error('no bars today');
    };
    await together({ caller: actor(1) });
    await expect(bench.submit()).rejects.toThrow('Too many');
    const [first] = await bench.reading.list(actor(1), { offset: 0 }).then(({ items }) => items);
    await bench.deleting.one(first?.id ?? 0, actor(1));
    const again = await bench.submit({ symbol: 'AGAIN' });
    await expect(bench.submit()).rejects.toThrow('Too many');
    await bench.engine.start();
    await bench.until(again.id, 'failed');
    await expect(bench.submit()).resolves.toMatchObject({ status: 'pending' });
    for (const door of doors.values()) door.open();
  });

  it('stores the names of the configured plugins for a question that names none', async () => {
    const { predictorPlugin, feederPlugin, pipelinePlugin } = await bench.submit();
    expect([predictorPlugin, feederPlugin, pipelinePlugin]).toEqual([
      'default_predictor',
      'default_feeder',
      'default_pipeline',
    ]);
    expect((await bench.submit({ model_name: 'default_model' })).predictorPlugin).toBe('default_model');
    expect((await bench.submit({ model_name: '', predictor_plugin: 'default' })).predictorPlugin).toBe(
      'default',
    );
  });

  it('asks the default predictor when the configured one only answers entry questions', async () => {
    const other = await PredictionBench.open(database(), { predictor_plugin: 'entry_only' });
    expect((await other.submit()).predictorPlugin).toBe('default_predictor');
    await other.clear();
  });

  it('refuses every unknown plugin by name, listing the known ones, and keeps nothing', async () => {
    const request = { predictor_plugin: 'nope', feeder_plugin: 'nope2', pipeline_plugin: 'nope3' };
    const error = await bench.submit(request).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      kind: 'invalid',
      violations: [
        { loc: ['body', 'predictor_plugin'], ctx: { known: ['default_predictor', 'entry_only'] } },
        { loc: ['body', 'feeder_plugin'], input: 'nope2' },
        { loc: ['body', 'pipeline_plugin'], input: 'nope3' },
      ],
    });
    await expect(bench.submit({ model_name: 'nope' })).rejects.toMatchObject({
      violations: [{ loc: ['body', 'model_name'] }],
    });
    expect(await bench.count('predictions')).toBe(0);
  });

  describe.each(['administrator', 'admin'])('as %s', (role) => {
    it('is possible by the secure and the legacy door only', async () => {
      for (const entrance of ['predict', 'predictions'] as const) {
        await expect(bench.submit({}, { entrance, caller: actor(1, role) })).rejects.toMatchObject({
          kind: 'forbidden',
          detail: 'Admin users cannot create predictions',
        });
      }
      for (const entrance of ['secure', 'legacy'] as const) {
        await expect(bench.submit({}, { entrance, caller: actor(1, role) })).resolves.toMatchObject({
          userId: 1,
        });
      }
    });
  });

  describe('with an id chosen by the caller', () => {
    const chosen = { entrance: 'legacy', taskId: 'my-own-id' } as const;

    it('takes it once', async () => {
      expect((await bench.submit({}, chosen)).taskId).toBe('my-own-id');
      await expect(bench.submit({}, chosen)).rejects.toMatchObject({
        kind: 'conflict',
        code: 'task_id_used',
      });
      expect(await bench.count('jobs')).toBe(1);
    });

    it('takes it once when different callers send it at the same moment', async () => {
      const results = await Promise.allSettled(
        Array.from({ length: 8 }, (_, index) => bench.submit({}, { ...chosen, caller: actor(index + 1) })),
      );
      const refusals = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
      expect(refusals).toHaveLength(7);
      for (const refusal of refusals)
        expect(refusal).toMatchObject({ kind: 'conflict', code: 'task_id_used' });
    });
  });

  it('starts no work for `predict` when background tasks are skipped; the other doors do not heed that', async () => {
    const paused = await PredictionBench.open(database(), { skip_background_tasks: true });
    await paused.submit();
    expect(await paused.count('jobs')).toBe(0);
    await paused.submit({}, { entrance: 'predictions' });
    expect(await paused.count('jobs')).toBe(1);
    await paused.clear();
  });

  it('takes nothing while the pipeline is switched off', async () => {
    const off = await PredictionBench.open(database(), { pipeline_enabled: false });
    await expect(off.submit()).rejects.toMatchObject({ kind: 'unavailable', code: 'pipeline_disabled' });
    expect(await off.count('predictions')).toBe(0);
  });

  describe('for a caller who waits', () => {
    const isAtOnce = (): boolean => bench.test.database.kind === 'sqlite';

    /** Forecasts wait until they are let go on. */
    function heldForecasts() {
      const proceed = gate();
      let begun = 0;
      const answer = bench.script.forecast;
      bench.script.forecast = async (frame, request) => {
        begun += 1;
        await proceed.opened;
        return answer(frame, request);
      };
      return { begun: () => begun, proceed: proceed.open };
    }

    it('stores a quick prediction once, as it ended, with all of its steps and no job', async () => {
      await bench.engine.start();
      const row = await bench.submit({ horizons: [1, 5] }, { waits: true });
      const stored = await bench.until(row.id, 'completed');
      expect(await bench.steps(row.id)).toEqual(['pending', 'processing', 'completed']);
      expect(await bench.count('jobs')).toBe(isAtOnce() ? 0 : 1);
      const [pin] = await bench.test.query<{ rows: number | string }>(
        `SELECT count(*) AS rows FROM forecast_receipts WHERE subject_id = '${row.id}'`,
      );
      expect(Number(pin?.rows)).toBe(1);
      if (isAtOnce()) expect(row).toEqual(stored);
      expect(stored).toMatchObject({ prediction: [110, 114], result: { explanation: { attempt: 1 } } });
    });

    it('makes a job of one that takes long, which goes on with what was begun', async () => {
      await bench.engine.start();
      const { begun, proceed } = heldForecasts();
      const submitted = bench.submit({}, { waits: true });
      await eventually('it is computed', async () => begun() === 1);
      expect(await bench.count('predictions')).toBe(isAtOnce() ? 0 : 1);
      await bench.clock.advance(50);
      const { id, status } = await submitted;
      expect(status).toBe('pending');
      expect(await bench.row(id)).toMatchObject({ status: 'processing' });
      proceed();
      expect(await bench.until(id, 'completed')).toMatchObject({ prediction: [110] });
      expect([begun(), await bench.jobs()]).toEqual([
        1,
        [{ subject: String(id), status: 'completed', attempts: 1 }],
      ]);
    });

    it('makes a job of one that fails, which fails in the usual way', async () => {
      await bench.engine.start();
      bench.script.forecast = () => {
        throw new PluginError('invalid_request', 'no such column');
      };
      const { id } = await bench.submit({}, { waits: true });
      const { result } = await bench.until(id, 'failed');
      expect(result).toMatchObject({ error: 'no such column' });
      expect(await bench.jobs()).toMatchObject([{ subject: String(id), status: 'failed' }]);
    });

    it('counts those that are not stored yet, and computes no more at once than jobs may run', async () => {
      await bench.engine.start();
      const { begun, proceed } = heldForecasts();
      const taken = Array.from({ length: LIMIT }, () => bench.submit({}, { waits: true }));
      await eventually('as many as may run are computed', async () => begun() === CONCURRENCY);
      await expect(bench.submit({}, { waits: true })).rejects.toMatchObject({ code: 'in_flight_limit' });
      await expect(bench.submit()).rejects.toMatchObject({ code: 'in_flight_limit' });
      expect(begun()).toBe(CONCURRENCY);
      proceed();
      for (const { id } of await Promise.all(taken)) await bench.until(id, 'completed');
      expect(await bench.submit()).toMatchObject({ status: 'pending' });
    });
  });
});
