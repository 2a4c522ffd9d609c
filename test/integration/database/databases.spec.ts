import { describeOnDatabases } from '#libs/testing';
import { expect, it } from '@jest/globals';

describeOnDatabases('a test database', (database) => {
  it('holds the migrated schema and writes through the runner', async () => {
    const rows = await database().query<{ count: string | number }>('SELECT count(*) AS count FROM jobs');
    expect(Number(rows[0]?.count)).toBe(0);
    await expect(database().run(async () => 7)).resolves.toBe(7);
  });
});
