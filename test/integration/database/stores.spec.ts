import { BarStore, EventLog, SettingsStore } from '#libs/database';
import type { Reserved } from '#libs/http';
import { FakeClock } from '#libs/testing';
import { expect, it } from '@jest/globals';
import {
  IdempotencyStore,
  LEASE_MS,
  type Reservation,
} from '../../../src/app/idempotency/idempotency-key.repository.js';
import { describeOnDatabases } from '../../harness/databases.js';

describeOnDatabases('persisted settings', (test) => {
  it('keep any JSON value, the newest one, and who set it when', async () => {
    const clock = new FakeClock();
    const settings = new SettingsStore(clock);
    await test().run((tx) => settings.put(tx, 'limits', { basic: 5 }, 1));
    await test().run((tx) => settings.put(tx, 'name', 'Grüße 📈', null));
    clock.jump(1_000);
    await test().run((tx) => settings.put(tx, 'limits', [1, 2.5, null], 7));
    expect(await settings.all(test().database.read)).toEqual([
      { key: 'limits', value: [1, 2.5, null], updatedAt: new Date(clock.now()), updatedBy: 7 },
      { key: 'name', value: 'Grüße 📈', updatedAt: new Date(clock.now() - 1_000), updatedBy: null },
    ]);
    await test().run((tx) => settings.remove(tx, 'limits'));
    expect((await settings.all(test().database.read)).map(({ key }) => key)).toEqual(['name']);
  });
});

const DAY_MS = 86_400_000;
const reservationOf = (outcome: Reserved<Reservation>): Reservation => {
  if (outcome.state !== 'reserved') throw new Error(`not reserved but ${outcome.state}`);
  return outcome.reservation;
};

describeOnDatabases('idempotency keys', (test) => {
  const now = Date.UTC(2026, 0, 5);
  const request = (scope: string, key: string, fingerprint: string) => ({ scope, key, fingerprint });
  const store = () => new IdempotencyStore(test().transactions);
  const reply = {
    status: 201,
    headers: { 'content-type': 'application/json', location: '/x' },
    body: '{"id": 1,  "t": "é\\u00e9\\n"}\n',
  };

  it('give the first request the work and later ones its answer, byte for byte', async () => {
    const first = await store().reserve(request('user:1', 'k1', 'f'), now);
    expect((await store().reserve(request('user:1', 'k1', 'f'), now + 1)).state).toBe('in_progress');
    await test().run((tx) => store().complete(tx, reservationOf(first), reply));
    expect(await store().reserve(request('user:1', 'k1', 'f'), now + 2)).toEqual({
      state: 'completed',
      reply,
    });
    expect((await store().reserve(request('user:1', 'k1', 'other'), now + 2)).state).toBe('mismatch');
    expect((await store().reserve(request('user:2', 'k1', 'f'), now + 2)).state).toBe('reserved');
  });

  it('let exactly one of many requests at once through', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () => store().reserve(request('user:1', 'race', 'f'), now)),
    );
    const states = outcomes.map(({ state }) => state);
    expect(states.filter((state) => state === 'reserved')).toHaveLength(1);
    expect(states.filter((state) => state === 'in_progress')).toHaveLength(19);
  });

  it('are free again after a failure', async () => {
    const first = reservationOf(await store().reserve(request('user:1', 'k2', 'f'), now));
    await test().run((tx) => store().release(tx, first));
    expect((await store().reserve(request('user:1', 'k2', 'g'), now)).state).toBe('reserved');
  });

  it('of a crashed request pass to the next one, and the slow one then keeps nothing', async () => {
    const slow = reservationOf(await store().reserve(request('user:1', 'k3', 'f'), now));
    expect((await store().reserve(request('user:1', 'k3', 'f'), now + LEASE_MS - 1)).state).toBe(
      'in_progress',
    );
    const next = reservationOf(await store().reserve(request('user:1', 'k3', 'f'), now + LEASE_MS));
    const late = test().run(async (tx) => {
      await new SettingsStore(new FakeClock()).put(tx, 'effect of the slow one', 1, null);
      await store().complete(tx, slow, reply);
    });
    await expect(late).rejects.toMatchObject({ kind: 'conflict', code: 'idempotency_lost' });
    const left = await new SettingsStore(new FakeClock()).all(test().database.read);
    expect(left.map(({ key }) => key)).not.toContain('effect of the slow one');
    await test().run((tx) => store().release(tx, slow)); // a no-op: it is not his any more
    await test().run((tx) => store().complete(tx, next, reply));
    expect((await store().reserve(request('user:1', 'k3', 'f'), now + LEASE_MS)).state).toBe('completed');
  });

  it('are not completed by a transaction that rolls back', async () => {
    const first = reservationOf(await store().reserve(request('user:1', 'k4', 'f'), now));
    const broken = test().run(async (tx) => {
      await store().complete(tx, first, reply);
      throw new Error('no');
    });
    await expect(broken).rejects.toThrow('no');
    expect((await store().reserve(request('user:1', 'k4', 'f'), now + 1)).state).toBe('in_progress');
  });

  it('are forgotten after a day', async () => {
    const first = reservationOf(await store().reserve(request('user:9', 'old', 'f'), now - 2 * DAY_MS));
    await test().run((tx) => store().complete(tx, first, reply));
    await store().reserve(request('user:9', 'new', 'f'), now);
    const purged = await test().run((tx) => store().purgeExpired(tx, now - DAY_MS));
    expect(purged).toBe(1);
    expect((await store().reserve(request('user:9', 'old', 'f'), now)).state).toBe('reserved');
    expect((await store().reserve(request('user:9', 'new', 'f'), now)).state).toBe('in_progress');
  });
});

