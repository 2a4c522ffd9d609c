import { eventually } from '#libs/testing';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import Sqlite from 'better-sqlite3';
import { ServiceFolder } from './served-process.js';

const SYMBOLS = ['S1', 'S2', 'S3', 'S4', 'S5', 'S6', 'S7'];
/** `job_concurrency` of the service. */
const AT_WORK = 4;

/** A start costs a second of CPU. */
const KILLS = 3;

const keyOf = (symbol: string) => ({ 'Idempotency-Key': `order-of-${symbol}` });

// Two starts of a process and a lease that runs out take seconds, on a busy machine many.
jest.setTimeout(90_000);

describe('a service that is stopped in the middle of its work', () => {
  let folder: ServiceFolder;
  beforeEach(() => {
    folder = new ServiceFolder();
  });
  afterEach(() => folder.remove());

  /** Seven predictions, four of them at work; with the answers that their clients got. */
  async function busy() {
    const service = await folder.start();
    const answers = new Map<string, string>();
    for (const symbol of SYMBOLS) {
      const { status, text } = await service.submit(symbol, keyOf(symbol));
      expect(status).toBe(201);
      answers.set(symbol, text);
    }
    const expected = { processing: AT_WORK, pending: SYMBOLS.length - AT_WORK };
    await eventually('four are at work', async () => {
      const { processing, pending } = await service.statuses();
      return processing === expected.processing && pending === expected.pending;
    });
    return { service, answers };
  }

  function query<Row>(sql: string): Row[] {
    const database = new Sqlite(folder.databasePath, { readonly: true });
    try {
      return database.prepare(sql).all() as Row[];
    } finally {
      database.close();
    }
  }

  async function completeAll() {
    folder.open();
    const service = await folder.start();
    await eventually(
      'all are completed',
      async () => (await service.statuses())['completed'] === SYMBOLS.length,
    );
    return service;
  }

  it('completes after SIGKILL and restart what was pending or at work, each exactly once, and answers repeats as before', async () => {
    const { service: killed, answers } = await busy();
    expect(await killed.end('SIGKILL')).toBeNull();
    const restarted = await completeAll();
    for (const [symbol, answer] of answers) {
      const { text, headers } = await restarted.submit(symbol, keyOf(symbol));
      expect([text, headers.get('idempotency-replayed')]).toEqual([answer, 'true']);
    }
    expect(await restarted.end('SIGTERM')).toBe(0);
    const steps = query<{ topic: string; types: string }>(
      `SELECT topic, group_concat(type, ' ') AS types FROM (SELECT * FROM events ORDER BY id) GROUP BY topic`,
    ).map(({ types }) => types);
    expect(steps.sort()).toEqual([
      ...Array<string>(SYMBOLS.length - AT_WORK).fill('pending processing completed'),
      ...Array<string>(AT_WORK).fill('pending processing processing completed'),
    ]);
    expect(
      query(
        'SELECT status, attempts, count(*) AS jobs FROM jobs GROUP BY status, attempts ORDER BY attempts',
      ),
    ).toEqual([
      { status: 'completed', attempts: 1, jobs: SYMBOLS.length - AT_WORK },
      { status: 'completed', attempts: 2, jobs: AT_WORK },
    ]);
    expect(folder.results().map(({ status }) => status)).toEqual(SYMBOLS.map(() => 'completed'));
    expect(new Set(folder.results().map(({ id }) => id)).size).toBe(SYMBOLS.length);
  });

  it('has every result in its file once, however often it is killed', async () => {
    folder.open();
    const submitted: number[] = [];
    for (let kill = 0; kill < KILLS; kill += 1) {
      const service = await folder.start();
      const answers = await Promise.all(SYMBOLS.map((symbol) => service.submit(symbol)));
      submitted.push(...answers.map(({ body }) => body.id as number));
      // in the midst of the results, each time somewhere else
      const enough = submitted.length - SYMBOLS.length + kill;
      await eventually('some are written', () => folder.results().length >= enough);
      await service.end('SIGKILL');
    }
    const service = await folder.start();
    await eventually('all are written', () => folder.results().length >= submitted.length);
    expect(await service.end('SIGTERM')).toBe(0);
    const written = folder.results().map(({ id }) => id);
    expect(written.toSorted((one, other) => one - other)).toEqual(
      submitted.toSorted((one, other) => one - other),
    );
  });

  it('loses nothing by Ctrl-C, and counts no attempt for it', async () => {
    const { service: interrupted } = await busy();
    expect(await interrupted.end('SIGINT')).toBe(0);
    expect(query('SELECT DISTINCT status, attempts FROM jobs')).toEqual([{ status: 'queued', attempts: 0 }]);
    const restarted = await completeAll();
    expect(await restarted.end('SIGINT')).toBe(0);
    expect(query('SELECT DISTINCT status, attempts FROM jobs')).toEqual([
      { status: 'completed', attempts: 1 },
    ]);
    expect(folder.results().map(({ result }) => result.explanation?.attempt)).toEqual(SYMBOLS.map(() => 1));
  });
});
