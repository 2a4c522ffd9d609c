import { expect, it, jest } from '@jest/globals';
import { describeOnDatabases } from '../../harness/databases.js';
import { AccountBench } from './account-bench.js';

describeOnDatabases('a first start', (database) => {
  it('beside another says nothing of an account that is the administrator whom that one has just made', async () => {
    const [one, other] = [new AccountBench(database()), new AccountBench(database())];
    jest.spyOn(one.users, 'hasAdministrator').mockImplementationOnce(async () => {
      await other.bootstrap.run(); // between this look and the next one
      return false;
    });
    await expect(one.bootstrap.run()).resolves.toBe(false);
    expect(one.printed).toEqual([]);
    expect(other.printed).toHaveLength(1);
  });
});
