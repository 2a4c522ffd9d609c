import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '#libs/testing';
import { ADMIN_KEY, startTestApp, type TestApp } from '../harness/app.js';
import { OwnPostgres } from '../harness/own-postgres.js';

jest.setTimeout(60_000);

const POSITION = 'x-database-position';
const USERS = '/api/v1/admin/users';

/** The same database on another server. */
const on = (server: OwnPostgres, address: string): string => {
  const url = new URL(server.url);
  url.pathname = new URL(address).pathname;
  return url.href;
};

describe('a service with a replica', () => {
  let [primary, replica]: OwnPostgres[] = [];
  let url = '';
  let apps: TestApp[] = [];

  beforeAll(async () => {
    primary = await OwnPostgres.launch();
    url = await primary.create('service');
    replica = await OwnPostgres.launch({ follows: primary.url });
    apps = [await start(), await start()];
  });
  afterAll(async () => {
    await Promise.all(apps.map((app) => app.close()));
    await Promise.all([replica?.close(), primary?.close()]);
  });

  async function start(settings: object = {}): Promise<TestApp> {
    const config = {
      database_url: url,
      database_read_url: on(replica as OwnPostgres, url),
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

  it('reads lists there, and what a caller wrote where it is', async () => {
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
});
