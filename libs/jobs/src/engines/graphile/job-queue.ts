import {
  type Database,
  openSidePool,
  placeholders,
  runSql,
  type Transaction,
  writeSql,
} from '#libs/database';
import { type CancelTimer, delay, systemClock } from '#libs/kernel';
import type { WorkerEvents, WorkerPool } from 'graphile-worker';
import { EventEmitter } from 'node:events';
import type { Pool } from 'pg';
import type { Job } from '../../job-engine.js';
import type { CompleteOptions } from '../engine-options.js';
import { errorLogger, loadGraphileWorker, QUEUE_SCHEMA } from './queue-schema.js';

/** One listens, one takes and ends deliveries: both are short statements, whatever the jobs take. */
export const QUEUE_CONNECTIONS = 2;
/** Behind LISTEN: when its connection is being made again, deliveries are looked for this often. */
const MOST_POLL_MS = 2_000;
/** The oldest waiting jobs that one look compares with their deliveries, so that it costs the same however many wait. */
const LOOK_BATCH = 500;
/** Wait before graphile-worker is started again after it gave up. */
const RESTART_MS = 1_000;
/** How long a stop waits for the last deliveries to be ended; those left are found by nobody's lease. */
const STOP_MS = 5_000;
/** Its own wish to abort tasks is not ours: the engine ends runs. */
const NEVER_MS = 2_000_000_000;

/** The delivery of jobs by graphile-worker: says which job may be claimed, never who has it. */
export class JobQueue {
  #pool: Pool | null = null;
  #workers: WorkerPool | null = null;
  #ended: Promise<unknown> = Promise.resolve();
  #cancelRestart: CancelTimer = () => undefined;
  #stopped = false;

  constructor(
    private readonly database: Database,
    private readonly options: CompleteOptions,
    /** Works on the job of one delivery until it is out of this engine's hands; never rejects. */
    private readonly deliver: (job: Pick<Job, 'id' | 'kind'>) => Promise<void>,
  ) {}

  /**
   * Adds the delivery of a job that is due, in the transaction that makes the job so. @param epoch of the job's last claim:
   * each has a delivery of its own, whatever becomes of the one before. Null for one that is handed on
   */
  add(tx: Transaction, { id, kind }: Pick<Job, 'id' | 'kind'>, epoch: number | null): void {
    writeSql(
      tx,
      `SELECT id FROM ${QUEUE_SCHEMA}.add_job(?, json_build_object('id', ?::text), job_key := ?::text)`,
      [kind, id, epoch === null ? null : `${id}:${epoch}`],
      () => new Error('graphile-worker took no delivery'),
    );
  }

  /**
   * Adds the deliveries that due jobs lack: those of delayed jobs, and those that went with a process. A delivery that
   * somebody took longer ago than `graceMs`, and no claim came of it, is one of them; should it come all the same, one of
   * the two finds nothing to claim.
   */
  async addMissing(tx: Transaction, kinds: readonly string[], nowMs: number, graceMs: number): Promise<void> {
    await runSql(
      tx,
      `SELECT added.id FROM (
         SELECT id, kind, id || ':' || lease_epoch AS key FROM jobs
         WHERE finished_at IS NULL AND status = 'queued' AND run_at <= ?
           AND kind IN (${placeholders(kinds.length)}) ORDER BY run_at LIMIT ${LOOK_BATCH}
       ) AS due
       CROSS JOIN LATERAL ${QUEUE_SCHEMA}.add_job(due.kind, json_build_object('id', due.id), job_key := due.key) AS added
       WHERE NOT EXISTS (
         SELECT 1 FROM ${QUEUE_SCHEMA}.jobs AS known
         WHERE known.key = due.key AND (known.locked_at > now() - ? * interval '1 millisecond'
           OR (known.locked_at IS NULL AND known.run_at <= now() AND known.attempts < known.max_attempts))
       )`,
      [new Date(nowMs).toISOString(), ...kinds, graceMs],
    );
  }

