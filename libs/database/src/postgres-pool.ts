import { Socket } from 'node:net';
import { OutageError } from '#libs/kernel';
import pg, { Client, type ClientConfig, Pool, type PoolClient, type PoolConfig, types } from 'pg';
import type { Availability } from './availability.js';
import { DATABASE_TIMEOUTS } from './timeouts.js';
import { asUnavailable, unreachable } from './unavailable.js';

// Loaded where PostgreSQL is: with SQLite a start needs none of pg, and of what pg looks for in the process.

/** Runs one statement of a connection, in pg's many ways. */
type Query = (...statement: unknown[]) => unknown;

/** A connection that runs one statement after another, and knows how long the server has been silent. */
class WatchedClient extends Client {
  readonly #socket: Socket;
  #last: Promise<unknown> | null = null;
  #asked = 0;
  #askedMs = 0;
  #heardMs = 0;

  constructor(config: ClientConfig) {
    const socket = new Socket();
    super({ ...config, stream: () => socket });
    this.#socket = socket;
    socket.on('data', () => this.heard());
    // pg's declarations have eight of them; what is watched is the same for all
    const query = this.query.bind(this) as Query;
    this.query = ((...statement: unknown[]) =>
      this.#watch(this.#inTurn(query, statement))) as typeof this.query;
  }

  /** Since when a statement waits without a sign of the server, in milliseconds; 0 when none does. */
  get silentMs(): number {
    return this.#asked === 0 ? 0 : performance.now() - Math.max(this.#askedMs, this.#heardMs);
  }

  /** How long the statement has been at work, in milliseconds. */
  get busyMs(): number {
    return this.#asked === 0 ? 0 : performance.now() - this.#askedMs;
  }

  get heardMs(): number {
    return this.#heardMs;
  }

  /** The server was heard of, here or elsewhere. */
  heard(): void {
    this.#heardMs = performance.now();
  }

  /** Ends the connection without a goodbye: its statement fails, and the pool forgets it. */
  cutOff(): void {
    this.#socket.destroy();
  }

  /**
   * A statement that finds another one at work waits for it here: of pg it may not be asked, which warns and will refuse.
   * One with a callback has the connection for itself (`pool.query`).
   */
  #inTurn(query: Query, statement: readonly unknown[]): unknown {
    const run = (): unknown => query(...statement);
    const answer = this.#last === null ? run() : this.#last.then(run, run);
    if (!(answer instanceof Promise)) return answer;
    this.#last = answer;
    const answered = (): void => {
      if (this.#last === answer) this.#last = null;
    };
    answer.then(answered, answered);
    return answer;
  }

  #watch(answer: unknown): unknown {
    if (!(answer instanceof Promise)) return answer;
    if (this.#asked === 0) this.#askedMs = performance.now();
    this.#asked += 1;
    const answered = (): void => {
      this.#asked -= 1;
      this.#askedMs = performance.now();
    };
    answer.then(answered, answered);
    return answer;
  }
}

type Checkout = (error: Error | undefined, client: PoolClient | undefined, done: () => void) => void;

const INT8 = types.builtins.INT8;

/** Integers of 64 bits as numbers, which pg hands over as text; a value that a number cannot hold is an error, never rounded. */
const NUMBERS = {
  getTypeParser: ((oid: number, format?: 'text') =>
    oid === INT8 && format !== ('binary' as string)
      ? exactNumber
      : types.getTypeParser(oid, format)) as typeof types.getTypeParser,
};

function exactNumber(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number)) throw new Error(`${text} is beyond 2^53`);
  return number;
}

/** Longer than the server's own limit for statements: then the answer was lost on its way. */
const LOST_MS = DATABASE_TIMEOUTS.statementMs + 5_000;

/**
 * A pool that notices a server that stands still. TCP keeps the connection to a stopped or unplugged server for many
 * minutes, and a limit for each statement would also end those that rightly take long. So a silent statement only
 * raises the question whether the server lives; when that is not answered either, everything that hangs is cut off, and
 * until the server is back nobody waits for it.
 */
class WatchedPool extends Pool {
  readonly #clients = new Set<WatchedClient>();
  /** Who waits for a connection, with the moment since when. */
  readonly #waiting = new Map<(error: Error) => void, number>();
  #watch: NodeJS.Timeout | undefined;
  #isAsking = false;

