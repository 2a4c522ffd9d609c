import { connect } from 'node:net';
import { eventually } from '#libs/testing';
import { type Call, isAcknowledged } from '../journal.js';
import { callersOf, loadOn, roundsOf, type Scenario, verdictOf } from '../scenario.js';
import { memoryOf } from '../measures.js';
import { allJobsEnd, type Running, Site } from '../site.js';

/** As many as bring the service to its peak. */
const PEAK = callersOf({ order: 16 });
const TIMES = 3;
const PEAK_MS = { quick: 5_000, full: 15_000, nightly: 60_000 } as const;
const HALF_OPEN = 1_000;
const LOOK_EVERY_MS = 250;
const LIMITS = { goodput: 0.8, refusalMs: 100, memoryMb: 512, slowSocketMs: 10_000 } as const;

export const overload: Scenario = {
  number: 8,
  name: 'three times the load of the peak, and a thousand half-open sockets',
  promise:
    'goodput ≥ 80 % of the peak, refusals within 100 ms with Retry-After, memory ≤ 512 MB, as before after 10 s, slow sockets closed within 10 s',
  play: async (circumstances) => {
    const { seed, extent, say } = circumstances;
    const seconds = roundsOf(circumstances, { quick: 10, full: 60, nightly: 300 });
    const site = Site.sqlite();
    try {
      const service = await site.serve();
      const memory = new MemoryWatch(service);
      const during = async (load: Parameters<typeof loadOn>[2], ms: number): Promise<Call[]> => {
        await loadOn(site, [service], load);
        const started = Date.now();
        await new Promise((done) => setTimeout(done, ms));
        const ended = Date.now();
        await site.observer.stop();
        const isIn = ({ at, ms: took }: Call): boolean => at + took >= started && at + took <= ended;
        return site.calls().filter(isIn);
      };
      const peakOf = async (ms: number): Promise<number> =>
        rateOf(await during({ callers: PEAK, seed }, ms), ms);
      await peakOf(PEAK_MS.quick); // nothing is compiled yet
      const peak = await peakOf(PEAK_MS[extent]);
      say(`peak ${Math.round(peak)} answers a second`);
      const sockets = halfOpen(service);
      const flood = { callers: callersOf({ flood: 1 }), perSecond: TIMES * peak, seed };
      const flooded = await during(flood, seconds * 1000);
      const under = rateOf(flooded, seconds * 1000);
      const refused = flooded.filter(({ status }) => status === 503);
      say(`${Math.round(TIMES * peak)} a second: ${Math.round(under)} answers, ${refused.length} refusals`);
      const slowSocket = await sockets;
      const after = await peakOf(PEAK_MS[extent]);
      await allJobsEnd(site);
      const mostMb = memory.end();
      await site.end(service, 'SIGTERM');
      const { complaints, measured } = await verdictOf(site);
      const refusalMs = p99(refused.map(({ ms }) => ms));
      return {
        measured: {
          'peak a second': Math.round(peak),
          'under three times of it': Math.round(under),
          'after it': Math.round(after),
          refusals: refused.length,
          'refusals p99': `${refusalMs} ms`,
          memory: `${mostMb} MB`,
          'half-open sockets closed after': `${slowSocket} ms`,
          ...measured,
        },
        complaints: [
          ...complaints,
          ...(under < LIMITS.goodput * peak ? [`goodput fell to ${Math.round((100 * under) / peak)} %`] : []),
          ...(after < LIMITS.goodput * peak
            ? [`afterwards ${Math.round((100 * after) / peak)} % of the peak`]
            : []),
          ...(refused.length > 0 && refusalMs > LIMITS.refusalMs ? [`refusals took ${refusalMs} ms`] : []),
          ...(mostMb > LIMITS.memoryMb ? [`${mostMb} MB resident`] : []),
          ...(slowSocket > LIMITS.slowSocketMs ? [`a half-open socket lived ${slowSocket} ms`] : []),
        ],
      };
    } finally {
      await site.close();
    }
  },
};

const rateOf = (calls: readonly Call[], ms: number): number =>
  calls.filter(isAcknowledged).length / (ms / 1000);

function p99(list: readonly number[]): number {
  const sorted = list.toSorted((a, b) => a - b);
  return sorted[Math.floor(0.99 * (sorted.length - 1))] ?? 0;
}

/** Resident memory of a process, at its most. */
class MemoryWatch {
  #most = 0;
  readonly #timer;

  constructor({ command }: Running) {
    this.#timer = setInterval(
      () => (this.#most = Math.max(this.#most, memoryOf(command.pid))),
      LOOK_EVERY_MS,
    );
  }

  end(): number {
    clearInterval(this.#timer);
    return Math.round(this.#most);
  }
}

/** Sockets that send half a request and wait; resolves with the time until the last one was closed, in ms. */
async function halfOpen({ url }: Running): Promise<number> {
  const port = Number(new URL(url).port);
  const started = performance.now();
  let open = HALF_OPEN;
  for (let nth = 0; nth < HALF_OPEN; nth += 1) {
    const socket = connect(port, '127.0.0.1', () =>
      socket.write('GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: '),
    );
    socket.resume();
    socket.on('error', () => undefined).once('close', () => (open -= 1));
  }
  await eventually('all half-open sockets are closed', () => open === 0, 120_000);
  return Math.round(performance.now() - started);
}
