import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Database, type DatabaseLocation } from '#libs/database';
import { eventually } from '#libs/testing';
import { systemClock } from '#libs/kernel';
import { beforeEach, expect, it } from '@jest/globals';
import { migrations } from '../../../src/app/schema.js';
import {
  type FailureLimit,
  MemoryRateLimitStorage,
  type RateLimitStorage,
  type TakenPlace,
} from '../../../src/auth/rate-limit-storage.js';
import { SharedRateLimitStorage } from '../../../src/auth/shared-rate-limit.repository.js';
import { describeOnDatabases } from '../../harness/databases.js';

const LONG_MS = 60_000;
const SHORT_MS = 40;

describeOnDatabases('counters of limits', (shared, kind) => {
  let storage: RateLimitStorage;
  beforeEach(async () => {
    storage =
      kind === 'postgres'
        ? new SharedRateLimitStorage(shared().database, systemClock)
        : new MemoryRateLimitStorage(systemClock);
    await storage.clear();
  });

  const hit = (limit: number, ttlMs = LONG_MS) => storage.increment('caller', ttlMs, limit, 0, 'group');
  const limit = (changes: Partial<FailureLimit> = {}): FailureLimit => ({
    key: 'login of "ann" 🔑',
    limit: 3,
    windowMs: LONG_MS,
    ...changes,
  });
  const take = async (changes?: Partial<FailureLimit>): Promise<TakenPlace> => {
    const answer = await storage.take(limit(changes));
    if (answer.state !== 'taken') throw new Error(answer.state);
    return answer.place;
  };
  const fail = async (changes?: Partial<FailureLimit>) => storage.settle(await take(changes), 'failed');
  const state = async (changes?: Partial<FailureLimit>) => (await storage.take(limit(changes))).state;

  it('block hits at the limit, without counting those refused', async () => {
    expect(await hit(2)).toEqual({ totalHits: 1, timeToExpire: 60, isBlocked: false, timeToBlockExpire: 0 });
    expect(await hit(3)).toMatchObject({ totalHits: 2, isBlocked: false });
    for (let n = 0; n < 3; n += 1) expect(await hit(2)).toMatchObject({ totalHits: 2, isBlocked: true });
    expect((await hit(2)).timeToBlockExpire).toBeGreaterThan(50);
    expect(await hit(3)).toMatchObject({ totalHits: 3, isBlocked: false });
  });

  it('begin again when the window of the first hit has ended', async () => {
    await hit(1, SHORT_MS);
    await eventually('the window ended', async () => !(await hit(1)).isBlocked);
    expect(await hit(2)).toMatchObject({ totalHits: 2, timeToExpire: 60 });
  });

  it('let exactly as many of forty hits at once pass as the limit says', async () => {
    const hits = await Promise.all(Array.from({ length: 40 }, () => hit(10)));
    expect(hits.filter(({ isBlocked }) => !isBlocked)).toHaveLength(10);
  });

  it('give as many places as failures are allowed, and say when the next failure stops to count', async () => {
    const places = [await take(), await take(), await take()];
    expect(await state()).toBe('waiting');
    for (const place of places) await storage.settle(place, 'failed');
    const answer = await storage.take(limit());
    expect(answer).toEqual({ state: 'full', leavesInMs: expect.any(Number) });
    const { leavesInMs } = answer as { leavesInMs: number };
    expect([leavesInMs > 0, leavesInMs <= LONG_MS]).toEqual([true, true]);
    await eventually('a failure left', async () => (await state({ windowMs: SHORT_MS })) === 'taken');
  });

  it('take a place back without a trace, and forget failures with a success', async () => {
    const place = await take();
    await fail();
    await fail();
    expect(await state()).toBe('waiting');
    await storage.settle(place, 'withdrawn');
    const next = await take();
    await storage.settle(next, 'succeeded');
    await fail();
    await fail();
    await fail();
    expect(await state()).toBe('full');
    expect(await state({ key: 'login of "bob"' })).toBe('taken');
  });

  it('give exactly the places of the limit to forty that ask at once', async () => {
    const states = await Promise.all(Array.from({ length: 40 }, () => state()));
    expect(states.filter((one) => one === 'taken')).toHaveLength(3);
    expect(states.filter((one) => one === 'waiting')).toHaveLength(37);
  });

  it('count a failure whose counter was removed meanwhile', async () => {
    const place = await take({ limit: 1 });
    await storage.clear();
    await storage.settle(place, 'failed');
    expect(await state({ limit: 1 })).toBe('full');
  });

  if (kind === 'postgres') {
    it('are removed in batches once they have ended, the others never', async () => {
      const { writer } = shared().database;
      await writer.query(
        `INSERT INTO limit_counters (key, hits, expires_at) SELECT 'old ' || n, 1, n FROM generate_series(1, 2500) AS n`,
      );
      await hit(5);
      await (storage as SharedRateLimitStorage).turn();
      expect(await shared().query('SELECT hits FROM limit_counters')).toEqual([{ hits: 1 }]);
    });

    it('answer that the service is unavailable while the database is silent or away, and go on when it is back', async () => {
      const road = await Road.to(shared().location);
      const database = await Database.open({ location: road.location, entities: [], migrations });
      const away = new SharedRateLimitStorage(database, systemClock);
      await away.increment('caller', LONG_MS, 1);
      road.fallSilent();
      const refused = { kind: 'unavailable', code: 'database_unavailable' };
      await expect(away.increment('caller', LONG_MS, 1)).rejects.toMatchObject(refused);
      await road.close();
      await expect(away.take(limit())).rejects.toMatchObject(refused);
      await road.open();
      await eventually('the database is found again', () => database.availability.away === null);
      expect(await away.increment('caller', LONG_MS, 1)).toMatchObject({ isBlocked: true });
      await database.close();
      await road.close();
    });

    it('keep no name and no address', async () => {
      await fail();
      const [row] = await shared().query<{ key: string }>('SELECT key FROM limit_counters');
      expect(row?.key).toMatch(/^[\w-]{43}$/);
    });
  }
});

/** The way to a PostgreSQL server over a port of its own, which can be closed and opened again. */
class Road {
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((near) => {
    const far = connect({ host: this.target.hostname, port: Number(this.target.port) });
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(from);
      from.on('error', () => to.destroy()).on('close', () => to.destroy());
      if (!this.#isSilent) from.pipe(to);
    }
  });
  #port = 0;
  #isSilent = false;

  private constructor(private readonly target: URL) {}

  static async to(location: DatabaseLocation): Promise<Road> {
    if (location.kind !== 'postgres') throw new Error('a road leads to PostgreSQL');
    const road = new Road(new URL(location.url));
    await road.open();
    return road;
  }

  get location(): DatabaseLocation {
    const url = new URL(this.target);
    url.host = `127.0.0.1:${this.#port}`;
    return { kind: 'postgres', url: url.href };
  }

  /** Connections stay and can be made, but nothing comes over them any more: the server was stopped, not ended. */
  fallSilent(): void {
    this.#isSilent = true;
    for (const socket of this.#sockets) socket.unpipe();
  }

  async open(): Promise<void> {
    this.#isSilent = false;
    await new Promise<void>((done) => this.#server.listen(this.#port, '127.0.0.1', done));
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const closed = new Promise((done) => this.#server.close(done));
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
    await closed;
  }
}
