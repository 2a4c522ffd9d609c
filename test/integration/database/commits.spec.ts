import { TransactionRunner } from '#libs/database';
import { assertPresent } from '#libs/kernel';
import { FakeClock, gate } from '#libs/testing';
import Sqlite from 'better-sqlite3';
import { copyFileSync } from 'node:fs';
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
    const flushes = jest.spyOn(fileOf(database), 'syncLog');
    const asked = await Promise.all(
      ['a', 'b', 'c'].map(async (word) => {
        await turn();
        return { written: runner.run((tx) => write(tx, word)) };
      }),
    );
    await Promise.all(asked.map(({ written }) => written));
    expect(flushes).toHaveBeenCalledTimes(1);
    flushes.mockRestore();
  });

  it('takes those into a group who are read while it is at work, until it has lasted long enough', async () => {
    const clock = new FakeClock();
    const runner = new TransactionRunner(database.database, { clock });
    const flushes = jest.spyOn(fileOf(database), 'syncLog');
    const late = gate();
    const asked = [
      runner.run(async (tx) => {
        await write(tx, 'long');
        setImmediate(() => late.open());
        clock.jump(5);
      }),
      runner.run((tx) => write(tx, 'waiting')),
      late.opened.then(() => runner.run((tx) => write(tx, 'late'))),
    ];
    await Promise.all(asked);
    expect(flushes).toHaveBeenCalledTimes(1);
    await Promise.all([
      runner.run(async (tx) => {
        await write(tx, 'longer');
        clock.jump(16);
      }),
      runner.run((tx) => write(tx, 'apart')),
    ]);
    expect(flushes).toHaveBeenCalledTimes(3);
    flushes.mockRestore();
  });

  it('tells nobody of a transaction before the disk has it', async () => {
    const [flushing, disk] = [gate(), gate()];
    const flushes = jest.spyOn(fileOf(database), 'syncLog').mockImplementationOnce(() => {
      flushing.open();
      return disk.opened;
    });
    let told = false;
    const written = database.run((tx) => write(tx, 'd')).then(() => (told = true));
    await flushing.opened;
    await turn();
    expect(told).toBe(false);
    disk.open();
    await written;
    flushes.mockRestore();
  });

  it('tells nobody of what the disk refused, and empties the log before it goes on', async () => {
    const refusal = Object.assign(new Error('i/o error'), { code: 'EIO' });
    const flushes = jest.spyOn(fileOf(database), 'syncLog').mockRejectedValueOnce(refusal);
    // on a clock that stands still: on a busy machine each would have a group of its own
    const runner = new TransactionRunner(database.database, { clock: new FakeClock() });
    const lost = await Promise.allSettled([
      runner.run((tx) => write(tx, 'e')),
      runner.run((tx) => write(tx, 'f')),
    ]);
    for (const one of lost) expect(one).toMatchObject({ reason: { code: 'storage_failed' } });
    await runner.run((tx) => write(tx, 'g'));
    // read without the log: what it held has come into the database itself
    const alone = `${(database.location as { path: string }).path}-alone`;
    copyFileSync((database.location as { path: string }).path, alone);
    const copy = new Sqlite(alone);
    expect(
      copy.prepare("SELECT word FROM words WHERE word IN ('e', 'f') ORDER BY word").pluck().all(),
    ).toEqual(['e', 'f']);
    copy.close();
    flushes.mockRestore();
  });
});

const fileOf = ({ database }: TestDatabase) => assertPresent(database.file, 'SQLite has files');
