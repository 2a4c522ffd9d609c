import { eventually } from '#libs/testing';
import { callersOf, loadOn, roundsOf, type Scenario, verdictOf } from '../scenario.js';
import { allJobsEnd, type Running, Site } from '../site.js';
import { slowFeeder } from '../slow-feeder.js';

const WORKERS = 3;
const SLOW_MS = 200;
const RECOVERY_LIMIT_MS = 45_000;
/** The leases of the defaults: what is promised is promised for them. */
const LEASES = { job_lease_seconds: 30, job_heartbeat_seconds: 10, job_sweep_seconds: 5 };
const QUICK_LEASES = { job_lease_seconds: 2, job_heartbeat_seconds: 0.5, job_sweep_seconds: 0.5 };

export const killedWorkers: Scenario = {
  number: 2,
  name: 'three workers, one killed every few seconds',
  promise: 'every job ends, what a killed worker held is at work or done within 45 s',
  play: async (circumstances) => {
    const { seed, extent, random, say } = circumstances;
    const jobs = roundsOf(circumstances, { quick: 300, full: 5_000, nightly: 20_000 });
    const leases = extent === 'quick' ? QUICK_LEASES : LEASES;
    const lifeMs = extent === 'quick' ? 1_000 : 5_000;
    const site = await Site.postgres();
    try {
      const settings = { ...slowFeeder(site.folder, SLOW_MS), ...leases };
      const service = await site.serve({ ...settings, jobs: false });
      const workers = await Promise.all(Array.from({ length: WORKERS }, () => site.work(settings)));
      await loadOn(site, [service], { callers: callersOf({ predict: 8 }), seed });
      const recoveries: number[] = [];
      let watched: Promise<unknown> = Promise.resolve();
      const ended = (): Promise<number> => site.count('jobs WHERE finished_at IS NOT NULL');
      for (let isEnough = false; (await ended()) < jobs;) {
        await new Promise((done) => setTimeout(done, lifeMs));
        const nth = Math.floor(random() * WORKERS);
        const victim = workers[nth] as Running;
        await site.end(victim, 'SIGKILL');
        watched = Promise.all([watched, recovered(site, recoveries)]);
        workers[nth] = await site.work(settings);
        if (!isEnough && (await site.count('predictions')) >= jobs) {
          isEnough = true;
          await site.observer.stop();
        }
        say(`${await ended()} of ${jobs} jobs, ${recoveries.length} kills recovered`);
      }
      await site.observer.stop();
      await watched;
      await allJobsEnd(site);
      await site.endAll();
      const { complaints, measured } = await verdictOf(site);
      const slowest = Math.max(...recoveries);
      return {
        measured: {
          kills: recoveries.length,
          'slowest recovery': `${Math.round(slowest)} ms with leases of ${leases.job_lease_seconds} s`,
          ...measured,
        },
        complaints: [
          ...complaints,
          ...(slowest > RECOVERY_LIMIT_MS ? [`a recovery took ${slowest} ms`] : []),
        ],
      };
    } finally {
      await site.close();
    }
  },
};

/** Adds the time until nothing of what runs now runs under the same lease any more. */
async function recovered(site: Site, recoveries: number[]): Promise<void> {
  const started = performance.now();
  const held = await site.query<{ id: string; epoch: string }>(
    `SELECT id, lease_epoch AS epoch FROM jobs WHERE status = 'running'`,
  );
  if (held.length === 0) return;
  const rows = held.map(({ id, epoch }) => `('${id}', ${epoch})`).join(', ');
  const still = `jobs WHERE status = 'running' AND (id, lease_epoch) IN (${rows})`;
  await eventually(
    'what it held is at work again',
    async () => (await site.count(still)) === 0,
    2 * RECOVERY_LIMIT_MS,
  );
  recoveries.push(performance.now() - started);
}
