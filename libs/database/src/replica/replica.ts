import { OutageError } from '#libs/kernel';
import { LRUCache } from 'lru-cache';
import { Availability } from '../availability.js';
import { type DatabaseLocation, type SchemaOptions, writerOptions } from '../data-source-options.js';
import type { GuardedDataSource } from '../guarded-data-source.js';
import { DatabaseOpenError } from '../open-error.js';
import { DATABASE_TIMEOUTS } from '../timeouts.js';
import type { DatabaseScope } from '../transaction.js';
import { asUnavailable } from '../unavailable.js';
import { ReplicaSource } from './replica-source.js';

/** Hears whether reads go to the replica. */
export interface ReplicaListener {
  readonly left: (error: unknown) => void;
  readonly joined: () => void;
}

export interface ReplicaOptions {
  readonly location: DatabaseLocation & { readonly kind: 'postgres' };
  /** A replica that is further behind than this is not read, in milliseconds. */
  readonly maxBehindMs: number;
  readonly listener: ReplicaListener;
}

export interface ReplicaFigures {
  /** How far it was behind when it was last asked, in milliseconds; null while it is not known. */
  readonly behindMs: number | null;
  /** Reads that went there. */
  readonly reads: number;
  /** Reads that could have, but found it away or too far behind. */
  readonly passed: number;
}

/** Nobody who read for so long: then it is not asked either. */
const IDLE_MS = 10_000;
/** Accounts whose last write is remembered. */
const MAX_WRITERS = 100_000;
/** Further than every replica. */
const BEYOND = 1n << 64n;

const POSITION = `SELECT (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()
  ELSE pg_current_wal_insert_lsn() END)::text AS position`;
const IDENTITY =
  'SELECT system_identifier::text AS system, current_database() AS name FROM pg_control_system()';
const HEX_PAIR = /^([0-9A-F]{1,8})\/([0-9A-F]{1,8})$/i;

/** Where the primary's log stood at a moment, on the monotonic clock. */
interface Sample {
  readonly position: bigint;
  readonly atMs: number;
}

/**
 * A server that follows the primary of PostgreSQL. Lists, statistics and searches of requests are read there, when it has what
 * their caller has written: the position of the log behind each write is remembered here, and told to the client, who may
 * send it to another process. In every other case they are read from the primary, so that a replica may go at any time.
 */
export class Replica {
  readonly #source: ReplicaSource;
  readonly #written = new LRUCache<number, bigint>({ max: MAX_WRITERS });
  #samples: readonly Sample[] = [];
  /** The newest moment of the primary that the replica has seen. */
  #upToMs = -Infinity;
  #position = -1n;
  /** Null until the first look has ended. */
  #isJoined: boolean | null = null;
  #isStranger = false;
  #isLooking = false;
  #wantedMs = -Infinity;
  #reads = 0;
  #passed = 0;
  #timer: NodeJS.Timeout | undefined;

