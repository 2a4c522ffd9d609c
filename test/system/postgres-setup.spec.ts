import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { build } from 'esbuild';
import { Database } from '#libs/database';
import { eventually } from '#libs/testing';
import { ADMIN_KEY, startTestApp, type TestApp } from '../harness/app.js';
import { OwnPostgres } from '../harness/own-postgres.js';
import { Accounts } from '../security/accounts.js';
import * as product from '../../src/app/schema.js';

jest.setTimeout(60_000);

const POSITION = 'x-database-position';
const USERS = '/api/v1/admin/users';

const PASSWORD = 'password-of-the-roles';
const run = promisify(execFile);
const hasPython = spawnSync('python3', ['--version']).status === 0;

/** The database `service` as one of the two roles sees it. */
const as = (role: 'owner' | 'service', server: OwnPostgres): string => {
  const url = new URL(server.url);
  url.pathname = 'service';
  [url.username, url.password] = [`prediction_provider_${role}`, PASSWORD];
  return url.href;
};

/** Where docs/operations.md leads: the roles of ops/postgres/roles.sql, and a replica. */
describe('a service on PostgreSQL, set up for more than one machine', () => {
  let [primary, replica]: OwnPostgres[] = [];
  let apps: TestApp[] = [];

  beforeAll(async () => {
    primary = await OwnPostgres.launch();
    const url = await primary.create('service');
    const roles = readFileSync('ops/postgres/roles.sql', 'utf8');
    await primary.query(roles, url);
    for (const role of ['owner', 'service'])
      await primary.query(`ALTER ROLE prediction_provider_${role} PASSWORD '${PASSWORD}'`);
    await migrateAs(as('owner', primary));
    await primary.query(roles, url); // a second run changes nothing
    replica = await OwnPostgres.launch({ follows: primary.url });
    apps = [await start(), await start()];
  });
  afterAll(async () => {
    await Promise.all(apps.map((app) => app.close()));
    await Promise.all([replica?.close(), primary?.close()]);
  });

  /** Opens the database with the tables of this version, or of one that has more. */
  async function migrateAs(url: string, more: typeof product.migrations = []): Promise<void> {
    const migrations = [...product.migrations, ...more];
    const options = { ...product, migrations, location: { kind: 'postgres', url } as const };
    await (await Database.open(options)).close();
  }

  async function start(settings: object = {}): Promise<TestApp> {
    const config = {
      database_url: as('service', primary as OwnPostgres),
      database_read_url: as('service', replica as OwnPostgres),
      data_source: 'file',
      data_file_path: resolve('examples/data/synthetic_fx_1h_2023.csv'),
      feeder_plugin: 'default_feeder',
      database_read_lag: 600,
      database_pool_size: 2,
      ...settings,
    };
    return startTestApp({ config });
  }

  const admin = { apiKey: ADMIN_KEY };
  const names = async (app: TestApp, headers: Record<string, string> = {}): Promise<string[]> => {
    const { status, body } = await app.get(USERS, { ...admin, headers });
    expect(status).toBe(200);
    return (body as { username: string }[]).map(({ username }) => username);
  };
  const add = async (app: TestApp, username: string): Promise<string> => {
    const user = { username, email: `${username}@example.com`, role: 'client' };
    const { status, headers } = await app.post('/api/v1/admin/users', user, admin);
    expect(status).toBe(201);
    return String(headers.get(POSITION));
  };
  const readsOf = async (app: TestApp, where: string): Promise<number> => {
    const { text } = await app.get('/metrics', admin);
    return Number(new RegExp(`^database_replica_reads\\{where="${where}"\\} (\\d+)`, 'm').exec(text)?.[1]);
  };
  const untilReadThere = (app: TestApp): Promise<void> =>
    eventually('a list is read from the replica', async () => {
      const before = await readsOf(app, 'replica');
      await names(app);
      return (await readsOf(app, 'replica')) > before;
    });
  const replay = (what: 'pause' | 'resume'): Promise<unknown> =>
    (replica as OwnPostgres).query(`SELECT pg_wal_replay_${what}()`);

  it('serves with a role that can change rows, and neither tables nor what guards them', async () => {
    const [here] = apps as [TestApp];
    const { apiKey } = await new Accounts(here).make('client');
    const asked = { apiKey, headers: { Prefer: 'wait=30' } };
    const { body } = await here.post('/api/v1/predictions/', { symbol: 'EURUSD' }, asked);
    expect(body).toMatchObject({ status: 'completed' });
    const url = as('service', primary as OwnPostgres);
    for (const forbidden of [
      'ALTER TABLE api_logs DISABLE TRIGGER ALL',
      'DROP TABLE api_logs',
      'TRUNCATE transactions',
      'CREATE TABLE mine (id int)',
      'ALTER TABLE predictions ADD COLUMN mine int',
      "SET session_replication_role = 'replica'",
      'GRANT prediction_provider_owner TO prediction_provider_service',
    ]) {
      const refused = (primary as OwnPostgres).query(forbidden, url);
      await expect(refused).rejects.toThrow(/permission denied|must be owner|must have/);
    }
  });

  it('reads lists from the replica, and what a caller wrote where it is', async () => {
    const [here, there] = apps as [TestApp, TestApp];
    await untilReadThere(here);
    await untilReadThere(there);
    await replay('pause');
    const position = await add(there, 'written');
    expect(position).toMatch(/^[0-9A-F]+\/[0-9A-F]+$/);
    expect(await names(there)).toContain('written'); // who wrote it
    expect(await names(here)).not.toContain('written'); // from the replica, which stands still
    expect(await names(here, { [POSITION]: position })).toContain('written'); // who was told of it
    expect(await names(here, { [POSITION]: 'unreadable' })).toContain('written');
    await replay('resume');
    await eventually('it has arrived', async () => (await names(here)).includes('written'));
    await untilReadThere(there);
  });

  it.each([...(hasPython ? ['Python'] : []), 'TypeScript'])(
    'tells the client for %s how far it has written, which says so to every process',
    async (language) => {
      const [here, there] = apps as [TestApp, TestApp];
      const [name, folder] = [`by_${language.toLowerCase()}`, mkdtempSync(join(tmpdir(), 'client-'))];
      await untilReadThere(here);
      await replay('pause');
      const balancer = await readsAt(here.url, there.url);
      try {
        expect(await names(here)).not.toContain(name);
        const { port } = balancer.address() as AddressInfo;
        const told = await (language === 'Python' ? inPython : inTypeScript)(folder, port, name);
        expect(told.split(' ')).toContain(name);
        expect(await names(here)).not.toContain(name); // from the replica, which stands still
      } finally {
        await replay('resume');
        balancer.close();
        rmSync(folder, { recursive: true });
      }
    },
  );

  it('reads nothing there that is older than it may be', async () => {
    const strict = await start({ database_read_lag: 0.5 });
    try {
      await untilReadThere(strict);
      await replay('pause');
      await add(apps[0] as TestApp, 'late');
      await eventually('it is read from the primary', async () => (await names(strict)).includes('late'));
    } finally {
      await replay('resume');
      await strict.close();
    }
  });

  it('answers without it when it is gone, says so once, and goes back to it', async () => {
    const [here] = apps as [TestApp];
    const said = (words: string): number => here.logLines.filter(({ msg }) => msg.includes(words)).length;
    await untilReadThere(here);
    await (replica as OwnPostgres).kill();
    for (let asked = 0; asked < 20; asked += 1) expect(await names(here)).toContain('admin');
    expect(said('The replica cannot be read')).toBe(1);
    expect((await here.get('/health/ready')).status).toBe(200);
    await (replica as OwnPostgres).start();
    await untilReadThere(here);
    expect(said('are read from the replica')).toBe(2);
  });

  it('does not start with a server that follows another one', async () => {
    const another = await (primary as OwnPostgres).create('another');
    await expect(start({ database_read_url: another })).rejects.toThrow(
      /database_read_url does not lead to a replica/,
    );
  });

  it('comes back as it was at a moment, from a base copy and the log', async () => {
    const [here] = apps as [TestApp];
    const main = primary as OwnPostgres;
    const copy = join(mkdtempSync(join(tmpdir(), 'base-copy-')), 'data');
    await main.copyTo(copy);
    await add(here, 'before');
    const [moment] = await main.query<{ at: string; log: string }>(
      `SELECT clock_timestamp()::text AS at, current_setting('data_directory') || '/pg_wal' AS log`,
    );
    await add(here, 'after');
    await main.query('SELECT pg_switch_wal()'); // else the last part of the log is still being written
    const restored = await OwnPostgres.launch({
      restores: [copy, String(moment?.log), String(moment?.at)],
    });
    try {
      const app = await start({ database_url: as('service', restored), database_read_url: null });
      const there = await names(app);
      expect(there).toContain('before');
      expect(there).not.toContain('after');
      await app.close();
    } finally {
      await restored.close();
      rmSync(dirname(copy), { recursive: true });
    }
  });

  it('goes on while a newer version makes its tables', async () => {
    const [here] = apps as [TestApp];
    class Newer1900000000000 {
      async up(runner: { query(sql: string): Promise<unknown> }): Promise<void> {
        await runner.query('ALTER TABLE predictions ADD COLUMN of_a_newer_version text');
        await runner.query('CREATE TABLE of_a_newer_version (id bigint PRIMARY KEY)');
      }
      async down(): Promise<void> {}
    }
    const { apiKey } = await new Accounts(here).make('client');
    const asked = { apiKey, headers: { Prefer: 'wait=30' } };
    const statuses: string[] = [];
    const serving = new AbortController();
    const asking = (async () => {
      while (!serving.signal.aborted || statuses.length < 10) {
        const { body } = await here.post('/api/v1/predictions/', { symbol: 'EURUSD' }, asked);
        statuses.push((body as { status: string }).status);
      }
    })();
    await migrateAs(as('owner', primary as OwnPostgres), [Newer1900000000000]);
    serving.abort();
    await asking;
    expect(new Set(statuses)).toEqual(new Set(['completed']));
    // rows of the newer version's table are the serving role's without another GRANT
    const url = as('service', primary as OwnPostgres);
    await (primary as OwnPostgres).query('INSERT INTO of_a_newer_version VALUES (1)', url);
    await expect(migrateAs(as('owner', primary as OwnPostgres))).rejects.toThrow(/newer version/);
  });
});