  constructor(
    options: PoolConfig,
    private readonly availability: Availability,
    /** Whether the availability asks here if the server lives; one pool of a process is enough for that. */
    isAsked = true,
  ) {
    super({ ...options, types: NUMBERS, Client: WatchedClient as never });
    this.on('connect', (client) => {
      this.#clients.add(client as unknown as WatchedClient);
      // whoever has the connection may not listen, and an error without a listener ends the process
      client.on('error', (error) => void availability.met(error));
    });
    this.on('remove', (client) => this.#clients.delete(client as unknown as WatchedClient));
    this.on('error', (error) => void availability.met(error)); // of a connection that nobody used
    this.once('connect', () => {
      this.#watch = setInterval(() => void this.#look(), DATABASE_TIMEOUTS.probeEveryMs).unref();
    });
    if (isAsked) availability.askWith(() => this.#probe());
  }

  override connect(): Promise<PoolClient>;
  override connect(done: Checkout): void;
  override connect(done?: Checkout): Promise<PoolClient> | void {
    // told apart by our words: graphile-worker waits up to two minutes after some of the codes that pg has for the same
    if (done === undefined) {
      return super.connect().catch((error: unknown) => {
        throw asUnavailable(error);
      });
    }
    const { away } = this.availability;
    if (away !== null) return done(unreachable(away), undefined, () => undefined);
    const giveUp = (error: Error): void => {
      if (this.#waiting.delete(giveUp)) done(error, undefined, () => undefined);
    };
    this.#waiting.set(giveUp, performance.now());
    super.connect((error, client, release) => {
      if (this.#waiting.delete(giveUp)) done(error, client, release);
      else if (client !== undefined) release();
    });
  }

  override end(): Promise<void>;
  override end(done: () => void): void;
  override end(done?: () => void): Promise<void> | void {
    clearInterval(this.#watch);
    return done === undefined ? super.end() : super.end(done);
  }

  /** Asks whether the server lives when a statement, or the wait for a connection, takes long. */
  async #look(): Promise<void> {
    if (this.availability.isWatching) {
      for (const client of this.#clients) if (client.busyMs > LOST_MS) client.cutOff();
    }
    if (this.#isAsking || !this.#isSilent()) return;
    this.#isAsking = true;
    const askedMs = performance.now();
    try {
      await this.#probe();
      for (const client of this.#clients) client.heard();
    } catch (error) {
      const told = asUnavailable(error);
      const isHeard = [...this.#clients].some(({ heardMs }) => heardMs > askedMs);
      // a server that says it has no room for another connection is alive
      if (told instanceof OutageError && told.code === 'database_unavailable' && !isHeard)
        this.#abandon(told);
    } finally {
      this.#isAsking = false;
    }
  }

  #isSilent(): boolean {
    const { silenceMs } = DATABASE_TIMEOUTS;
    const earliest = performance.now() - silenceMs;
    return (
      [...this.#clients].some((client) => client.silentMs >= silenceMs) ||
      [...this.#waiting.values()].some((sinceMs) => sinceMs <= earliest)
    );
  }

  #abandon(reason: OutageError): void {
    this.availability.confirm(reason);
    for (const giveUp of this.#waiting.keys()) giveUp(unreachable(reason));
    for (const client of this.#clients) if (client.busyMs > 0) client.cutOff();
  }

  /** Asks on a connection of its own: those of the pool may all be at work. */
  async #probe(): Promise<void> {
    const { probeMs } = DATABASE_TIMEOUTS;
    const client = new WatchedClient({ ...this.options, connectionTimeoutMillis: probeMs });
    client.on('error', () => undefined); // the question's own answer tells
    const limit = setTimeout(() => client.cutOff(), probeMs).unref();
    try {
      await client.connect();
      await client.query('SELECT 1');
    } finally {
      clearTimeout(limit);
      client.end().catch(() => client.cutOff());
    }
  }
}

/** Connections beside those of the product's pool, to the same server and watched like them, for a library that brings its own statements. */
export const watchedPoolBeside = (options: PoolConfig, availability: Availability): Pool =>
  new WatchedPool(options, availability, false);

/** One connection outside of every pool, and how to end it without a goodbye. */
export function watchedClient(config: ClientConfig): {
  readonly client: Client;
  readonly cutOff: () => void;
} {
  const client = new WatchedClient(config);
  return { client, cutOff: () => client.cutOff() };
}

/** pg as TypeORM uses it, with such pools. */
export function watchedPostgres(availability: Availability): object {
  class OwnPool extends WatchedPool {
    constructor(options: PoolConfig) {
      super(options, availability);
    }
  }
  return Object.assign(Object.create(pg) as object, { Pool: OwnPool });
}