  /** Begins to take deliveries of these kinds. */
  async start(kinds: readonly string[]): Promise<void> {
    const slots = this.options.concurrency();
    if (slots === 0 || kinds.length === 0) return;
    const { sweepMs } = this.options;
    const { makeWorkerUtils, runTaskList } = await loadGraphileWorker();
    const logger = await errorLogger((error) => this.#tell(error));
    const pool = await openSidePool(this.database, QUEUE_CONNECTIONS);
    this.#pool = pool;
    const utils = await makeWorkerUtils({ pgPool: pool, schema: QUEUE_SCHEMA, logger });
    // deliveries that hung with a process and were replaced: graphile-worker sets them aside after four hours
    await utils.cleanup({ tasks: ['DELETE_PERMAFAILED_JOBS'] });
    await utils.release();
    const options = {
      schema: QUEUE_SCHEMA,
      concurrency: slots,
      pollInterval: Math.min(sweepMs, MOST_POLL_MS),
      gracefulShutdownAbortTimeout: NEVER_MS,
      noHandleSignals: true,
      logger,
      preset: { worker: { completeJobBatchDelay: 0 } },
    };
    const taskOf = (kind: string) => (payload: unknown) =>
      this.deliver({ id: (payload as { id: string }).id, kind });
    const tasks = Object.fromEntries(kinds.map((kind) => [kind, taskOf(kind)]));
    this.#take(() => {
      const events: WorkerEvents = new EventEmitter();
      const workers = runTaskList({ ...options, events }, tasks, pool);
      this.#endUnlessLooked(workers, events);
      return workers;
    });
  }

  /** Takes no more; resolves at once. */
  stopTaking(): void {
    this.#stopped = true;
    this.#cancelRestart();
    if (this.#workers !== null) void Promise.resolve(this.#workers.gracefulShutdown()).catch(() => undefined);
  }

  /**
   * After the runs have ended: waits until their deliveries are ended, too, but not long. By the host's clock, because
   * what it waits for is no decision but a network that may hang.
   */
  async close(): Promise<void> {
    const limit = new AbortController();
    const late = delay(systemClock, STOP_MS, limit.signal);
    await Promise.race([this.#ended.then(() => this.#pool?.end()), late]);
    limit.abort();
  }

  #take(begin: () => WorkerPool): void {
    const workers = begin();
    this.#workers = workers;
    this.#ended = workers.promise.then(
      () => this.#takeAgain(begin, undefined),
      (error: unknown) => this.#takeAgain(begin, error),
    );
  }

  /** graphile-worker gives up when it cannot end a delivery in a long outage, for instance. */
  #takeAgain(begin: () => WorkerPool, cause: unknown): void {
    if (this.#stopped) return;
    this.#tell(new Error('graphile-worker begins again', { cause }));
    this.#cancelRestart = this.options.clock.after(RESTART_MS, () => this.#take(begin));
  }

  /**
   * Ends workers whose first look for a delivery fails, so that others begin. graphile-worker asks for the numbers of its
   * tasks in that look, keeps the failed answer for as long as its options live, and would fail in the same way for ever.
   */
  #endUnlessLooked(workers: WorkerPool, events: WorkerEvents): void {
    const looked = (): void => void events.off('worker:getJob:error', failed);
    const failed = ({ error }: { readonly error: unknown }): void => {
      looked();
      this.#tell(error);
      void Promise.resolve(workers.gracefulShutdown()).catch(() => undefined); // its promise tells
    };
    events.on('worker:getJob:error', failed);
    events.once('worker:getJob:empty', looked);
    events.once('job:start', looked);
  }

  /** Of what concerns everybody the watch over the database tells, once. */
  #tell(error: unknown): void {
    const { availability } = this.database;
    availability.met(error);
    if (availability.figures.outage === null) this.options.listener.failed('deliver jobs', error);
  }
}
