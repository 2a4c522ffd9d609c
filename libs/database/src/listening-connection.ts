import type { Client } from 'pg';
import { Clock, delay, within } from '#libs/kernel';
import type { Database } from './database.js';
import { POSTGRES_SESSION } from './data-source-options.js';
import { DatabaseClock, type TimeSample } from './database-clock.js';
import { runSql } from './statements.js';
import { DATABASE_TIMEOUTS } from './timeouts.js';
import type { Transaction } from './transaction.js';

/** What other processes are told of; PostgreSQL shares names of channels with every program on a database. */
export type Channel = 'prediction_provider_settings';

/** Tells all processes on one PostgreSQL that something has changed. With SQLite there is one process, which knows. */
export abstract class Notifications {
  /** Calls `listener` after each commit that told of the channel, and whenever one may have been missed. */
  abstract on(channel: Channel, listener: () => void): void;
  /** Tells of the channel when the transaction commits. */
  abstract tell(tx: Transaction, channel: Channel): Promise<void>;
}

/** SQLite's: nobody else is there. */
export const NO_NOTIFICATIONS: Notifications = { on: () => undefined, tell: async () => undefined };

const TIME = 'SELECT (extract(epoch from clock_timestamp()) * 1000)::float8 AS ms';

/**
 * One connection of PostgreSQL that only listens. Every few seconds it asks for the time, which keeps the process's
 * {@link DatabaseClock} right and shows that it would still hear something; otherwise another one is made.
 */
export class ListeningConnection implements Notifications {
  readonly #listeners = new Map<Channel, (() => void)[]>();
  readonly #stopping = new AbortController();
  #client: Client | null = null;
  #life: Promise<void> = Promise.resolve();

  private constructor(
    private readonly database: Database,
    private readonly host: Clock,
    readonly clock: DatabaseClock,
  ) {}

  /** @throws what the database answers when the time cannot be read */
  static async open(database: Database, host: Clock): Promise<ListeningConnection> {
    const ask = async (): Promise<number> => {
      const [row] = await runSql<{ ms: number }>(database.read, TIME);
      return Number(row?.ms);
    };
    const opened = new ListeningConnection(database, host, new DatabaseClock(host, await sampled(host, ask)));
    opened.#life = opened.#live();
    return opened;
  }

  on(channel: Channel, listener: () => void): void {
    const known = this.#listeners.get(channel);
    this.#listeners.set(channel, [...(known ?? []), listener]);
    if (known === undefined) this.#client?.query(`LISTEN ${channel}`).catch(() => undefined); // the next question tells
  }

  async tell(tx: Transaction, channel: Channel): Promise<void> {
    await runSql(tx, 'SELECT pg_notify(?, ?)', [channel, '']);
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    this.#client?.end().catch(() => undefined);
    await this.#life;
  }

  async #live(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        await this.#listen();
      } catch (error) {
        if (!signal.aborted) this.database.availability.met(error);
      }
      await delay(this.host, DATABASE_TIMEOUTS.probeEveryMs, signal);
    }
  }

  /** Makes a connection and keeps it until it, or the server, is found dead. */
  async #listen(): Promise<void> {
    const { location } = this.database;
    if (location.kind !== 'postgres') return;
    const { watchedClient } = await import('./postgres-pool.js');
    const { client, cutOff } = watchedClient({
      ...POSTGRES_SESSION,
      connectionString: location.url,
      application_name: 'prediction-provider listens',
      connectionTimeoutMillis: DATABASE_TIMEOUTS.connectMs,
    });
    client.on('error', () => undefined); // the next question tells
    client.on('notification', ({ channel }) => this.#heard(channel as Channel));
    try {
      await client.connect();
      this.#client = client;
      for (const channel of this.#listeners.keys()) await client.query(`LISTEN ${channel}`);
      for (const channel of this.#listeners.keys()) this.#heard(channel); // while nobody listened
      await this.#keepAsking(client);
    } finally {
      this.#client = null;
      cutOff();
    }
  }

  async #keepAsking(client: Client): Promise<void> {
    const { signal } = this.#stopping;
    const { silenceMs, listenCheckMs } = DATABASE_TIMEOUTS;
    const late = () => new Error('timeout expired: the server is silent');
    const ask = async (): Promise<number> => {
      const { rows } = await client.query<{ ms: number }>(TIME);
      return Number(rows[0]?.ms);
    };
    while (!signal.aborted) {
      this.clock.take(await within(this.host, silenceMs, sampled(this.host, ask), late));
      await delay(this.host, listenCheckMs, signal);
    }
  }

  #heard(channel: Channel): void {
    for (const listener of this.#listeners.get(channel) ?? []) listener();
  }
}

async function sampled(host: Clock, ask: () => Promise<number>): Promise<TimeSample> {
  const sentMs = host.monotonic();
  const databaseMs = await ask();
  return { databaseMs, sentMs, answeredMs: host.monotonic() };
}