/** A balancer that sends what reads to one process and what writes to another. */
async function readsAt(reading: string, writing: string): Promise<Server> {
  const server = createServer((asked, answer) => {
    const { method, url = '', headers } = asked;
    const target = `${method === 'GET' ? reading : writing}${url}`;
    asked.pipe(
      request(target, { method, headers }, (given) => {
        answer.writeHead(given.statusCode ?? 502, given.headers);
        given.pipe(answer);
      }),
    );
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return server;
}

/** Adds a user, and lists them all. */
async function inPython(_folder: string, port: number, name: string): Promise<string> {
  const program = `
import sys
from prediction_provider_client import PredictionProvider
url, key, name = sys.argv[1:]
client = PredictionProvider(url, api_key=key)
user = {"username": name, "email": name + "@example.com", "role": "client"}
client.request("POST", "${USERS}", user)
print(*[one["username"] for one in client.request("GET", "${USERS}").json()])
`;
  const env = { ...process.env, PYTHONPATH: resolve('clients/python'), PYTHONDONTWRITEBYTECODE: '1' };
  const { stdout } = await run('python3', ['-c', program, `http://127.0.0.1:${port}`, ADMIN_KEY, name], {
    env,
  });
  return stdout.trim();
}

async function inTypeScript(folder: string, port: number, name: string): Promise<string> {
  const outfile = join(folder, 'client.mjs');
  await build({ entryPoints: ['clients/typescript/src/index.ts'], bundle: true, format: 'esm', outfile });
  const program = `
const { PredictionProvider } = await import(${JSON.stringify(outfile)});
const [url, apiKey, name] = process.argv.slice(1);
const client = new PredictionProvider({ url, apiKey });
await client.request('POST', '${USERS}', { body: { username: name, email: name + '@example.com', role: 'client' } });
console.log(...(await client.request('GET', '${USERS}')).map(({ username }) => username));
`;
  const flags = ['--input-type=module', '--eval', program];
  const { stdout } = await run(process.execPath, [...flags, `http://127.0.0.1:${port}`, ADMIN_KEY, name]);
  return stdout.trim();
}
