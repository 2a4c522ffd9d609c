import type { Actor } from '#libs/kernel';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { actor, PredictionBench } from './prediction-bench.js';
import { describeOnDatabases } from '../../harness/databases.js';

const OWNER = actor(1);
const OTHER = actor(2);
const OPERATOR = actor(3, 'operator');
const ADMIN = actor(4, 'administrator');

type Verdict = 'yes' | 'denied';
type Asker = 'owner' | 'other' | 'operator' | 'admin' | 'anonymous';
const ASKERS: Readonly<Record<Asker, Actor | null>> = {
  owner: OWNER,
  other: OTHER,
  operator: OPERATOR,
  admin: ADMIN,
  anonymous: null,
};

/** Who reaches a row of `OWNER` and an ownerless one, by the flexible and by the secure endpoints. */
const MATRIX: readonly (readonly [Asker, flexible: [Verdict, Verdict], secure: [Verdict, Verdict] | null])[] =
  [
    ['owner', ['yes', 'yes'], ['yes', 'denied']],
    ['other', ['denied', 'yes'], ['denied', 'denied']],
    ['operator', ['denied', 'yes'], ['denied', 'denied']],
    ['admin', ['yes', 'yes'], ['yes', 'yes']],
    ['anonymous', ['denied', 'yes'], null],
  ];

describeOnDatabases('reading and deleting predictions', (database) => {
  let bench: PredictionBench;
  let owned: number;
  let ownerless: number;
  beforeEach(async () => {
    bench = await PredictionBench.open(database());
    owned = (await bench.submit({ symbol: 'OWNED' })).id;
    ownerless = (await bench.submit({ symbol: 'FREE' }, { caller: null })).id;
  });
  afterEach(() => bench.clear());

  const verdict = (asked: Promise<unknown>): Promise<unknown> =>
    asked.then(
      () => 'yes',
      (error: { kind: string; detail: string }) => (error.detail === 'Access denied' ? 'denied' : error),
    );

  describe.each(MATRIX)('as %s', (asker, flexible, secure) => {
    const caller = ASKERS[asker];

    it('reads what is theirs', async () => {
      const { reading } = bench;
      expect([
        await verdict(reading.one(owned, caller)),
        await verdict(reading.one(ownerless, caller)),
      ]).toEqual(flexible);
      if (secure === null || caller === null) return;
      expect([
        await verdict(reading.own(owned, caller)),
        await verdict(reading.own(ownerless, caller)),
      ]).toEqual(secure);
    });

    it('deletes what is theirs and nothing else', async () => {
      const { deleting } = bench;
      expect([
        await verdict(deleting.one(owned, caller)),
        await verdict(deleting.one(ownerless, caller)),
      ]).toEqual(flexible);
      expect(
        [await bench.row(owned), await bench.row(ownerless)].map((row) => (row === null ? 'yes' : 'denied')),
      ).toEqual(flexible);
    });

    it('deletes by the secure endpoints what is theirs and nothing else', async () => {
      if (secure === null || caller === null) return;
      const { deleting } = bench;
      expect([
        await verdict(deleting.own(owned, caller)),
        await verdict(deleting.own(ownerless, caller)),
      ]).toEqual(secure);
      expect(
        [await bench.row(owned), await bench.row(ownerless)].map((row) => (row === null ? 'yes' : 'denied')),
      ).toEqual(secure);
    });

    it('gets the legacy status by task id and by number under the same rule', async () => {
      for (const id of [owned, ownerless]) {
        const expected = flexible[id === owned ? 0 : 1];
        const taskId = (await bench.row(id))?.taskId ?? '';
        expect(await verdict(bench.reading.byAnyId(taskId, caller))).toBe(expected);
        expect(await verdict(bench.reading.byAnyId(` ${id} `, caller))).toBe(expected);
      }
    });
  });

  it('lists own rows; administrators all, anonymous callers the ownerless ones', async () => {
    const symbols = async (caller: Actor | null) =>
      (await bench.reading.list(caller, { offset: 0 })).items.map(({ symbol }) => symbol);
    expect(await symbols(OWNER)).toEqual(['OWNED']);
    expect(await symbols(OTHER)).toEqual([]);
    expect(await symbols(OPERATOR)).toEqual([]);
    expect(await symbols(ADMIN)).toEqual(['OWNED', 'FREE']);
    expect(await symbols(actor(9, 'admin'))).toEqual(['OWNED', 'FREE']);
    expect(await symbols(null)).toEqual(['FREE']);
  });

  it('lists a page in the order of submission and counts all that the caller could list', async () => {
    for (const symbol of ['B', 'C', 'D', 'E']) await bench.submit({ symbol });
    const page = async (query: { limit?: number; offset: number }) => {
      const { items, total } = await bench.reading.list(OWNER, query);
      return [items.map(({ symbol }) => symbol).join(''), total];
    };
    expect(await page({ limit: 2, offset: 0 })).toEqual(['OWNEDB', 5]);
    expect(await page({ limit: 2, offset: 3 })).toEqual(['DE', 5]);
    expect(await page({ offset: 4 })).toEqual(['E', 5]);
    expect(await page({ limit: 2, offset: 9 })).toEqual(['', 5]);
    expect(await page({ offset: 0 })).toEqual(['OWNEDBCDE', 5]);
  });

  it('answers unknown and impossible ids', async () => {
    const missing = owned + ownerless + 1;
    await expect(bench.reading.one(missing, ADMIN)).rejects.toMatchObject({
      kind: 'not_found',
      detail: 'Prediction not found',
    });
    await expect(bench.reading.own(missing, ADMIN)).rejects.toMatchObject({ kind: 'not_found' });
    await expect(bench.deleting.own(missing, ADMIN)).rejects.toMatchObject({ kind: 'not_found' });
    await expect(bench.reading.byAnyId(String(missing), null)).rejects.toMatchObject({ kind: 'not_found' });
    await expect(bench.reading.byAnyId('some-task', null)).rejects.toMatchObject({ kind: 'not_found' });
    await expect(bench.reading.byAnyId("1' OR '1'='1", null)).rejects.toMatchObject({
      kind: 'bad_request',
      detail: 'Invalid prediction ID',
    });
  });

  it.each([2 ** 31, 999_999_999_999_999])('has no prediction %i, however large', async (id) => {
    await expect(bench.reading.one(id, ADMIN)).rejects.toMatchObject({ kind: 'not_found' });
    await expect(bench.reading.byAnyId(String(id), ADMIN)).rejects.toMatchObject({ kind: 'not_found' });
    await expect(bench.deleting.one(id, ADMIN)).rejects.toMatchObject({ kind: 'not_found' });
    await expect(bench.events.follow(id, ADMIN)).rejects.toMatchObject({ kind: 'not_found' });
  });

  it('counts for statistics', async () => {
    await bench.submit({ prediction_type: 'long_term' });
    await bench.engine.start();
    await bench.outcome();
    for (const id of [owned, ownerless]) await bench.until(id, 'completed');
    await bench.engine.stop(10_000);
    bench.clock.jump(3_600_000);
    await bench.submit({}, { entrance: 'legacy' });
    expect(await bench.figures.countByStatus()).toEqual({ completed: 4, pending: 1 });
    expect(await bench.figures.countByType()).toEqual({ short_term: 4, long_term: 1 });
    expect(await bench.figures.usageOf(1, new Date(0))).toMatchObject({ created: 4 });
    expect(await bench.figures.usageOf(1, new Date(bench.clock.now()))).toMatchObject({ created: 1 });
    expect(await bench.figures.usageOf(2, new Date(0))).toMatchObject({ created: 0 });
  });
});