  private constructor(
    private readonly primary: GuardedDataSource,
    private readonly options: ReplicaOptions,
    schema: SchemaOptions,
    driver: (availability: Availability) => object,
  ) {
    const availability = new Availability(null);
    this.#source = new ReplicaSource(
      writerOptions(options.location, schema, driver(availability)),
      availability,
      (error, statement) => this.#runOnPrimary(error, statement),
    );
  }

  /**
   * A replica that cannot be reached is waited for, and nothing is read there meanwhile.
   * @param driver pg, or what stands in for it, with what watches over the connections to the replica
   * @throws DatabaseOpenError `replica_of_another` when it follows another server or is another database
   */
  static async open(
    primary: GuardedDataSource,
    options: ReplicaOptions,
    schema: SchemaOptions,
    driver: (availability: Availability) => object,
  ): Promise<Replica> {
    const replica = new Replica(primary, options, schema, driver);
    await replica.#look();
    if (replica.#isStranger) {
      await replica.close();
      throw new DatabaseOpenError(
        'replica_of_another',
        'database_read_url does not lead to a replica of database_url: the servers, or the databases, differ',
      );
    }
    replica.#timer = setInterval(() => {
      if (performance.now() - replica.#wantedMs < IDLE_MS) void replica.#look();
    }, DATABASE_TIMEOUTS.replicaLookMs).unref();
    return replica;
  }

  get figures(): ReplicaFigures {
    const behindMs = performance.now() - this.#upToMs;
    return {
      behindMs: Number.isFinite(behindMs) ? behindMs : null,
      reads: this.#reads,
      passed: this.#passed,
    };
  }

  /** @param need position that it must have reached; null when the replica cannot be read now */
  scope(need: bigint): DatabaseScope | null {
    const now = performance.now();
    if (now - this.#wantedMs >= IDLE_MS) void this.#look();
    this.#wantedMs = now;
    if (this.#isJoined === true && this.#position >= need && now - this.#upToMs <= this.options.maxBehindMs) {
      this.#reads += 1;
      return { manager: this.#source.manager };
    }
    this.#passed += 1;
    return null;
  }

  /**
   * Remembers that this account has written, and asks for the position that is behind it.
   * @returns the position as the client may send it to another process; null when the primary did not answer
   */
  async wrote(userId: number): Promise<string | null> {
    this.#written.set(userId, BEYOND);
    try {
      const [row] = (await this.primary.query(POSITION)) as { position: string }[];
      const position = row?.position ?? null;
      this.#written.set(userId, positionOf(position));
      return position;
    } catch (error) {
      if (asUnavailable(error) instanceof OutageError) return null; // it reads from the primary until it writes again
      throw error;
    }
  }

  /** @param given a position that the client sent; one that cannot be read is further than every replica */
  needOf(userId: number | undefined, given: string | undefined): bigint {
    const own = (userId === undefined ? undefined : this.#written.get(userId)) ?? 0n;
    const sent = given === undefined ? 0n : positionOf(given);
    return own > sent ? own : sent;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#isStranger = true; // a look that is under way joins no more
    if (this.#source.isInitialized) await this.#source.destroy();
  }

  async #look(): Promise<void> {
    if (this.#isLooking || this.#isStranger) return;
    this.#isLooking = true;
    try {
      const atMs = performance.now();
      const [there] = (await this.primary.query(POSITION)) as { position: string }[];
      const sample = { position: positionOf(there?.position ?? null), atMs };
      await this.#compare([...this.#samples, sample]);
    } catch (error) {
      // of an outage of the primary the watch over the database tells
      if (!(asUnavailable(error) instanceof OutageError)) this.#leave(error);
    } finally {
      this.#isLooking = false;
    }
  }

  /** Asks the replica how far it is, and forgets the moments that are behind it or too long ago to matter. */
  async #compare(samples: readonly Sample[]): Promise<void> {
    try {
      if (!(await this.#isOurs())) return;
      const [here] = await this.#source.ask<{ position: string | null }>(POSITION);
      this.#position = positionOf(here?.position ?? null, 0n);
      const seen = samples.filter(({ position }) => position <= this.#position);
      this.#upToMs = Math.max(this.#upToMs, ...seen.map(({ atMs }) => atMs));
      const oldestMs = Math.max(this.#upToMs, performance.now() - this.options.maxBehindMs);
      this.#samples = samples.filter(({ atMs }) => atMs > oldestMs);
      if (this.#isJoined !== true) this.options.listener.joined();
      this.#isJoined = true;
    } catch (error) {
      this.#leave(error);
    }
  }

  async #isOurs(): Promise<boolean> {
    if (this.#source.isInitialized) return true;
    await this.#source.initialize();
    const [here] = await this.#source.ask<{ system: string; name: string }>(IDENTITY);
    const [there] = (await this.primary.query(IDENTITY)) as { system: string; name: string }[];
    this.#isStranger = here?.system !== there?.system || here?.name !== there?.name;
    if (this.#isStranger) this.#leave(new Error('it follows another server, or is another database'));
    return !this.#isStranger;
  }

  #leave(error: unknown): void {
    if (this.#isJoined !== false) this.options.listener.left(error);
    this.#isJoined = false;
    this.#position = -1n;
    this.#upToMs = -Infinity;
    this.#samples = [];
  }

  /** Replicas also cancel statements that stand in the way of what they replay, and lack tables that were just made. */
  async #runOnPrimary(error: unknown, statement: readonly unknown[]): Promise<unknown> {
    if (asUnavailable(error) instanceof OutageError) this.#leave(error);
    this.#passed += 1;
    const runner = this.primary.createQueryRunner();
    try {
      const query = runner.query as (...asked: unknown[]) => Promise<unknown>;
      return await Reflect.apply(query, runner, statement);
    } finally {
      await runner.release();
    }
  }
}

/** @param none for a server that has none yet */
function positionOf(text: string | null, none = BEYOND): bigint {
  const [, high, low] = HEX_PAIR.exec(text ?? '') ?? [];
  if (high === undefined || low === undefined) return none;
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
}
