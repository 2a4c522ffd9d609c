import { eventually, HttpClient } from '#libs/testing';
import { callersOf, loadOn, roundsOf, type Scenario, verdictOf } from '../scenario.js';
import { allJobsEnd, type Running, Site } from '../site.js';

const PROCESSES = 3;
const PER_SECOND = 200;
const STOP_LIMIT_MS = 10_000;
const BETWEEN_MS = 1_000;

export const rollingStop: Scenario = {
  number: 6,
  name: 'rolling stop of three processes under load',
  promise: 'no request that was taken is cut off, each process ends with 0 within 10 s',
  play: async (circumstances) => {
    const { seed, say } = circumstances;
    const turns = roundsOf(circumstances, { quick: 1, full: 3, nightly: 30 });
    const site = await Site.postgres();
    try {
      const processes: Running[] = [];
      for (let nth = 0; nth < PROCESSES; nth += 1) processes.push(await site.serve());
      const callers = callersOf({ predict: 8, order: 4, answer: 4, read: 8 });
      await loadOn(site, processes, { callers, perSecond: PER_SECOND, seed });
      const ends: number[] = [];
      const codes: (number | null)[] = [];
      const started = performance.now();
      for (let stop = 0; stop < turns * PROCESSES; stop += 1) {
        await new Promise((done) => setTimeout(done, BETWEEN_MS));
        const nth = stop % PROCESSES;
        const one = processes[nth] as Running;
        const asked = performance.now();
        const ended = site.end(one, 'SIGTERM');
        await leftByBalancer(site, one, processes);
        codes.push(await ended);
        ends.push(performance.now() - asked);
        processes[nth] = await site.serve();
        await site.observer.aim(processes.map(({ url }) => url));
        say(`${stop + 1} of ${turns * PROCESSES} stops, ${Math.round(ends.at(-1) ?? 0)} ms`);
      }
      const seconds = (performance.now() - started) / 1000;
      const { answered } = await site.observer.stop();
      await allJobsEnd(site);
      await site.endAll();
      const { complaints, measured } = await verdictOf(site);
      const cut = site.calls().filter(({ status, fault }) => status === null && fault !== 'ECONNREFUSED');
      const slowest = Math.max(...ends);
      return {
        measured: {
          stops: ends.length,
          'slowest stop': `${Math.round(slowest)} ms`,
          'answers a second': Math.round(answered / seconds),
          ...measured,
        },
        complaints: [
          ...complaints,
          ...(cut.length > 0
            ? [`${cut.length} requests were cut off: ${JSON.stringify(cut.slice(0, 2))}`]
            : []),
          ...(codes.every((code) => code === 0) ? [] : [`exit codes ${codes.join(', ')}`]),
          ...(slowest > STOP_LIMIT_MS ? [`a stop took ${slowest} ms`] : []),
        ],
      };
    } finally {
      await site.close();
    }
  },
};

/** As a balancer does: asks whether it is ready, and sends it nothing more once it is not. */
async function leftByBalancer(site: Site, one: Running, processes: readonly Running[]): Promise<void> {
  const http = new HttpClient(one.url);
  const ready = (): Promise<boolean> =>
    http.get('/health/ready').then(
      ({ status }) => status === 200,
      () => false,
    );
  await eventually('it is not ready', async () => !(await ready()));
  await site.observer.aim(processes.filter((other) => other !== one).map(({ url }) => url));
}