describeOnDatabases('events', (test) => {
  const clock = new FakeClock();

  it('are read again from where a client was cut off, topic by topic', async () => {
    const log = new EventLog(clock);
    const append = (topic: string, type: string) => test().run((tx) => log.append(tx, topic, type, { type }));
    const first = await append('prediction:1', 'pending');
    await append('prediction:2', 'pending');
    const last = await append('prediction:1', 'completed');
    expect(last).toBeGreaterThan(first);
    const read = (after: number, limit?: number) =>
      log.after(test().database.read, 'prediction:1', after, limit);
    expect((await read(0)).map(({ type }) => type)).toEqual(['pending', 'completed']);
    expect((await read(0, 1)).map(({ type }) => type)).toEqual(['pending']);
    expect(await read(first)).toEqual([
      { id: last, type: 'completed', data: { type: 'completed' }, createdAt: new Date(clock.now()) },
    ]);
  });

  it('tell listeners of their topic after the commit, until they leave', async () => {
    const log = new EventLog(clock);
    let calls = 0;
    const leave = log.listen('t', () => (calls += 1));
    await test().run(async (tx) => {
      await log.append(tx, 't', 'a', null);
      await log.append(tx, 'elsewhere', 'a', null);
      expect(calls).toBe(0);
    });
    expect(calls).toBe(1);
    const broken = test().run(async (tx) => {
      await log.append(tx, 't', 'b', null);
      throw new Error('no');
    });
    await expect(broken).rejects.toThrow('no');
    leave();
    await test().run((tx) => log.append(tx, 't', 'c', null));
    expect(calls).toBe(1);
  });

  it('are forgotten when old', async () => {
    const log = new EventLog(clock);
    await test().run((tx) => log.append(tx, 'old', 'a', null));
    clock.jump(DAY_MS);
    await test().run((tx) => log.append(tx, 'old', 'b', null));
    await test().run((tx) => log.purge(tx, clock.now()));
    expect((await log.after(test().database.read, 'old', 0)).map(({ type }) => type)).toEqual(['b']);
  });
});

describeOnDatabases('cached bars', (test) => {
  const store = new BarStore();
  const bar = (time: number, close: number) => ({
    time,
    open: 1.1,
    high: 1.2000000000000002,
    low: 1e-7,
    close,
    volume: null,
  });
  const series = { ticker: 'EURUSD=X', interval: '1h' };

  it('come back exactly, in order, within a range', async () => {
    const bars = Array.from({ length: 1_500 }, (_, index) =>
      bar(Date.UTC(2026, 0, 1) + index * 3_600_000, index / 3),
    );
    await test().run((tx) => store.upsertBars(tx, series, bars.toReversed()));
    expect(await store.readBars(test().database.read, series)).toEqual(bars);
    const middle = { ...series, from: bars[10]?.time ?? 0, to: bars[12]?.time ?? 0 };
    expect(await store.readBars(test().database.read, middle)).toEqual(bars.slice(10, 13));
  });

  it('are corrected by a later fetch and kept apart by interval and ticker', async () => {
    const time = Date.UTC(2030, 0, 1);
    const put = (ticker: string, interval: string, close: number, volume: number | null) =>
      test().run((tx) => store.upsertBars(tx, { ticker, interval }, [{ ...bar(time, close), volume }]));
    await put('SPY', '1d', 1, 100);
    await put('SPY', '1d', 2, 9_007_199_254_740_991);
    await put('SPY', '1h', 3, null);
    await put('QQQ', '1d', 4, 0);
    const read = async (ticker: string, interval: string) =>
      (await store.readBars(test().database.read, { ticker, interval })).map(({ close, volume }) => [
        close,
        volume,
      ]);
    expect(await read('SPY', '1d')).toEqual([[2, 9_007_199_254_740_991]]);
    expect(await read('SPY', '1h')).toEqual([[3, null]]);
    expect(await read('QQQ', '1d')).toEqual([[4, 0]]);
    const adjusted = [bar(time + 1, 5)];
    await test().run((tx) => store.replaceBars(tx, { ticker: 'SPY', interval: '1d' }, adjusted));
    expect(await read('SPY', '1d')).toEqual([[5, null]]);
    expect(await read('SPY', '1h')).toEqual([[3, null]]);
    expect(await read('QQQ', '1d')).toEqual([[4, 0]]);
  });
});
