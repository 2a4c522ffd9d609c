/** A private PostgreSQL server that keeps what it commits, from the binaries that the tests use. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { Client } from 'pg';

export interface PostgresServer {
  /** Makes an empty database, unless there is one of this name; returns its address. */
  create(name: string): Promise<string>;
  stop(): Promise<void>;
}

/**
 * @param folder where its data stays; absent: nowhere
 * @param more flags of the keeper
 * @throws Error in the server's own words when it does not start
 */
export async function servePostgres(folder?: string, ...more: readonly string[]): Promise<PostgresServer> {
  const flags = ['--durable', ...more, ...(folder === undefined ? [] : ['--keeps', resolve(folder)])];
  const keeper = spawn(process.execPath, [resolve('test/resources/postgres-keeper.js'), ...flags], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(keeper, 'exit');
  const [line] = (await once(createInterface(keeper.stdout), 'line')) as [string];
  const { url, error } = JSON.parse(line) as { readonly url?: string; readonly error?: string };
  if (url === undefined) throw new Error(error);
  return {
    create: async (name) => {
      const client = new Client({ connectionString: url });
      await client.connect();
      const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
      if (rowCount === 0) await client.query(`CREATE DATABASE ${name}`);
      await client.end();
      const made = new URL(url);
      made.pathname = `/${name}`;
      return made.href;
    },
    stop: async () => {
      keeper.stdin.end();
      await exited;
    },
  };
}
