import { Database, TransactionRunner } from '#libs/database';
import type { AppError } from '#libs/kernel';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { entities, migrations } from '../../../src/app/schema.js';
import { AccountBench, actorOf, accountConfig, PASSWORD } from './account-bench.js';
import { describeOnDatabases, TestDatabase } from '../../harness/databases.js';

const refusal = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: unknown) => `${(error as AppError).kind}: ${(error as AppError).detail}`,
  );

describeOnDatabases('accounts', (shared, kind) => {
  let bench: AccountBench;
  let database: TestDatabase;
  beforeEach(() => {
    database = shared();
    bench = new AccountBench(database);
  });

  /**
   * A second process over the same data. SQLite blocks the thread while it waits for another writer, so there the
   * second one shares the writer; its lock between processes is the database's own.
   */
  const withAnother = async (work: (other: AccountBench) => Promise<void>): Promise<void> => {
    if (kind === 'sqlite') return work(new AccountBench(database, bench.config, bench.clock));
    const opened = await Database.open({ location: database.location, entities, migrations });
    try {
      const transactions = new TransactionRunner(opened);
      await work(new AccountBench({ database: opened, transactions }, bench.config, bench.clock));
    } finally {
      await opened.close();
    }
  };

  it('know all seven roles with their permissions', async () => {
    const rows = await database.query<{ name: string; permissions: string }>(
      'SELECT * FROM roles ORDER BY id',
    );
    expect(rows.map(({ name }) => name)).toEqual([
      'administrator',
      'admin',
      'provider',
      'client',
      'evaluator',
      'operator',
      'guest',
    ]);
    const keys = rows.flatMap(({ permissions }) => Object.keys(JSON.parse(permissions) as object));
    expect(keys.every((key) => key.startsWith('can_'))).toBe(true);
  });

  it('are made with a random first password that is told once, or with the given one', async () => {
    const simple = { username: 'simple', email: 'simple@example.com', role: 'client', isActive: true };
    const made = await bench.accounts.create(simple, 'bad_request');
    expect(made.initialPassword).toMatch(/^[\w-]{16}$/);
    await expect(
      bench.credentials.checkPassword('simple', String(made.initialPassword)),
    ).resolves.toMatchObject({ outcome: 'right' });
    const given = { ...simple, username: 'given', email: 'given@example.com', password: PASSWORD };
    expect(await bench.accounts.create(given, 'conflict')).toMatchObject({ initialPassword: null });
    const fixed = new AccountBench(database, accountConfig({ initial_user_password: 'password' }));
    const third = { ...simple, username: 'third', email: 'third@example.com' };
    expect(await fixed.accounts.create(third, 'conflict')).toMatchObject({ initialPassword: null });
    await expect(fixed.credentials.checkPassword('third', 'password')).resolves.toMatchObject({
      outcome: 'right',
    });
  });

  it('refuse taken names and addresses in the two forms of the contract, and unknown roles', async () => {
    await bench.account('taken');
    const account = { username: 'taken', email: 'taken@example.com', role: 'client', isActive: true };
    const otherMail = { ...account, email: 'other@example.com' };
    const otherName = { ...account, username: 'other' };
    const create = (one: typeof account, form: 'bad_request' | 'conflict') =>
      refusal(bench.accounts.create(one, form));
    expect(await create(otherMail, 'bad_request')).toBe('bad_request: Username already exists');
    expect(await create(otherName, 'bad_request')).toBe('bad_request: Email already exists');
    expect(await create(otherName, 'conflict')).toBe('conflict: Username or email already exists');
    expect(await create({ ...otherMail, username: 'other', role: 'king' }, 'conflict')).toBe(
      "bad_request: Role 'king' does not exist",
    );
  });

  it('of one name are made once, however many processes try', async () => {
    await withAnother(async (other) => {
      const outcomes = await Promise.all(
        [bench, other, bench, other].map((one) => refusal(one.account('contested'))),
      );
      expect(outcomes.sort()).toEqual([
        ...Array<string>(3).fill('bad_request: Username already exists'),
        'done',
      ]);
    });
  });

  it('revoke tokens with deactivation and a new role, not with a new tier', async () => {
    const { user: root } = await bench.account('root', 'admin');
    const { user } = await bench.account('subject');
    const version = async () =>
      (await database.query<{ v: number }>(`SELECT token_version AS v FROM users WHERE id = ${user.id}`))[0]
        ?.v;
    await bench.accounts.update(user.id, { subscriptionTier: 'premium', notes: 'a\nb' }, actorOf(root));
    expect(await version()).toBe(0);
    await bench.accounts.update(user.id, { role: 'client' }, actorOf(root));
    expect(await version()).toBe(0);
    await bench.accounts.update(user.id, { role: 'provider' }, actorOf(root));
    expect(await version()).toBe(1);
    await bench.accounts.deactivate('subject', actorOf(root));
    expect(await version()).toBe(2);
    await bench.accounts.activate('subject');
    expect(await version()).toBe(2);
  });

  it('change their address unless another account has it', async () => {
    const { user } = await bench.account('mover');
    await bench.account('neighbour');
    const update = (change: Readonly<Record<string, unknown>>) =>
      refusal(bench.profile.update(user.id, change));
    expect(await update({ email: 'neighbour@example.com' })).toBe('bad_request: Email already exists');
    expect(await update({ email: 'no address' })).toMatch(/^invalid: String should match pattern/);
    expect(await update({ email: 5 })).toMatch(/^invalid/);
    expect(await update({ role: 'admin' })).toBe('forbidden: Users cannot change their own role');
    expect(await update({ role: null })).toBe('forbidden: Users cannot change their own role');
    expect(await update({ is_active: false, id: 1 })).toBe('done');
    expect(await update({ email: 'mover@example.com' })).toBe('done');
    expect(await update({ email: 'moved@example.com' })).toBe('done');
    await expect(bench.profile.show(user.id)).resolves.toMatchObject({
      email: 'moved@example.com',
      isActive: true,
      role: 'client',
    });
  });

  it('are managed from the command line', async () => {
    const { administration } = bench;
    const order = { username: 'desk', email: 'desk@example.com', role: 'operator' };
    const made = await administration.create(order);
    expect(made.user).toMatchObject({ username: 'desk', role: 'operator', isActive: false });
    await administration.activate('desk');
    const random = await administration.resetPassword('desk');
    await expect(bench.credentials.checkPassword('desk', String(random))).resolves.toMatchObject({
      outcome: 'right',
    });
    await expect(administration.resetPassword('desk', { new: PASSWORD })).resolves.toBeNull();
    await expect(bench.credentials.checkPassword('desk', PASSWORD)).resolves.toMatchObject({
      outcome: 'right',
    });
    expect(await refusal(administration.resetPassword('desk', { old: 'x', new: PASSWORD }))).toBe(
      'bad_request: Invalid old password',
    );
    expect(await refusal(administration.resetPassword('desk', { new: 'short' }))).toMatch(/at least 8/);
    expect(await refusal(administration.resetPassword('nobody'))).toBe('not_found: User not found');
    expect(await refusal(administration.create({ ...order, username: ' x' }))).toMatch(/The name must/);
    expect(await refusal(administration.create({ ...order, username: 'x', email: 'x' }))).toMatch(
      /not an e-mail/,
    );
  });

  describe('in a database of their own', () => {
    beforeEach(async () => {
      database = await TestDatabase.open(kind);
      bench = new AccountBench(database);
    });
    afterEach(() => database.close());

    it('keep the name of a deleted account taken, and find the account no more', async () => {
      const { user: root } = await bench.account('root', 'admin');
      const { user, apiKey } = await bench.account('deleted');
      await bench.accounts.remove(user.id, 'delete', actorOf(root));
      await expect(bench.users.findById(user.id)).resolves.toBeNull();
      await expect(bench.credentials.findByApiKey(apiKey)).resolves.toBeNull();
      expect(await refusal(bench.account('deleted'))).toBe('bad_request: Username already exists');
      expect(await refusal(bench.accounts.activate('deleted'))).toBe('not_found: User not found');
      await expect(bench.users.idOf('deleted')).resolves.toBe(user.id);
      await expect(bench.users.usernames([user.id, 999])).resolves.toEqual(new Map([[user.id, 'deleted']]));
      await expect(bench.users.counts()).resolves.toEqual({ total: 1, active: 1 });
    });

    it('are listed by filter, text and page', async () => {
      const { user: root } = await bench.account('root', 'administrator');
      for (const name of ['Anna_B', 'annaXb', 'carl']) await bench.account(name);
      await bench.accounts.update(root.id, { subscriptionTier: 'premium' }, actorOf(root));
      await bench.accounts.deactivate('carl', actorOf(root));
      const names = async (filter: Parameters<ListOf>[0], page = { limit: 50, offset: 0 }) =>
        (await bench.listing.page(filter, page)).users.map(({ username }) => username);
      type ListOf = typeof bench.listing.page;
      expect(await names({})).toEqual(['root', 'Anna_B', 'annaXb', 'carl']);
      expect(await names({}, { limit: 2, offset: 1 })).toEqual(['Anna_B', 'annaXb']);
      expect(await names({ roles: ['administrator', 'admin'] })).toEqual(['root']);
      expect(await names({ isActive: false })).toEqual(['carl']);
      expect(await names({ subscriptionTier: 'premium' })).toEqual(['root']);
      expect(await names({ search: 'ANNA_' })).toEqual(['Anna_B']);
      expect(await names({ search: "%' OR 1=1" })).toEqual([]);
      expect(await names({ search: 'l@example' })).toEqual(['carl']);
      expect(await names({ createdAfter: new Date(bench.clock.now() - 1) })).toHaveLength(4);
      expect(await names({ createdAfter: new Date(bench.clock.now()) })).toEqual([]);
      bench.clock.jump(40 * 86_400_000);
      const page = await bench.listing.page({ isActive: false }, { limit: 1, offset: 0 });
      expect(page).toMatchObject({ totalCount: 1, activeUsers: 3, newUsersThisMonth: 0 });
    });

    it('never lose the last active administrator', async () => {
      const { user: root } = await bench.account('root', 'administrator');
      const { user: second } = await bench.account('second', 'admin');
      const last = 'bad_request: The last active administrator cannot be deactivated, demoted or deleted';
      expect(await refusal(bench.accounts.deactivate('root', actorOf(root)))).toBe(
        'bad_request: You cannot deactivate your own account',
      );
      expect(await refusal(bench.accounts.remove(root.id, 'delete', actorOf(root)))).toBe(
        'bad_request: You cannot delete your own account',
      );
      await bench.accounts.deactivate('second', actorOf(root));
      expect(await refusal(bench.accounts.update(root.id, { role: 'client' }, actorOf(root)))).toBe(last);
      expect(await refusal(bench.accounts.deactivate('root', actorOf(second)))).toBe(last);
      expect(await refusal(bench.accounts.remove(root.id, 'deactivate', actorOf(second)))).toBe(last);
      await expect(bench.users.findById(root.id)).resolves.toMatchObject({
        role: 'administrator',
        isActive: true,
      });
      await bench.accounts.update(root.id, { role: 'admin' }, actorOf(root));
    });

    it('keep one administrator when all of them remove each other from two processes', async () => {
      const names = ['a', 'b', 'c', 'd'];
      const people = await Promise.all(names.map(async (name) => (await bench.account(name, 'admin')).user));
      await withAnother(async (other) => {
        await Promise.all(
          people.flatMap((caller) =>
            people
              .filter((target) => target !== caller)
              .map((target, index) =>
                refusal(
                  index % 2 === 0
                    ? bench.accounts.deactivate(target.username, actorOf(caller))
                    : other.accounts.update(target.id, { role: 'client' }, actorOf(caller)),
                ),
              ),
          ),
        );
      });
      const left = await bench.listing.page(
        { roles: ['administrator', 'admin'], isActive: true },
        { limit: 9, offset: 0 },
      );
      expect(left.totalCount).toBe(1);
    });

    it('begin with one administrator, whichever of the starting processes makes it', async () => {
      await withAnother(async (other) => {
        const made = await Promise.all([bench.bootstrap.run(), other.bootstrap.run()]);
        expect(made.filter(Boolean)).toHaveLength(1);
        const printed = [...bench.printed, ...other.printed];
        expect(printed).toHaveLength(1);
        const password = /the password (\S+)\n/.exec(printed[0] ?? '')?.[1] ?? '';
        await expect(bench.credentials.checkPassword('admin', password)).resolves.toMatchObject({
          outcome: 'right',
          owner: { role: 'administrator' },
        });
      });
      await expect(bench.bootstrap.run()).resolves.toBe(false);
    });

    it('begin with an administrator beside whoever was made before, unless the name is taken', async () => {
      const { administration, bootstrap, printed } = bench;
      const early = { email: 'early@example.com', role: 'client' };
      await administration.create({ ...early, username: 'admin' });
      await expect(bootstrap.run()).resolves.toBe(false);
      expect(printed).toEqual([expect.stringContaining('"admin" is the name of another account')]);
      const config = accountConfig({ admin_username: 'root', admin_password: PASSWORD });
      const configured = new AccountBench(database, config, bench.clock);
      await expect(configured.bootstrap.run()).resolves.toBe(true);
      await expect(configured.credentials.checkPassword('root', PASSWORD)).resolves.toMatchObject({
        outcome: 'right',
        owner: { role: 'administrator' },
      });
      await expect(bench.bootstrap.run()).resolves.toBe(false);
    });

    it('begin with the configured administrator and print nothing', async () => {
      const apiKey = 'k'.repeat(32);
      const config = accountConfig({
        admin_username: 'root',
        admin_password: PASSWORD,
        admin_api_key: apiKey,
      });
      const configured = new AccountBench(database, config, bench.clock);
      await configured.bootstrap.onApplicationBootstrap();
      expect(configured.printed).toEqual([]);
      await expect(configured.credentials.checkPassword('root', PASSWORD)).resolves.toMatchObject({
        outcome: 'right',
      });
      await expect(configured.credentials.findByApiKey(apiKey)).resolves.toMatchObject({ username: 'root' });
    });
  });
});
