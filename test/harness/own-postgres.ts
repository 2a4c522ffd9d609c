import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { resolve } from 'node:path';
import { Client } from 'pg';

/** A PostgreSQL server of one spec file, which may be stopped and started again: on the same port, with the same rows. */
export class OwnPostgres {
  private constructor(
    private readonly keeper: ChildProcessWithoutNullStreams,
    private readonly answers: AsyncIterator<string>,
    /** Of the maintenance database. */
    public url: string,
  ) {}

  /**
   * @param options `isDurable` for a server that keeps every commit whatever becomes of its processes; `env` for the
   * environment of its processes, `TMPDIR` decides where its data are; `follows` for a replica of the server with this address;
   * `restores` for a base copy with the log of its server (`pg_wal`) up to a moment: it has that server's passwords
   * @throws Error in the server's own words when it does not start
   */
  static async launch({
    isDurable = false,
    env = {},
    follows = '',
    restores = [],
  }: {
    readonly isDurable?: boolean;
    readonly env?: NodeJS.ProcessEnv;
    readonly follows?: string;
    readonly restores?: readonly [] | readonly [copy: string, log: string, moment: string];
  } = {}): Promise<OwnPostgres> {
    const flags = [
      ...(isDurable ? ['--durable'] : []),
      ...(follows === '' ? [] : ['--follows', follows]),
      ...(restores.length === 0 ? [] : ['--restores', ...restores]),
    ];
    const keeper = spawn(process.execPath, [resolve('test/resources/postgres-keeper.js'), ...flags], {
      env: { ...process.env, ...env },
    });
    keeper.stderr.pipe(process.stderr);
    const answers = createInterface(keeper.stdout)[Symbol.asyncIterator]();
    const first = await answers.next();
    const { url, error } = JSON.parse(String(first.value)) as { url?: string; error?: string };
    if (url === undefined) throw new Error(error);
    return new OwnPostgres(keeper, answers, url);
  }

  /** Makes an empty database; returns its address. */
  async create(name: string): Promise<string> {
    await this.query(`CREATE DATABASE ${name}`);
    const made = new URL(this.url);
    made.pathname = `/${name}`;
    return made.href;
  }

  /** Runs one statement, in the maintenance database or the one with this address. */
  async query<Row extends object>(sql: string, url = this.url): Promise<Row[]> {
    const client = new Client({ connectionString: url });
    await client.connect();
    try {
      return (await client.query<Row>(sql)).rows;
    } finally {
      await client.end();
    }
  }

  /** Ends it at once, with every connection; from then on connections are refused. */
  stop(): Promise<void> {
    return this.#order('stop');
  }

  /** Kills all of its processes at once; it recovers from its log when it is started again. */
  kill(): Promise<void> {
    return this.#order('kill');
  }

  /** Kills it, and starts it on another port with the same rows, as when another machine takes over. */
  async move(port: number): Promise<void> {
    await this.#order(`move ${port}`);
    const moved = new URL(this.url);
    moved.port = String(port);
    this.url = moved.href;
  }

  /** A base copy in this new folder, taken while it serves. */
  copyTo(folder: string): Promise<void> {
    return this.#order(`copy ${folder}`);
  }

  start(): Promise<void> {
    return this.#order('start');
  }

  /** Lets every process of it stand still, as on a machine that hangs: connections stay, nothing answers. */
  pause(): Promise<void> {
    return this.#order('pause');
  }

  /** Lets it go on after {@link pause}. */
  resume(): Promise<void> {
    return this.#order('resume');
  }

  /** Ends every connection but this question's own; the server goes on. */
  async endConnections(): Promise<void> {
    await this.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()');
  }

  /** Ends the server and removes its data. */
  async close(): Promise<void> {
    const exited = once(this.keeper, 'exit');
    this.keeper.stdin.end();
    await exited;
  }

  async #order(order: string): Promise<void> {
    this.keeper.stdin.write(`${order}\n`);
    const { value } = await this.answers.next();
    if (value !== order) throw new Error(`PostgreSQL was to ${order}: ${value}`);
  }
}
