import { Client } from 'pg';
import { connect } from 'node:net';

/** What the global setup of the Jest run prepared. */
interface TestResources {
  readonly folder: string;
  readonly brokerPort: number;
}

function resources(): TestResources {
  const given = (globalThis as { testResources?: TestResources }).testResources;
  if (given === undefined) throw new Error('test databases need the global setup of jest.config.js');
  return given;
}

/** A folder that lives as long as the Jest run. */
export const runFolder = (): string => resources().folder;

let serverUrl: Promise<string> | null = null;

/**
 * Connects to the maintenance database of the run's one PostgreSQL server, which the first caller starts.
 * @throws Error with the server's own words when it can't start; a spec is never skipped for that.
 */
export async function withServer<T>(
  work: (client: Client, urlOf: (database: string) => string) => Promise<T>,
): Promise<T> {
  const url = await (serverUrl ??= askBroker());
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client, (database) => {
      const other = new URL(url);
      other.pathname = `/${database}`;
      return other.href;
    });
  } finally {
    await client.end();
  }
}

function askBroker(): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(resources().brokerPort, '127.0.0.1');
    socket.setEncoding('utf8');
    socket.on('data', (chunk) => (text += chunk));
    socket.once('error', reject);
    socket.once('end', () => {
      const answer = JSON.parse(text) as { url?: string; error?: string };
      if (answer.url === undefined) reject(new Error(answer.error));
      else resolve(answer.url);
    });
  });
}
