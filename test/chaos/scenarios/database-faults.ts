import { callersOf, loadOn, roundsOf, type Scenario, verdictOf } from '../scenario.js';
import { allJobsEnd, firstJob, freePort, Site } from '../site.js';
import { TcpProxy } from '../tcp-proxy.js';

const PER_SECOND = 50;
const AWAY_MS = 1_500;
const BACK_LIMIT_MS = 10_000;
const BETWEEN_MS = 1_000;
const PAUSE_MS = { quick: 6_000, full: 30_000, nightly: 30_000 } as const;

export const databaseFaults: Scenario = {
  number: 5,
  name: 'PostgreSQL is killed, stands still, and moves to another address under load',
  promise:
    'only 503 within the deadline, the first job within 10 s after it is back, no process ends, nothing is lost',
  play: async (circumstances) => {
    const { seed, extent, random, say } = circumstances;
    const kills = roundsOf(circumstances, { quick: 1, full: 10, nightly: 50 });
    const pauses = extent === 'quick' ? 0 : Math.ceil(kills / 2);
    const moves = extent === 'quick' ? 1 : 2;
    const proxies: TcpProxy[] = [];
    const site = await Site.postgres({
      through: async (port) => {
        const proxy = await TcpProxy.open(port, random);
        proxies.push(proxy);
        return proxy.port;
      },
    });
    const [proxy] = proxies;
    const { postgres } = site;
    if (proxy === undefined || postgres === null) throw new Error('the database has a proxy before it');
    try {
      const service = await site.serve();
      const worker = await site.work();
      const callers = callersOf({ predict: 6, order: 4, answer: 4, read: 2 });
      await loadOn(site, [service], { callers, perSecond: PER_SECOND, seed });
      const backs = new Map<string, number>();
      const after = async (what: string, fault: () => Promise<void>): Promise<void> => {
        await new Promise((done) => setTimeout(done, BETWEEN_MS * (1 + random())));
        await fault();
        const ms = await firstJob(site);
        say(`${what}: first job ${Math.round(ms)} ms after it was back`);
        backs.set(what, Math.max(backs.get(what) ?? 0, ms));
      };
      for (let round = 0; round < kills; round += 1) {
        await after('killed', async () => {
          await postgres.kill();
          await new Promise((done) => setTimeout(done, AWAY_MS));
          await postgres.start();
        });
      }
      for (let round = 0; round < pauses; round += 1) {
        await after('stood still', async () => {
          await postgres.pause();
          await new Promise((done) => setTimeout(done, PAUSE_MS[extent]));
          await postgres.resume();
        });
      }
      for (let round = 0; round < moves; round += 1) {
        await after('moved', async () => {
          const port = await freePort();
          proxy.cut();
          await postgres.move(port);
          proxy.aim(port);
        });
      }
      const lives = [service, worker].every(({ command }) => command.isRunning);
      await site.observer.stop();
      await allJobsEnd(site);
      const codes = await site.endAll();
      const { complaints, measured } = await verdictOf(site);
      const slowest = Math.max(...backs.values());
      return {
        measured: {
          kills,
          [`stops of ${PAUSE_MS[extent] / 1000} s`]: pauses,
          moves,
          ...Object.fromEntries(
            [...backs].map(([what, ms]) => [`first job after it ${what}`, `≤ ${Math.round(ms)} ms`]),
          ),
          ...measured,
        },
        complaints: [
          ...complaints,
          ...(lives && codes.every((code) => code === 0) ? [] : [`a process ended: ${codes.join(', ')}`]),
          ...(slowest > BACK_LIMIT_MS
            ? [`the first job came ${slowest} ms after the database was back`]
            : []),
        ],
      };
    } finally {
      await site.close();
      await proxy.close();
    }
  },
};
