import { eventually, gate, partial } from '#libs/testing';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PredictionSchedule } from '../../../src/predictions/scheduled-predictions.service.js';
import type { RuntimeSettings } from '../../../src/settings/runtime-settings.port.js';
import { PredictionBench } from './prediction-bench.js';
import { describeOnDatabases } from '../../harness/databases.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

describeOnDatabases('core predictions:', (database) => {
  let bench: PredictionBench;
  beforeEach(async () => {
    bench = await PredictionBench.open(database());
  });
  afterEach(() => bench.clear());

  describe('waiting', () => {
    it('ends with the prediction', async () => {
      const { id } = await bench.submit();
      const waited = bench.waiting.until(id, 10_000);
      await bench.engine.start();
      // the fake clock stands still: only the wake-up can end the wait
      expect(await waited).toMatchObject({ id, status: 'completed', prediction: [110] });
    });

    it('ends after the time that was asked for, with the row as it stands', async () => {
      const { id } = await bench.submit();
      let ended = false;
      const waited = bench.waiting.until(id, 2_000).finally(() => (ended = true));
      await bench.clock.advance(1_000);
      expect(ended).toBe(false);
      await eventually('the wait is over', async () => {
        await bench.clock.advance(500);
        return ended;
      });
      expect(await waited).toMatchObject({ id, status: 'pending' });
    });

    it('ends when the prediction is deleted', async () => {
      const { id } = await bench.submit();
      const waited = bench.waiting.until(id, 10_000);
      await bench.deleting.one(id, { userId: 1, username: 'user1', role: 'client' });
      expect(await waited).toBeNull();
    });

    it('does not wait for a prediction that has ended', async () => {
      await bench.engine.start();
      const { id } = await bench.outcome();
      expect(await bench.waiting.until(id, 10_000)).toMatchObject({ status: 'completed' });
    });
  });

  describe('keeping', () => {
    it('deletes finished predictions after their time, in batches, and no others', async () => {
      await bench.engine.start();
      const old = await bench.outcome();
      await bench.engine.stop(10_000);
      const waiting = await bench.submit();
      bench.clock.jump(30 * DAY_MS);
      expect(await bench.upkeep.purge()).toBe(0);
      bench.clock.jump(1);
      expect(await bench.upkeep.purge()).toBe(1);
      expect(await bench.row(old.id)).toBeNull();
      expect((await bench.repository.stepsAfter(old.id, 0)).map(({ type }) => type)).toEqual(['deleted']);
      expect(await bench.row(waiting.id)).not.toBeNull();
    });

    it('looks every hour, and not at all when they are kept for ever', async () => {
      await bench.engine.start();
      const { id } = await bench.outcome();
      await bench.engine.stop(10_000);
      bench.upkeep.onApplicationBootstrap();
      bench.clock.jump(31 * DAY_MS);
      await bench.clock.advance(HOUR_MS);
      await eventually('it is gone', async () => (await bench.row(id)) === null);
      bench.upkeep.onApplicationShutdown();
      expect(bench.clock.pending).toBe(0);
      const forEver = await PredictionBench.open(database(), { prediction_history_days: 0 });
      forEver.upkeep.onApplicationBootstrap();
      expect(forEver.clock.pending).toBe(0);
    });
  });

  describe('the results file', () => {
    let folder = '';
    let path = '';
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'results-'));
      path = join(folder, 'results.jsonl');
    });
    afterEach(() => rmSync(folder, { recursive: true }));

    const open = async (): Promise<PredictionBench> => {
      const filed = await PredictionBench.open(database(), { results_file: path });
      await filed.results.onModuleInit();
      await filed.engine.start();
      return filed;
    };
    const close = async (filed: PredictionBench): Promise<void> => {
      await filed.results.onApplicationShutdown();
      await filed.clear();
    };
    /** Whole ones only: while a line is being written, its end is missing. */
    const lines = (): { id: number }[] =>
      existsSync(path)
        ? readFileSync(path, 'utf8')
            .split('\n')
            .slice(0, -1)
            .map((line) => JSON.parse(line) as { id: number })
        : [];
    /** On PostgreSQL a line waits until no older transaction of the whole server may still commit. */
    const written = async (filed: PredictionBench, count: number): Promise<{ id: number }[]> => {
      await eventually(`${count} lines are written`, async () => {
        await filed.results.flushed();
        return lines().length >= count;
      });
      return lines();
    };

    it('gets every finished prediction as a line, as it is served', async () => {
      const filed = await open();
      const good = await filed.outcome({ symbol: 'GOOD' });
      filed.script.fetch = () => Promise.reject(new Error('no bars'));
      const bad = await filed.outcome({ symbol: 'BAD' });
      expect(await written(filed, 2)).toEqual([
        expect.objectContaining({
          id: good.id,
          status: 'completed',
          result: expect.objectContaining({ prediction: [110] }),
        }),
        expect.objectContaining({
          id: bad.id,
          status: 'failed',
          result: expect.objectContaining({ error_code: 'plugin_failed' }),
        }),
      ]);
      await close(filed);
    });

    it('is completed after a crash: a torn line is written again, no line twice', async () => {
      const filed = await open();
      const first = await filed.outcome();
      await written(filed, 1);
      cpSync(`${path}-position`, join(folder, 'old-position'));
      const ids = [first.id, (await filed.outcome()).id, (await filed.outcome()).id];
      await written(filed, 3);
      await filed.results.onApplicationShutdown();
      cpSync(join(folder, 'old-position'), `${path}-position`);
      truncateSync(path, readFileSync(path).length - 20);
      const restarted = await open();
      expect((await written(restarted, 3)).map(({ id }) => id)).toEqual(ids);
      await restarted.results.flushed();
      expect(lines()).toHaveLength(3);
      await close(restarted);
      await filed.clear();
    });

    it('that was moved away is made again, and one process at a time writes it', async () => {
      const filed = await open();
      const other = await open();
      await filed.outcome();
      await written(filed, 1);
      await other.results.flushed();
      expect(lines()).toHaveLength(1);
      renameSync(path, `${path}.1`);
      const next = await filed.outcome();
      expect((await written(filed, 1)).map(({ id }) => id)).toEqual([next.id]);
      await close(filed);
      const last = await other.outcome();
      expect((await written(other, 2)).map(({ id }) => id)).toEqual([next.id, last.id]);
      await close(other);
    });
  });

  describe('the schedule', () => {
    it('submits an ordinary ownerless prediction of the instrument at each interval, one at a time', async () => {
      const timed = await PredictionBench.open(database(), {
        scheduled_predictions: true,
        prediction_interval: 60,
        instrument: 'GLD',
      });
      const { opened, open } = gate();
      const { fetch } = timed.script;
      timed.script.fetch = async (request) => {
        await opened;
        return fetch(request);
      };
      const schedule = scheduleOf(timed);
      schedule.onApplicationBootstrap();
      await timed.engine.start();
      await eventually('the first is at work', async () => {
        await timed.clock.advance(1_000);
        return (await timed.jobs())[0]?.status === 'running';
      });
      await timed.clock.advance(150_000);
      expect(await timed.count('predictions')).toBe(1);
      open();
      await eventually('a second came', async () => {
        await timed.clock.advance(1_000);
        return (await timed.count('predictions')) === 2;
      });
      await schedule.beforeApplicationShutdown();
      const { items } = await timed.reading.list(null, { offset: 0 });
      expect(items.map(({ symbol, userId, interval }) => [symbol, userId, interval])).toEqual([
        ['GLD', null, '1h'],
        ['GLD', null, '1h'],
      ]);
      await timed.clear();
    });

    it('submits one prediction an interval, however many processes keep it and whenever they were started', async () => {
      const timed = await PredictionBench.open(database(), {
        scheduled_predictions: true,
        prediction_interval: 60,
        max_concurrent_predictions: 100,
      });
      const schedules = [scheduleOf(timed), scheduleOf(timed)];
      for (const schedule of schedules) {
        schedule.onApplicationBootstrap();
        await timed.clock.advance(25_000);
      }
      await timed.engine.start();
      for (let interval = 1; interval <= 4; interval += 1) {
        await eventually(`interval ${interval} has its prediction`, async () => {
          await timed.clock.advance(1_000);
          return (await timed.count('predictions')) >= interval;
        });
      }
      for (const schedule of schedules) await schedule.beforeApplicationShutdown();
      expect(await timed.count('predictions')).toBe(4);
      const { items } = await timed.reading.list(null, { offset: 0 });
      const minutes = items.map(({ createdAt }) => Math.floor(createdAt.getTime() / 60_000));
      expect(new Set(minutes).size).toBe(4);
      await timed.clear();
    });

    it('waits for a prediction as long as prediction_timeout says at that time', async () => {
      const timed = await PredictionBench.open(database(), {
        scheduled_predictions: true,
        prediction_interval: 120,
        prediction_timeout: 3_600,
      });
      const settings = partial<RuntimeSettings>({ get: (() => 60) as unknown as RuntimeSettings['get'] });
      const { submitting, waiting, config, clock } = timed;
      const schedule = new PredictionSchedule(submitting, waiting, settings, config, clock);
      schedule.onApplicationBootstrap();
      await eventually('a second came, although nobody computes the first', async () => {
        await clock.advance(1_000);
        return (await timed.count('predictions')) === 2;
      });
      expect(clock.monotonic()).toBeLessThan(300_000);
      let isOver = false;
      const stopped = schedule.beforeApplicationShutdown().then(() => (isOver = true));
      await eventually('its wait ends, too', async () => {
        await clock.advance(10_000);
        return isOver;
      });
      await stopped;
      await timed.clear();
    });

    it('stays off unless it is asked for', async () => {
      for (const flags of [{}, { scheduled_predictions: true, pipeline_enabled: false }]) {
        const idle = await PredictionBench.open(database(), flags);
        scheduleOf(idle).onApplicationBootstrap();
        await idle.clock.advance(HOUR_MS);
        expect(await idle.count('predictions')).toBe(0);
      }
    });
  });
});

const scheduleOf = ({ submitting, waiting, settings, config, clock }: PredictionBench): PredictionSchedule =>
  new PredictionSchedule(submitting, waiting, settings, config, clock);
