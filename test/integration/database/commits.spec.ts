import { TransactionRunner } from '#libs/database';
import { FakeClock } from '#libs/testing';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { SCRATCH, turn, write } from './scratch.js';
import { TestDatabase } from '../../harness/databases.js';

describe('commits on SQLite', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await TestDatabase.open('sqlite', SCRATCH);
  });
  afterAll(() => database.close());

  it('flushes once for requests that the event loop brings one after another', async () => {
    // on a clock that stands still, so that a busy machine does not end the gathering
    const runner = new TransactionRunner(database.database, { clock: new FakeClock() });
    const statements = jest.spyOn(database.database.writer.createQueryRunner(), 'query');
    const asked = await Promise.all(
      ['a', 'b', 'c'].map(async (word) => {
        await turn();
        return { written: runner.run((tx) => write(tx, word)) };
      }),
    );
    await Promise.all(asked.map(({ written }) => written));
    const commits = statements.mock.calls.filter(([statement]) => statement === 'COMMIT');
    statements.mockRestore();
    expect(commits).toHaveLength(1);
  });
});
