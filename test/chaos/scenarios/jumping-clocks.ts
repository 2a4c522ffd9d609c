import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, HttpClient } from '#libs/testing';
import { libfaketime } from '../hosts.js';
import { callersOf, loadOn, roundsOf, type Scenario, verdictOf } from '../scenario.js';
import { allJobsEnd, firstJob, type Running, Site } from '../site.js';

const JUMPS = ['+2h', '-2h', '+0'] as const;
const OFFSETS_MS = { '+2h': 7_200_000, '-2h': -7_200_000, '+0': 0 } as const;
/** Two clocks that were read one after the other. */
const NEAR_MS = 120_000;
const LEASE_MS = 3_000;
const BETWEEN_MS = 1_500;

/** A clock that jumps when its file is written. */
class JumpingClock {
  readonly #path: string;

  constructor(folder: string, name: string) {
    this.#path = join(folder, `${name}.clock`);
    this.jump('+0');
  }

  env(library: string): Record<string, string> {
    return {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: this.#path,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    };
  }

  jump(to: string): void {
    writeFileSync(this.#path, `${to}\n`, { mode: 0o644 });
  }
}

export const jumpingClocks: Scenario = {
  number: 9,
  name: 'the wall clocks of service, worker and database jump by two hours, forth and back',
  promise: 'nothing is lost or done twice, a new job is done within two leases of each jump',
  play: async (circumstances) => {
    const { seed, say } = circumstances;
    const rounds = roundsOf(circumstances, { quick: 1, full: 2, nightly: 10 });
    const library = libfaketime();
    const folder = mkdtempSync(join(tmpdir(), 'chaos-clocks-'));
    chmodSync(folder, 0o711); // PostgreSQL, which never runs as root, reads its clock there
    const clocks = Object.fromEntries(
      ['service', 'worker', 'database'].map((name) => [name, new JumpingClock(folder, name)]),
    ) as Record<'service' | 'worker' | 'database', JumpingClock>;
    const site = await Site.postgres({ postgresEnv: clocks.database.env(library) });
    try {
      const service = await site.serve({ jobs: false }, clocks.service.env(library));
      await site.work({}, clocks.worker.env(library));
      await loadOn(site, [service], {
        callers: callersOf({ predict: 3, order: 2, answer: 2 }),
        perSecond: 30,
        seed,
      });
      const slowest = new Map<string, number>();
      for (let round = 0; round < rounds; round += 1) {
        for (const [name, clock] of Object.entries(clocks)) {
          for (const jump of JUMPS) {
            clock.jump(jump);
            await hasJumped(site, service, name, OFFSETS_MS[jump]);
            const ms = await firstJob(site);
            slowest.set(name, Math.max(slowest.get(name) ?? 0, ms));
            await new Promise((done) => setTimeout(done, BETWEEN_MS));
          }
          say(`${name}: a new job at most ${Math.round(slowest.get(name) ?? 0)} ms after a jump`);
        }
      }
      await site.observer.stop();
      await allJobsEnd(site);
      await site.endAll();
      const { complaints, measured } = await verdictOf(site, { hasSteadyClock: false });
      const most = Math.max(...slowest.values());
      const told = [...slowest].map(([name, ms]) => [
        `first job after jumps of the ${name}`,
        `≤ ${Math.round(ms)} ms`,
      ]);
      return {
        measured: {
          jumps: rounds * 3 * JUMPS.length,
          ...(Object.fromEntries(told) as Record<string, string>),
          ...measured,
        },
        complaints: [
          ...complaints,
          ...(most > 2 * LEASE_MS
            ? [`the first job came ${most} ms after a jump, leases are ${LEASE_MS} ms`]
            : []),
        ],
      };
    } finally {
      await site.close();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

/** @throws Error when the clock is not where it was put: then the scenario would show nothing */
async function hasJumped(site: Site, service: Running, name: string, offsetMs: number): Promise<void> {
  if (name === 'worker') return; // nothing tells its time, but it is started like the service
  // Node keeps the text of the header Date for up to a second
  await eventually(`the clock of the ${name} jumps`, async () => {
    const [row] = await site.query<{ now: Date }>('SELECT now() AS now');
    const { headers } = await new HttpClient(service.url).get('/health');
    const seen = name === 'database' ? row?.now.getTime() : Date.parse(headers.get('date') ?? '');
    return Math.abs((seen ?? 0) - Date.now() - offsetMs) <= NEAR_MS;
  });
}
