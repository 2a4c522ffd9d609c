import { createHash } from 'node:crypto';
import { runPrepared, type Database, type PreparedStatement } from '#libs/database';
import { PeriodicService } from '#libs/jobs';
import { type Clock, delay, MINUTE_MS } from '#libs/kernel';
import {
  hitOf,
  type FailureLimit,
  type Outcome,
  type TakenPlace,
  type RateLimitStorage,
  type Taken,
} from './rate-limit-storage.js';

/** Ended counters are removed this often, so many in one statement, so many statements at a time. */
const PRUNE_EVERY_MS = MINUTE_MS / 2;
const PRUNE_BATCH = 1_000;
const PRUNE_BATCHES = 20;
/** An attempt of a process that was killed counts no longer than this; checking a password takes a tenth of a second. */
const ABANDONED_MS = MINUTE_MS;
/** How soon a place that depends on another process's attempt is asked for again. */
const ASK_AGAIN_MS = 20;

/** Epoch ms by the database's clock: the processes' own may differ. */
const NOW = '(EXTRACT(EPOCH FROM statement_timestamp()) * 1000)::bigint';
const newerThan = (column: string, ms: string): string =>
  `ARRAY(SELECT at FROM unnest(${column}) AS at WHERE at > ${NOW} - ${ms} ORDER BY at)`;
const FAILURES = newerThan('c.failures', '$3::bigint');
const PENDING = newerThan('c.pending', String(ABANDONED_MS));

const named = (name: string, text: string): PreparedStatement => ({ name: `limits_${name}`, text });

/** No row comes back when the limit is reached: a refused hit writes nothing. */
const HIT = named(
  'hit',
  `INSERT INTO limit_counters AS c (key, hits, expires_at) VALUES ($1, 1, ${NOW} + $2::bigint)
   ON CONFLICT (key) DO UPDATE SET
     hits = CASE WHEN c.expires_at <= ${NOW} THEN 1 ELSE c.hits + 1 END,
     expires_at = CASE WHEN c.expires_at <= ${NOW} THEN ${NOW} + $2::bigint ELSE c.expires_at END
   WHERE c.expires_at <= ${NOW} OR c.hits < $3::integer
   RETURNING hits, (expires_at - ${NOW})::double precision AS ends_in`,
);
const LOOK = named(
  'look',
  `SELECT hits, (expires_at - ${NOW})::double precision AS ends_in FROM limit_counters WHERE key = $1`,
);
const TAKE = named(
  'take',
  `INSERT INTO limit_counters AS c (key, pending, expires_at)
   VALUES ($1, ARRAY[${NOW}], ${NOW} + $3::bigint + ${ABANDONED_MS})
   ON CONFLICT (key) DO UPDATE SET
     failures = ${FAILURES},
     pending = array_append(${PENDING}, GREATEST(${NOW}, (SELECT MAX(at) + 1 FROM unnest(c.pending) AS at))),
     expires_at = ${NOW} + $3::bigint + ${ABANDONED_MS}
   WHERE cardinality(${FAILURES}) + cardinality(${PENDING}) < $2::integer
   RETURNING c.pending[cardinality(c.pending)]::double precision AS number`,
);
/** When the failure leaves that keeps the limit reached; no row when attempts under way are needed for that. */
const DECIDING = named(
  'deciding',
  `SELECT (at - (${NOW} - $3::bigint))::double precision AS leaves_in
   FROM limit_counters AS c, unnest(c.failures) AS at
   WHERE c.key = $1 AND at > ${NOW} - $3::bigint ORDER BY at DESC OFFSET $2::integer - 1 LIMIT 1`,
);
/** Written even when the counter is gone by now: a failure counts in any case. */
const FAIL = named(
  'fail',
  `INSERT INTO limit_counters AS c (key, failures, expires_at) VALUES ($1, ARRAY[${NOW}], ${NOW} + $3::bigint)
   ON CONFLICT (key) DO UPDATE SET pending = array_remove(c.pending, $2::bigint),
     failures = array_append(${FAILURES}, ${NOW}), expires_at = GREATEST(c.expires_at, ${NOW} + $3::bigint)`,
);
const WITHDRAW = named(
  'withdraw',
  'UPDATE limit_counters SET pending = array_remove(pending, $2::bigint) WHERE key = $1',
);
const SUCCEED = named(
  'succeed',
  `UPDATE limit_counters SET pending = array_remove(pending, $2::bigint), failures = '{}' WHERE key = $1`,
);
const PRUNE = named(
  'prune',
  `DELETE FROM limit_counters WHERE key IN (SELECT key FROM limit_counters WHERE expires_at <= ${NOW}
     ORDER BY expires_at LIMIT ${PRUNE_BATCH} FOR UPDATE SKIP LOCKED) RETURNING key`,
);
const CLEAR = named('clear', 'DELETE FROM limit_counters');

/** Keys hold names and addresses of callers, and have any length. */
const digest = (key: string): string => createHash('sha256').update(key).digest('base64url');

/**
 * Counts in PostgreSQL's unlogged table `limit_counters`, so that all processes share each limit. One statement, which
 * is a transaction by itself, decides and counts; the row's lock puts those of one key in order. Nothing is fetched
 * ahead: while the database is away a limited request is answered with 503. @see docs/decisions/0033
 */
export class SharedRateLimitStorage extends PeriodicService implements RateLimitStorage {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {
    super(clock, { everyMs: PRUNE_EVERY_MS });
  }

  async increment(key: string, ttlMs: number, limit: number) {
    const id = digest(key);
    const [hit] = await runPrepared<WindowRow>(this.database, HIT, [id, ttlMs, limit]);
    if (hit !== undefined) return hitOf(hit.hits, hit.ends_in, false);
    const [full] = await runPrepared<WindowRow>(this.database, LOOK, [id]);
    return hitOf(full?.hits ?? limit, full?.ends_in ?? ttlMs, true);
  }

  async take(limit: FailureLimit): Promise<Taken> {
    const values = [digest(limit.key), limit.limit, limit.windowMs];
    const [taken] = await runPrepared<{ number: number }>(this.database, TAKE, values);
    if (taken !== undefined) return { state: 'taken', place: { ...limit, number: taken.number } };
    const [failure] = await runPrepared<{ leaves_in: number }>(this.database, DECIDING, values);
    return failure === undefined ? { state: 'waiting' } : { state: 'full', leavesInMs: failure.leaves_in };
  }

  async settle({ key, number, windowMs }: TakenPlace, outcome: Outcome): Promise<void> {
    const id = digest(key);
    if (outcome === 'failed') await runPrepared(this.database, FAIL, [id, number, windowMs]);
    else await runPrepared(this.database, outcome === 'succeeded' ? SUCCEED : WITHDRAW, [id, number]);
  }

  changed(): Promise<void> {
    return delay(this.clock, ASK_AGAIN_MS);
  }

  async clear(): Promise<void> {
    await runPrepared(this.database, CLEAR, []);
  }

  /** Removes ended counters; a process that can't keep up leaves the rest to the next turn and to the others. */
  async turn(): Promise<void> {
    for (let batch = 0; batch < PRUNE_BATCHES; batch += 1) {
      const gone = await runPrepared(this.database, PRUNE, []);
      if (gone.length < PRUNE_BATCH) return;
    }
  }
}

interface WindowRow {
  readonly hits: number;
  readonly ends_in: number;
}
