import { type Call, isAcknowledged } from '../journal.js';
import { callersOf, loadOn, roundsOf, type Scenario, verdictOf } from '../scenario.js';
import { allJobsEnd, freePort, type Running, Site } from '../site.js';

/** Between a start and the next kill. */
const LIFE_MS = { shortest: 300, longest: 2_000 };
const READY_LIMIT_MS = 3_000;
/** `connectMs` and `transactionMs` of the database's deadlines: the lease of an idempotency key. */
const KEY_LEASE_MS = 35_000;
const CALLERS = callersOf({ predict: 3, order: 2, answer: 2, read: 1, repeat: 1 });

export const killedService: Scenario = {
  number: 1,
  name: 'SIGKILL of the embedded service under load',
  promise:
    'nothing acknowledged is lost, ready within 3 s of each start, no key stuck for longer than its lease',
  play: async (circumstances) => {
    const { seed, random, say } = circumstances;
    const rounds = roundsOf(circumstances, { quick: 2, full: 50, nightly: 500 });
    const site = Site.sqlite();
    try {
      const port = await freePort();
      let service = await site.serve({ port });
      const starts: Running[] = [];
      await loadOn(site, [service], { callers: CALLERS, seed });
      for (let round = 1; round <= rounds; round += 1) {
        const life = LIFE_MS.shortest + random() * (LIFE_MS.longest - LIFE_MS.shortest);
        await new Promise((done) => setTimeout(done, life));
        await site.end(service, 'SIGKILL');
        service = await site.serve({ port });
        starts.push(service);
        if (round % 10 === 0) say(`${round} of ${rounds} kills`);
      }
      await site.observer.stop();
      await allJobsEnd(site);
      await site.end(service, 'SIGTERM');
      const { complaints, measured } = await verdictOf(site);
      const stuck = longestKey(site.calls());
      const wall = starts.map(({ readyMs }) => readyMs);
      const cpu = Math.max(...starts.map(({ readyCpuMs }) => readyCpuMs));
      return {
        measured: {
          kills: rounds,
          'ready after': `${Math.round(Math.min(...wall))} to ${Math.round(Math.max(...wall))} ms, at most ${cpu} ms of CPU`,
          'longest key': `${stuck} ms`,
          ...measured,
        },
        complaints: [
          ...complaints,
          // the wall clock tells of other programs, too
          ...(cpu > READY_LIMIT_MS ? [`a start took ${cpu} ms of CPU until it was ready`] : []),
          ...(stuck > KEY_LEASE_MS ? [`a key was stuck for ${stuck} ms`] : []),
        ],
      };
    } finally {
      await site.close();
    }
  },
};

/** From the first attempt with a key to its answer, of the key that took longest; in ms. */
function longestKey(calls: readonly Call[]): number {
  const first = new Map<string, number>();
  let longest = 0;
  for (const call of calls) {
    if (call.key === undefined) continue;
    if (!first.has(call.key)) first.set(call.key, call.at);
    if (isAcknowledged(call))
      longest = Math.max(longest, call.at + call.ms - (first.get(call.key) ?? call.at));
  }
  return longest;
}
