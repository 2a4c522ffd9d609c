import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '#libs/testing';
import { type Call, randomSource } from './journal.js';
import { callersOf, loadOn, verdictOf } from './scenario.js';
import { lostReplies } from './scenarios/lost-replies.js';
import { allJobsEnd, Site } from './site.js';
import { compareAll } from './verify-all.js';

const SEED = 11;
const ENOUGH = 40;
// Processes start, are killed and start again.
jest.setTimeout(300_000);

it('replies that are lost after the commit, at two processes of which one is killed, leave one effect for each key', async () => {
  const { complaints, measured } = await lostReplies.play({
    seed: SEED,
    extent: 'quick',
    random: randomSource(SEED),
    say: () => undefined,
  });
  expect(complaints).toEqual([]);
  expect(Number(measured['answers lost'])).toBeGreaterThan(0);
  expect(Number(measured['acknowledged'])).toBeGreaterThan(ENOUGH);
});

describe('what was told and what is stored', () => {
  let site: Site;
  beforeAll(async () => {
    site = Site.sqlite();
    const service = await site.serve();
    await loadOn(site, [service], {
      callers: callersOf({ predict: 2, order: 2, answer: 2, read: 1 }),
      seed: SEED,
    });
    await eventually(
      'answers were accepted',
      async () => (await site.count(`prediction_jobs WHERE status = 'completed'`)) > 3,
      120_000,
    );
    await site.observer.stop();
    await allJobsEnd(site);
    await site.end(service, 'SIGTERM');
  });
  afterAll(() => site?.close());

  const told = async (calls: readonly Call[]): Promise<string> =>
    (await compareAll(site, calls)).complaints.join('\n');

  it('agree when nothing happened', async () => {
    const { complaints, compared } = await verdictOf(site);
    expect(complaints).toEqual([]);
    expect(Object.values(compared).every((count) => count > 0)).toBe(true);
  });

  it('do not agree about an answer that was never given, a row that nobody asked for, or another result', async () => {
    const calls = site.calls();
    const one = calls.find(({ asked, id }) => asked === 'prediction' && id !== undefined);
    if (one === undefined) throw new Error('a prediction was acknowledged');
    expect(await told([...calls, { ...one, request: 'never', key: 'other', id: '999999' }])).toMatch(
      /acknowledged, not stored: prediction: 1[^]*answers without their audit row: 1/,
    );
    expect(await told(calls.filter((call) => call !== one))).toMatch(
      /stored more often than asked: prediction[^]*audit rows of nobody: 1/,
    );
    const answered = calls.map((call) => (call.asked === 'answer' ? { ...call, resultHash: 'other' } : call));
    expect(await told(answered)).toContain('accepted answers that are not the stored ones');
    expect(await told([...calls, { ...one, digest: 'other bytes' }])).toContain(
      'keys with different answers: 1',
    );
  });

  it('do not agree about an order that is settled twice or not at all, or a job that was forgotten', async () => {
    await site.query(`UPDATE prediction_jobs SET status = 'pending' WHERE status = 'completed'`);
    await site.query(
      `UPDATE jobs SET finished_at = NULL, status = 'queued' WHERE id = (SELECT MIN(id) FROM jobs)`,
    );
    const complaints = await told(site.calls());
    expect(complaints).toMatch(/orders that were not settled exactly once/);
    expect(complaints).toMatch(/jobs that wait although nothing is left to do: 1/);
  });
});
