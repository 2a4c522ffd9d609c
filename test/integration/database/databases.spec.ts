import { expect, it } from '@jest/globals';
import { describeOnDatabases } from '../../harness/databases.js';

describeOnDatabases('a test database', (database) => {
  it('holds the migrated schema and writes through the runner', async () => {
    const rows = await database().query<{ count: string | number }>('SELECT count(*) AS count FROM jobs');
    expect(Number(rows[0]?.count)).toBe(0);
    await expect(database().run(async () => 7)).resolves.toBe(7);
  });

  it('binds whole numbers on both sides, so that statements differ by their form only', async () => {
    const { writer, reader } = database().database;
    for (const side of [writer, reader]) {
      const [text, values] = side
        .createQueryBuilder()
        .select('id')
        .from('jobs', 'j')
        .where('j.attempts = :attempts AND j.lease_epoch < :epoch', { attempts: 3, epoch: 2 ** 40 })
        .getQueryAndParameters();
      expect(text).not.toContain('3');
      expect(values.map(Number)).toEqual([3, 2 ** 40]);
      await side.query(text, values);
    }
  });
});
