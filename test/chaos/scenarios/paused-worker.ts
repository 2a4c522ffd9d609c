import { HttpClient, eventually } from '#libs/testing';
import { answerTo, claimOf, orderBy, type Parsed, type Question } from '../asking.js';
import { callersOf, loadOn, type Played, roundsOf, type Scenario, verdictOf } from '../scenario.js';
import { allJobsEnd, Site } from '../site.js';
import { slowFeeder } from '../slow-feeder.js';

/** Longer than the lease: jobs are at work when their worker is stopped. */
const SLOW_MS = 1_500;
const LEASES = { job_lease_seconds: 1, job_heartbeat_seconds: 0.3, job_sweep_seconds: 0.3 };
/** Rounds in which a process is really stopped; the others let claims run out by setting them back. */
const STOPS = { quick: 1, full: 20, nightly: 20 };
/** Orders whose claims run out together. */
const BATCH = 100;
const LANES = 8;

export const pausedWorker: Scenario = {
  number: 3,
  name: 'a worker stands still past its lease, another finishes, it goes on',
  promise: 'every late write is refused, each result is written once and each order paid once',
  play: async (circumstances) => {
    const { seed, extent, say } = circumstances;
    const rounds = roundsOf(circumstances, { quick: 10, full: 1_000, nightly: 1_000 });
    const stops = Math.min(rounds, STOPS[extent]);
    const site = await Site.postgres({ settings: LEASES });
    try {
      const settings = slowFeeder(site.folder, SLOW_MS);
      const service = await site.serve({ ...settings, jobs: false });
      const [one, other] = [await site.work(settings), await site.work(settings)];
      await loadOn(site, [service], { callers: callersOf({ predict: 2 }), perSecond: 20, seed });
      let taken = 0;
      for (let stop = 1; stop <= stops; stop += 1) {
        const [stopped] = stop % 2 === 0 ? [one] : [other];
        await eventually('jobs are at work', async () => (await running(site)).length > 4);
        stopped.command.signal('SIGSTOP');
        const held = await running(site);
        await eventually(
          'what it held is with the other',
          async () => (await left(site, held)) === 0,
          60_000,
        );
        taken += held.length;
        stopped.command.signal('SIGCONT');
        await eventually(
          'it is ready again',
          async () => (await new HttpClient(stopped.url).get('/health/ready')).status === 200,
        );
        say(`${stop} of ${stops} stops`);
      }
      await site.observer.stop();
      const late = await lateAnswers(site, service.url, rounds - stops, say);
      await allJobsEnd(site);
      await site.endAll();
      const { complaints, measured } = await verdictOf(site);
      return {
        measured: {
          stops,
          'jobs at work when it stopped': taken,
          'claims set back': rounds - stops,
          ...late.measured,
          ...measured,
        },
        complaints: [...complaints, ...late.complaints],
      };
    } finally {
      await site.close();
    }
  },
};

interface Held {
  readonly id: string;
  readonly epoch: string;
}

const running = (site: Site): Promise<Held[]> =>
  site.query(`SELECT id, lease_epoch AS epoch FROM jobs WHERE status = 'running'`);

function left(site: Site, held: readonly Held[]): Promise<number> {
  const rows = held.map(({ id, epoch }) => `('${id}', ${epoch})`).join(', ');
  return site.count(`jobs WHERE status = 'running' AND (id, lease_epoch) IN (${rows})`);
}

/**
 * An evaluator claims, its lease runs out, another claims and answers, and then the first one answers: the same as a
 * process that stood still, without the wait.
 */
async function lateAnswers(
  site: Site,
  url: string,
  rounds: number,
  say: (what: string) => void,
): Promise<Played> {
  const { clients, evaluators } = await site.parties(url);
  const [client = '', slow = '', quick = ''] = [clients[0], evaluators[0], evaluators[1]];
  const ask = async (question: Question): Promise<Parsed> => {
    const reply = await site.ask(url, question);
    if (reply === null) throw new Error(`${question.path} was not answered`);
    return { ...(JSON.parse(reply.text) as Parsed), status: reply.status };
  };
  const all = <T>(list: readonly T[], work: (one: T) => Promise<Parsed>): Promise<Parsed[]> =>
    inLanes(list, LANES, work);
  const complaints: string[] = [];
  const refusals = new Map<string, number>();
  for (let done = 0; done < rounds; done += BATCH) {
    const orders = await all(Array.from({ length: Math.min(BATCH, rounds - done) }), () =>
      ask(orderBy(client)),
    );
    const ids = orders.map(({ id }) => String(id));
    await all(ids, (id) => ask(claimOf(id, slow)));
    const past = new Date(Date.now() - 1_000).toISOString();
    await site.query(`UPDATE prediction_jobs SET timeout_at = '${past}' WHERE status = 'processing'`);
    const overdue = `prediction_jobs WHERE status = 'processing'`;
    await eventually('the orders are for others', async () => (await site.count(overdue)) === 0, 60_000);
    await all(ids, (id) => ask(claimOf(id, quick)));
    await all(ids, async (id) => {
      const [late, right] = await inSomeOrder(ids.indexOf(id), [
        () => ask(answerTo(id, 1, slow)),
        () => ask(answerTo(id, 2, quick)),
      ]);
      if (right['status'] !== 200)
        complaints.push(`order ${id}: the right answer was refused with ${right['status']}`);
      if (Number(late['status']) < 400) complaints.push(`order ${id}: the late answer was taken`);
      const what = `${late['status']} ${late['code'] ?? late['type']}`;
      refusals.set(what, (refusals.get(what) ?? 0) + 1);
      return right;
    });
    say(`${done + ids.length} of ${rounds} claims set back`);
  }
  const told = [...refusals].map(([what, count]) => `${count} × ${what}`).join(', ');
  return { measured: { 'late answers refused with': told || 'none' }, complaints: complaints.slice(0, 5) };
}

/** Works on all of a list, a few at a time. */
async function inLanes<T>(
  list: readonly T[],
  lanes: number,
  work: (one: T) => Promise<Parsed>,
): Promise<Parsed[]> {
  const results: Parsed[] = [];
  const entries = list.entries();
  const lane = async (): Promise<void> => {
    for (const [index, one] of entries) results[index] = await work(one);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return results;
}

/** The late one before, behind, or beside the right one; returned late first. */
async function inSomeOrder<T>(
  nth: number,
  [late, right]: readonly [() => Promise<T>, () => Promise<T>],
): Promise<[T, T]> {
  if (nth % 3 === 0) return Promise.all([late(), right()]);
  if (nth % 3 === 1) return [await late(), await right()];
  const answered = await right();
  return [await late(), answered];
}
