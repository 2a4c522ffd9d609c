import { callersOf, loadOn, roundsOf, type Scenario, verdictOf } from '../scenario.js';
import { allJobsEnd, Site } from '../site.js';

const PROCESSES = 3;
const EVALUATORS = 16;
const CLAIM_LIMIT = 4;
/** Three seconds: claims that were forgotten come back soon. */
const LEASE_MINUTES = 0.05;

export const claimRace: Scenario = {
  number: 4,
  name: 'sixteen evaluators race for orders at three processes',
  promise: 'claims of an order do not overlap, nobody holds more than the limit, each order is paid once',
  play: async (circumstances) => {
    const { seed, say } = circumstances;
    const claims = roundsOf(circumstances, { quick: 100, full: 20_000, nightly: 20_000 });
    const site = await Site.postgres({
      settings: { evaluator_claim_limit: CLAIM_LIMIT, marketplace_lease_minutes: LEASE_MINUTES },
    });
    try {
      const processes = [await site.serve()];
      while (processes.length < PROCESSES) processes.push(await site.serve({ jobs: false }));
      await site.parties(processes[0]?.url ?? '', 4, EVALUATORS);
      await loadOn(site, processes, {
        callers: callersOf({ order: 4, answer: EVALUATORS, forget: 2 }),
        seed,
      });
      for (let made = 0; made < claims;) {
        await new Promise((done) => setTimeout(done, 1_000));
        const now = await site.count('prediction_claims');
        if (Math.floor(now / 1_000) > Math.floor(made / 1_000)) say(`${now} of ${claims} claims`);
        made = now;
      }
      await site.observer.stop();
      await allJobsEnd(site);
      await site.endAll();
      const { complaints, measured } = await verdictOf(site);
      const most = await mostHeld(site);
      const refused = site.calls().filter(({ asked, status }) => asked === 'claim' && (status ?? 0) >= 400);
      return {
        measured: {
          'most held by one': `${most} of ${CLAIM_LIMIT}`,
          'claims refused': refused.length,
          ...measured,
        },
        complaints: [...complaints, ...(most > CLAIM_LIMIT ? [`somebody held ${most} orders`] : [])],
      };
    } finally {
      await site.close();
    }
  },
};

/** The most claims that one evaluator had at the same moment, none of them ended or run out. */
async function mostHeld(site: Site): Promise<number> {
  const rows = await site.query<{ who: number; begun: string; over: string }>(
    `SELECT evaluator_id AS who, claimed_at AS begun,
       CASE WHEN ended_at < timeout_at THEN ended_at ELSE timeout_at END AS over FROM prediction_claims`,
  );
  const steps = rows.flatMap(({ who, begun, over }) => [
    { who, at: begun, change: 1 },
    { who, at: over, change: -1 },
  ]);
  // what ends in the same millisecond in which another begins ended before it
  steps.sort((a, b) => (a.at === b.at ? a.change - b.change : a.at < b.at ? -1 : 1));
  const held = new Map<number, number>();
  let most = 0;
  for (const { who, change } of steps) {
    const now = (held.get(who) ?? 0) + change;
    held.set(who, now);
    most = Math.max(most, now);
  }
  return most;
}
