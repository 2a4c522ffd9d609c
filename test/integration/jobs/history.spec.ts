import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DAY_MS, newUuid } from '#libs/kernel';
import { eventually, FakeClock } from '#libs/testing';
import { runSql } from '#libs/database';
import { startTestApp, type TestApp } from '../../harness/app.js';
import { DATABASE_KINDS } from '../../harness/databases.js';

const DAYS = 3;
const HOUR_AND_MORE_MS = 2 * 3_600_000;

describe.each(DATABASE_KINDS)('job_history_days [%s]', (kind) => {
  const clock = new FakeClock();
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({
      database: kind,
      clock,
      config: { job_history_days: DAYS, swagger: false },
      domains: [],
    });
  }, 60_000);
  afterAll(() => app.close());

  const left = async () => {
    const rows = await app.database.query<{ subject: string }>('SELECT subject FROM jobs ORDER BY subject');
    return rows.map(({ subject }) => subject);
  };

  it('is the age at which the rows of finished jobs go, and of no others', async () => {
    const now = clock.now();
    const ages = { old: DAYS * DAY_MS + 1, young: (DAYS - 1) * DAY_MS, open: null };
    for (const [subject, age] of Object.entries(ages)) {
      const [made, ended] = [now - 10 * DAY_MS, age === null ? null : now - age].map((moment) =>
        moment === null ? null : new Date(moment).toISOString(),
      );
      await app.database.run((tx) =>
        runSql(
          tx,
          `INSERT INTO jobs (id, kind, subject, status, run_at, max_attempts, created_at, updated_at, finished_at)
           VALUES (?, 'none', ?, ?, ?, 3, ?, ?, ?)`,
          [
            newUuid(),
            subject,
            ended === null ? 'queued' : 'completed',
            made ?? '',
            made ?? '',
            made ?? '',
            ended ?? null,
          ],
        ),
      );
    }
    await clock.advance(HOUR_AND_MORE_MS); // it looks once an hour
    await eventually('the old row is gone', async () => !(await left()).includes('old'));
    expect(await left()).toEqual(['open', 'young']);
  });
});
