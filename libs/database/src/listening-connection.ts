import type { Client } from 'pg';
import { Clock, delay, within } from '#libs/kernel';
import type { Database } from './database.js';
import { POSTGRES_SESSION } from './data-source-options.js';
import { DatabaseClock, type TimeSample } from './database-clock.js';
import { runSql } from './statements.js';
import { DATABASE_TIMEOUTS } from './timeouts.js';
import type { Transaction } from './transaction.js';

/** What other processes are told of; PostgreSQL shares names of channels with every program on a database. */
export type Channel = 'prediction_provider_settings' | 'prediction_provider_steps';

/** Hears what was told: a text, or nothing where one may have been missed. */
type Hearing = (text: string) => void;

/** Tells all processes on one PostgreSQL that something has changed. With SQLite there is one process, which knows. */
export abstract class Notifications {
  /** Calls `listener` after each commit that told of the channel, and whenever one may have been missed. */
  abstract on(channel: Channel, listener: Hearing): void;
  /** Tells of the channel when the transaction commits. */
  abstract tell(tx: Transaction, channel: Channel): Promise<void>;
  /**
   * Tells other processes a text in some milliseconds, together with others. It may be lost with this process, so whoever
   * waits for it also looks now and then. Unlike {@link tell} it makes no commit wait: one that notifies holds a lock of the
   * whole server until it is durable.
   */
  abstract spread(channel: Channel, text: string): void;
}

/** SQLite's: nobody else is there. */
export const NO_NOTIFICATIONS: Notifications = {
  on: () => undefined,
  tell: async () => undefined,
  spread: () => undefined,
};

/** How long a text waits for others to go with. */
const SPREAD_MS = 2;
/** PostgreSQL's limit is 8,000 bytes; texts are ASCII. */
const MOST_SPREAD = 7_900;
/** While there is no connection; what comes then is found by looking. */
const MOST_WAITING = 10_000;

const TIME = 'SELECT (extract(epoch from clock_timestamp()) * 1000)::float8 AS ms';

/**
 * One connection of PostgreSQL that only listens. Every few seconds it asks for the time, which keeps the process's
 * {@link DatabaseClock} right and shows that it would still hear something; otherwise another one is made.
 */
export class ListeningConnection implements Notifications {
  readonly #listeners = new Map<Channel, Hearing[]>();
  #waiting: { readonly channel: Channel; readonly text: string }[] = [];
  #isSpreading = false;
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

  on(channel: Channel, listener: Hearing): void {
    const known = this.#listeners.get(channel);
    this.#listeners.set(channel, [...(known ?? []), listener]);
    if (known === undefined) this.#client?.query(`LISTEN ${channel}`).catch(() => undefined); // the next question tells
  }

  async tell(tx: Transaction, channel: Channel): Promise<void> {
    await runSql(tx, 'SELECT pg_notify(?, ?)', [channel, '']);
  }

  spread(channel: Channel, text: string): void {
    if (this.#waiting.length < MOST_WAITING) this.#waiting.push({ channel, text });
    if (this.#isSpreading) return;
    this.#isSpreading = true;
    this.host.after(SPREAD_MS, () => void this.#spreadAll());
  }

  /** One notification for as many texts of a channel as it holds. */
  async #spreadAll(): Promise<void> {
    try {
      while (this.#client !== null && this.#waiting.length > 0) {
        const channel = this.#waiting[0]?.channel;
        let bytes = 0;
        const fits = ({ channel: own, text }: { channel: Channel; text: string }): boolean =>
          own === channel && (bytes += text.length + 1) <= MOST_SPREAD;
        const end = this.#waiting.findIndex((one) => !fits(one));
        const sent = this.#waiting.splice(0, end === -1 ? this.#waiting.length : Math.max(1, end));
        await this.#client.query({
          name: 'spread',
          text: 'SELECT pg_notify($1, $2)',
          values: [channel, sent.map(({ text }) => text).join('\n')],
        });
      }
    } catch {
      // the next question tells that the connection is gone
    } finally {
      this.#waiting = [];
      this.#isSpreading = false;
    }
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
    const lost = new AbortController();
    client.on('error', () => undefined); // its end tells
    client.once('end', () => lost.abort());
    client.on('notification', ({ channel, payload, processId }) => {
      // what this process spreads it knows
      if (processId === (client as unknown as { processID: number }).processID) return;
      for (const text of (payload ?? '').split('\n')) this.#heard(channel as Channel, text);
    });
    try {
      await client.connect();
      await client.query('SET synchronous_commit = off'); // it writes nothing but notifications
      this.#client = client;
      for (const channel of this.#listeners.keys()) await client.query(`LISTEN ${channel}`);
      for (const channel of this.#listeners.keys()) this.#heard(channel, ''); // while nobody listened
      await this.#keepAsking(client, lost.signal);
    } finally {
      this.#client = null;
      cutOff();
    }
  }

  /** @param lost aborts when the connection has ended: then the next question is not waited for */
  async #keepAsking(client: Client, lost: AbortSignal): Promise<void> {
    const { signal } = this.#stopping;
    const wakes = AbortSignal.any([signal, lost]);
    const { silenceMs, listenCheckMs } = DATABASE_TIMEOUTS;
    const late = () => new Error('timeout expired: the server is silent');
    const ask = async (): Promise<number> => {
      const { rows } = await client.query<{ ms: number }>(TIME);
      return Number(rows[0]?.ms);
    };
    while (!signal.aborted) {
      this.clock.take(await within(this.host, silenceMs, sampled(this.host, ask), late));
      await delay(this.host, listenCheckMs, wakes);
    }
  }

  #heard(channel: Channel, text: string): void {
    for (const listener of this.#listeners.get(channel) ?? []) listener(text);
  }
}

async function sampled(host: Clock, ask: () => Promise<number>): Promise<TimeSample> {
  const sentMs = host.monotonic();
  const databaseMs = await ask();
  return { databaseMs, sentMs, answeredMs: host.monotonic() };
}
