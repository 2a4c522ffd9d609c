import { hashSync } from '@node-rs/bcrypt';
import { eventually } from '#libs/testing';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { AccountBench, accountConfig, PASSWORD } from './account-bench.js';
import { describeOnDatabases } from '../../harness/databases.js';

const DAY_MS = 86_400_000;

const changeTo = (password: string, old = PASSWORD) => ({ old, new: password, revokeApiKey: false });

describeOnDatabases('credentials', (database) => {
  let bench: AccountBench;
  beforeAll(() => {
    bench = new AccountBench(database());
  });

  const storedHash = async (username: string): Promise<string> => {
    const [row] = await database().query<{ hashed_password: string }>(
      `SELECT hashed_password FROM users WHERE username = '${username}'`,
    );
    return row?.hashed_password ?? '';
  };
  const store = (username: string, columns: string) =>
    database().run(async (tx) => {
      await tx.manager.query(`UPDATE users SET ${columns} WHERE username = '${username}'`);
    });

  describe('API keys', () => {
    it('lead to their owner and are stored as a hash only', async () => {
      const { user, apiKey } = await bench.account('keyholder', 'provider');
      expect(apiKey).toMatch(/^pp_[A-Za-z0-9_-]{43}$/);
      await expect(bench.credentials.findByApiKey(apiKey)).resolves.toEqual({
        userId: user.id,
        username: 'keyholder',
        role: 'provider',
        isActive: true,
        expiresAtMs: bench.clock.now() + 90 * DAY_MS,
      });
      const rows = await database().query<object>(`SELECT * FROM users WHERE username = 'keyholder'`);
      expect(JSON.stringify(rows)).not.toContain(apiKey.slice(3));
    });

    it('are unknown when they were never issued', async () => {
      await expect(bench.credentials.findByApiKey('pp_nobody')).resolves.toBeNull();
    });

    it('stop at once when a new one is issued', async () => {
      const { user, apiKey } = await bench.account('renewer');
      const issued = await bench.credentials.issueApiKey(user.id);
      expect(issued.expiresInDays).toBe(90);
      await expect(bench.credentials.findByApiKey(apiKey)).resolves.toBeNull();
      await expect(bench.credentials.findByApiKey(issued.apiKey)).resolves.toMatchObject({
        userId: user.id,
      });
    });

    it('of an import without an expiry never expire', async () => {
      const { apiKey } = await bench.account('imported_key');
      await store('imported_key', 'api_key_expires_at = NULL');
      await expect(bench.credentials.findByApiKey(apiKey)).resolves.toMatchObject({ expiresAtMs: null });
    });

    it('keep their last use, written half a minute late in one go', async () => {
      const { user } = await bench.account('worker');
      const usedAt = new Date(bench.clock.now());
      bench.credentials.noteUse({ apiKeyOf: user.id });
      await expect(bench.credentials.describeApiKey(user.id)).resolves.toMatchObject({ lastUsedAt: null });
      await bench.clock.advance(30_000);
      await eventually(
        'the use is stored',
        async () => (await bench.credentials.describeApiKey(user.id))?.lastUsedAt !== null,
      );
      await expect(bench.credentials.describeApiKey(user.id)).resolves.toEqual({
        createdAt: usedAt,
        expiresAt: new Date(usedAt.getTime() + 90 * DAY_MS),
        lastUsedAt: usedAt,
      });
      expect(bench.clock.pending).toBe(0);
    });

    it('have their last use written at shutdown', async () => {
      const { user } = await bench.account('leaver');
      bench.credentials.noteUse({ apiKeyOf: user.id });
      await bench.uses.beforeApplicationShutdown();
      const info = await bench.credentials.describeApiKey(user.id);
      expect(info?.lastUsedAt).toEqual(new Date(bench.clock.now()));
    });
  });

  describe('passwords', () => {
    it('are right, wrong, or right for an inactive account', async () => {
      const { user } = await bench.account('signer');
      const check = (password: string) => bench.credentials.checkPassword('signer', password);
      await expect(check('wrong')).resolves.toEqual({ outcome: 'wrong' });
      await expect(check(PASSWORD)).resolves.toMatchObject({
        outcome: 'right',
        owner: { userId: user.id },
      });
      await store('signer', 'is_active = FALSE');
      await expect(check(PASSWORD)).resolves.toMatchObject({
        outcome: 'inactive',
        owner: { userId: user.id },
      });
      await expect(check('wrong')).resolves.toEqual({ outcome: 'wrong' });
    });

    it('of unknown and of deleted accounts are wrong', async () => {
      const { user } = await bench.account('gone');
      const { user: root } = await bench.account('remover', 'administrator');
      await bench.accounts.remove(user.id, 'delete', { userId: root.id, username: 'remover', role: 'admin' });
      await expect(bench.credentials.checkPassword('gone', PASSWORD)).resolves.toEqual({ outcome: 'wrong' });
      await expect(bench.credentials.checkPassword('never', PASSWORD)).resolves.toEqual({ outcome: 'wrong' });
    });

    it('imported as plain bcrypt verify as they are and are stored anew', async () => {
      await bench.account('imported');
      await store('imported', `hashed_password = '${hashSync('from the old house', { cost: 4 })}'`);
      await expect(bench.credentials.checkPassword('imported', 'guess')).resolves.toEqual({
        outcome: 'wrong',
      });
      expect(await storedHash('imported')).toMatch(/^\$2/);
      await expect(bench.credentials.checkPassword('imported', 'from the old house')).resolves.toMatchObject({
        outcome: 'right',
      });
      expect(await storedHash('imported')).toMatch(/^sha256:\$2/);
      await expect(bench.credentials.checkPassword('imported', 'from the old house')).resolves.toMatchObject({
        outcome: 'right',
      });
    });

    it('are hashed anew when the configured cost went up, and not otherwise', async () => {
      await bench.account('cheap');
      const before = await storedHash('cheap');
      await bench.credentials.checkPassword('cheap', PASSWORD);
      expect(await storedHash('cheap')).toBe(before);
      const dearer = new AccountBench(database(), accountConfig({ password_hash_cost: 5 }));
      await dearer.credentials.checkPassword('cheap', PASSWORD);
      expect(await storedHash('cheap')).toContain('$05$');
    });

    it('change only for who knows the old one, and revoke all tokens', async () => {
      const { user } = await bench.account('changer');
      const session = {
        id: 'a9f1c1b0-0000-4000-8000-000000000001',
        userId: user.id,
        address: '192.0.2.1',
        network: '192.0.2.1',
        userAgent: null,
        expiresAt: new Date(bench.clock.now() + 60_000),
      };
      const version = await bench.credentials.openSession(session);
      await expect(
        bench.credentials.changePassword(user.id, changeTo('a new password', 'wrong')),
      ).resolves.toBe(false);
      await expect(bench.credentials.findBySession(session.id)).resolves.toMatchObject({
        tokenVersion: version,
      });
      await expect(bench.credentials.changePassword(user.id, changeTo('a new password'))).resolves.toBe(true);
      await expect(bench.credentials.findBySession(session.id)).resolves.toMatchObject({
        tokenVersion: version + 1,
      });
      await expect(bench.credentials.checkPassword('changer', PASSWORD)).resolves.toEqual({
        outcome: 'wrong',
      });
    });

    it('of two simultaneous changes take the first one only', async () => {
      const { user } = await bench.account('hasty');
      const changes = await Promise.all(
        ['first password', 'second password'].map((password) =>
          bench.credentials.changePassword(user.id, changeTo(password)),
        ),
      );
      expect(changes.filter(Boolean)).toHaveLength(1);
    });
  });

  describe('networks', () => {
    it('are known from a login on, the newest twenty for thirty days, also with an API key as its purpose', async () => {
      const { user } = await bench.account('traveller');
      const knows = (network: string) => bench.credentials.knowsNetwork('traveller', network);
      await bench.credentials.issueApiKey(user.id);
      expect(await knows('192.0.2.0')).toBe(false);
      for (let n = 0; n <= 20; n += 1) {
        await bench.credentials.issueApiKey(user.id, `192.0.2.${n}`);
        bench.clock.jump(1_000);
      }
      expect([await knows('192.0.2.0'), await knows('192.0.2.1'), await knows('192.0.2.20')]).toEqual([
        false,
        true,
        true,
      ]);
      expect(await bench.credentials.knowsNetwork('nobody', '192.0.2.20')).toBe(false);
      await bench.credentials.changePassword(user.id, changeTo('a new password'));
      expect(await knows('192.0.2.20')).toBe(false);
      await bench.credentials.issueApiKey(user.id, '192.0.2.20');
      expect(await knows('192.0.2.20')).toBe(true);
      bench.clock.jump(30 * DAY_MS + 1);
      expect(await knows('192.0.2.20')).toBe(false);
    });
  });

  describe('sessions', () => {
    it('remember the login, close one by one and forget the expired', async () => {
      const { user } = await bench.account('visitor');
      const open = (id: string, lifeMs: number) =>
        bench.credentials.openSession({
          id,
          userId: user.id,
          address: '2001:db8::1',
          network: '2001:db8::1',
          userAgent: 'spec/1.0',
          expiresAt: new Date(bench.clock.now() + lifeMs),
        });
      const [short, long, next] = ['1', '2', '3'].map((n) => `b9f1c1b0-0000-4000-8000-00000000000${n}`);
      await open(String(short), 1_000);
      await open(String(long), 100_000);
      await bench.credentials.closeSession(String(long));
      await expect(bench.credentials.findBySession(String(short))).resolves.toMatchObject({ isOpen: true });
      await expect(bench.credentials.findBySession(String(long))).resolves.toMatchObject({ isOpen: false });
      bench.clock.jump(2_000);
      await open(String(next), 1_000);
      await expect(bench.credentials.findBySession(String(short))).resolves.toBeNull();
      expect((await bench.users.findById(user.id))?.lastLogin).toEqual(new Date(bench.clock.now()));
    });
  });
});
