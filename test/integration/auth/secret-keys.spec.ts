import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ConfigError } from '#libs/config';
import { hiddenColumnsOf, renewHiddenTexts, runSql, TransactionRunner } from '#libs/database';
import { nameOfSecret, type SecretKeys, TextCipher } from '#libs/kernel';
import { eventually, tinyPlugins } from '#libs/testing';
import { ADMIN_KEY, startTestApp, type TestApp } from '../../harness/app.js';
import { DATABASE_KINDS, TestDatabase } from '../../harness/databases.js';

const [FIRST, SECOND] = ['first-Q8Zr1vN4xT7bK0mC3dF6gH9jL2pS5wYa', 'second-X5b1pQ8wZ0kTn2Yc7LrVhM4sJdGfE9aU'];
/** More than two batches of texts. */
const REPLIES = 450;

describe.each(DATABASE_KINDS)('a change of the secret key [%s]:', (kind) => {
  let base: TestDatabase;
  let app: TestApp | null = null;
  let token: string;
  let webhookSecret: string;
  let clientKey: string;
  const url = () => (base.location.kind === 'sqlite' ? `sqlite:///${base.location.path}` : base.location.url);
  const start = async (
    secret_key: string,
    previous_secret_keys: readonly string[] = [],
  ): Promise<TestApp> => {
    const config = { database_url: url(), swagger: false, secret_key, previous_secret_keys };
    return (app = await startTestApp({ plugins: tinyPlugins, config }));
  };
  const stop = async (): Promise<void> => {
    await app?.close();
    app = null;
  };
  const there = (): TestApp => {
    if (app === null) throw new Error('no application runs');
    return app;
  };
  const make = () =>
    there().post(
      '/api/v1/admin/users',
      { username: 'ann', email: 'ann@example.com', password: 'correct horse battery', role: 'client' },
      { apiKey: ADMIN_KEY, headers: { 'Idempotency-Key': 'one-account' } },
    );
  const logIn = async (): Promise<string> => {
    const { body } = await there().post('/api/v1/auth/login', {
      username: 'ann',
      password: 'correct horse battery',
    });
    return body.access_token as string;
  };
  const profile = async (bearer: string) => (await there().get('/api/v1/users/profile', { bearer })).status;
  const columns = () => hiddenColumnsOf(base.database.writer);
  const unreadable = async (...keys: SecretKeys) => {
    const counts: Record<string, number> = {};
    for (const { table, column, purpose } of columns()) {
      const cipher = new TextCipher(keys, purpose);
      const rows = await base.query<{ text: string }>(
        `SELECT "${column}" AS text FROM ${table} WHERE "${column}" IS NOT NULL`,
      );
      counts[`${table}.${column}`] = rows.filter(({ text }) => cipher.decrypt(text) === null).length;
    }
    return counts;
  };
  const retired = async () => {
    const rows = await base.query<{ name: string; retired_at: string | null }>('SELECT * FROM secret_keys');
    return rows.filter(({ retired_at }) => retired_at !== null).map(({ name }) => name);
  };

  beforeAll(async () => {
    base = await TestDatabase.open(kind);
    await start(FIRST);
    const made = await make();
    clientKey = (made.body as { api_key: string }).api_key;
    for (const hours of [0, 24]) {
      const { body } = await there().post(
        '/api/v1/client/webhooks/secret',
        { overlap_hours: hours },
        { apiKey: clientKey },
      );
      webhookSecret = body.secret as string;
    }
    token = await logIn();
    await stop();
    const cipher = new TextCipher([FIRST], 'idempotent replies');
    const end = '2099-01-01T00:00:00.000Z';
    await base.run(async (tx) => {
      for (let at = 0; at < REPLIES; at += 1)
        await runSql(
          tx,
          `INSERT INTO idempotency_keys (scope, "key", fingerprint, state, holder, lease_expires_at, status, headers, body, created_at, expires_at)
           VALUES (?, ?, 'f', 'completed', 'h', ?, 200, '{}', ?, ?, ?)`,
          [`user:${at % 7}`, `k${at}`, end, cipher.encrypt(`{"n":${at}}`), end, end],
        );
    });
  }, 60_000);
  afterAll(async () => {
    await stop();
    await base?.close();
  });

  it('a start with another key is refused, names both, and changes nothing', async () => {
    const before = await base.query('SELECT * FROM secret_keys');
    const start2 = start(SECOND);
    await expect(start2).rejects.toThrow(ConfigError);
    await expect(start2).rejects.toThrow(
      new RegExp(`secret_key: .*${nameOfSecret(FIRST)}.*${nameOfSecret(SECOND)}.*PREVIOUS_SECRET_KEYS`),
    );
    expect(await base.query('SELECT * FROM secret_keys')).toEqual(before);
  });

  it('so is one on a database of an older version, where no key is noted, as long as nothing can be read', async () => {
    const rows = await base.query<{ name: string }>('SELECT * FROM secret_keys');
    await base.run((tx) => runSql(tx, 'DELETE FROM secret_keys'));
    await expect(start(SECOND)).rejects.toThrow(/nothing that is stored encrypted .* can be read/);
    expect(rows.map(({ name }) => name)).toEqual([nameOfSecret(FIRST)]);
    await start(FIRST);
    await stop();
    expect((await base.query<{ name: string }>('SELECT * FROM secret_keys')).map(({ name }) => name)).toEqual(
      [nameOfSecret(FIRST)],
    );
  });

  it('a walk that is cut off goes on where it stopped, and two at the same time do the same', async () => {
    const cut = new AbortController();
    class CutOff extends TransactionRunner {
      override async run<T>(work: Parameters<TransactionRunner['run']>[0]): Promise<T> {
        const result = (await super.run(work)) as T;
        cut.abort(new Error('killed'));
        return result;
      }
    }
    const keys = [SECOND, FIRST] as const;
    await expect(
      renewHiddenTexts(base.database, new CutOff(base.database), keys, cut.signal),
    ).rejects.toThrow('killed');
    const left = await unreadable(SECOND);
    const sum = Object.values(left).reduce((total, one) => total + one, 0);
    expect(sum).toBeGreaterThan(REPLIES / 2);
    expect(sum).toBeLessThan(REPLIES + 3);
    const [one, other] = await Promise.all([
      renewHiddenTexts(base.database, base.transactions, keys),
      renewHiddenTexts(base.database, base.transactions, keys),
    ]);
    for (const walk of [one, other]) expect(walk.every((column) => column.unreadable === 0)).toBe(true);
    expect(Object.values(await unreadable(SECOND)).every((count) => count === 0)).toBe(true);
    // back again, for the specs that follow
    await renewHiddenTexts(base.database, base.transactions, [FIRST, SECOND]);
  });

  it('with the key of before beside it, tokens, repeats and webhooks go on, and all is encrypted anew', async () => {
    await start(SECOND, [FIRST]);
    expect(await profile(token)).toBe(200);
    expect(await profile(`${token.slice(0, -4)}AAAA`)).toBe(401);
    const repeated = await make();
    expect([repeated.status, (repeated.body as { api_key: string }).api_key]).toEqual([201, clientKey]);
    await eventually('the key of before is retired', async () =>
      (await retired()).includes(nameOfSecret(FIRST)),
    );
    expect(Object.entries(await unreadable(SECOND)).filter(([, count]) => count > 0)).toEqual([]);
    const [row] = await base.query<{ secret: string; previous_secret: string }>(
      'SELECT * FROM webhook_secrets',
    );
    const cipher = new TextCipher([SECOND], 'webhook secrets');
    expect(cipher.decrypt(row?.secret ?? '')).toBe(webhookSecret);
    expect(cipher.decrypt(row?.previous_secret ?? '')).toMatch(/^whsec_/);
    const again = await make();
    expect((again.body as { api_key: string }).api_key).toBe(clientKey);
    expect(there().logLines.map(({ msg }) => msg)).toContainEqual(
      expect.stringMatching(/^idempotency_keys.body: 45\d values were encrypted anew/),
    );
  });

  it('a process that still has the key of before reads all and does not undo it', async () => {
    await stop();
    // as it is while others are being exchanged
    await base.run((tx) => runSql(tx, 'UPDATE secret_keys SET retired_at = NULL'));
    await start(FIRST, [SECOND]);
    expect(await profile(token)).toBe(200);
    token = await logIn();
    const said = () => there().logLines.some(({ msg }) => /another one came into use after it/.test(msg));
    await eventually('it says so', async () => said());
    expect(Object.entries(await unreadable(SECOND)).filter(([, count]) => count > 0)).toEqual([]);
    await stop();
  });

  it('without it, what is new stays valid and what was signed before is not', async () => {
    await start(SECOND, [FIRST]);
    await eventually('all is under it', async () => (await retired()).includes(nameOfSecret(FIRST)));
    const newer = await logIn();
    await stop();
    await start(SECOND);
    expect([await profile(newer), await profile(token)]).toEqual([200, 401]);
    await stop();
  });
});

it('every text that is encrypted stands in a column that a change of the key finds', () => {
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.ts'),
  );
  const source = files.map((path) => readFileSync(`src/${path}`, 'utf8')).join('\n');
  const purposes = [...source.matchAll(/new TextCipher\([^;]*?, ?([\w']+),?\s*\)/g)].map(([, one]) => one);
  expect(purposes.length).toBeGreaterThanOrEqual(2);
  for (const purpose of purposes) expect(source).toContain(`hiddenColumn(${purpose}`);
});
