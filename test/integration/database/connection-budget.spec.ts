import { expect, it } from '@jest/globals';
import { assertConnectionBudget } from '#libs/database';
import { describeOnDatabases } from '../../harness/databases.js';

describeOnDatabases('the budget of connections', (test, kind) => {
  const budget = { poolSize: 10, poolOverflow: 20, queue: 2, processes: 1 };

  it('is kept by the defaults', async () => {
    await expect(assertConnectionBudget(test().database, budget)).resolves.toBeUndefined();
  });

  it('is refused with its figures where the server has fewer', async () => {
    const asked = assertConnectionBudget(test().database, { ...budget, processes: 40 });
    if (kind === 'sqlite') await expect(asked).resolves.toBeUndefined();
    else {
      await expect(asked).rejects.toThrow(
        /allows \d+ connections \(max_connections \d+ less \d+ reserved\).* ask for 34 times 40 processes \(workers\) = 1360: .*lower database_max_overflow/,
      );
    }
  });
});
