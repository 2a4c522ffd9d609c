import { callersOf, roundsOf, type Scenario, verdictOf } from '../scenario.js';
import { allJobsEnd, freePort, Site } from '../site.js';
import { TcpProxy } from '../tcp-proxy.js';

const PROCESSES = 2;
/** Share of answers that never arrive. */
const LOST = 0.3;
const LIFE_MS = 1_500;

export const lostReplies: Scenario = {
  number: 7,
  name: 'replies are lost after the commit, clients repeat ten times at once, at two processes, over kills',
  promise: 'one effect for each key, and the same bytes for each repeat',
  play: async (circumstances) => {
    const { seed, random, say } = circumstances;
    const kills = roundsOf(circumstances, { quick: 1, full: 20, nightly: 100 });
    const site = await Site.postgres();
    const proxies: TcpProxy[] = [];
    try {
      const ports = [await freePort(), await freePort()];
      const processes = await Promise.all(ports.map((port) => site.serve({ port })));
      for (const port of ports) proxies.push(await TcpProxy.open(port, random));
      const parties = await site.parties(processes[0]?.url ?? '');
      const callers = callersOf({ repeat: 4, order: 2, predict: 2, answer: 2 });
      const targets = proxies.map(({ port }) => `http://127.0.0.1:${port}`);
      for (const proxy of proxies) proxy.lostAnswers = LOST;
      await site.observer.load({ targets, ...parties, callers, seed });
      for (let kill = 1; kill <= kills; kill += 1) {
        await new Promise((done) => setTimeout(done, LIFE_MS * (0.5 + random())));
        const nth = Math.floor(random() * PROCESSES);
        const [victim, port] = [processes[nth], ports[nth] ?? 0];
        if (victim !== undefined) await site.end(victim, 'SIGKILL');
        processes[nth] = await site.serve({ port });
        say(`${kill} of ${kills} kills, ${lostBy(proxies)} answers lost`);
      }
      for (const proxy of proxies) proxy.lostAnswers = 0;
      await site.observer.stop();
      await allJobsEnd(site);
      await site.endAll();
      const { complaints, measured } = await verdictOf(site);
      return { measured: { kills, 'answers lost': lostBy(proxies), ...measured }, complaints };
    } finally {
      await site.close();
      await Promise.all(proxies.map((proxy) => proxy.close()));
    }
  },
};

const lostBy = (proxies: readonly TcpProxy[]): number => proxies.reduce((sum, { lost }) => sum + lost, 0);
