import { closeSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, HttpClient } from '#libs/testing';
import { mountDisk, NetworkHost } from '../hosts.js';
import { type Circumstances, callersOf, loadOn, type Played, type Scenario, verdictOf } from '../scenario.js';
import { allJobsEnd, firstJob, Site } from '../site.js';
import { TcpProxy } from '../tcp-proxy.js';
import { slowFeeder } from '../slow-feeder.js';

const DISK_MB = { sqlite: 32, postgres: 160 } as const;
/** What the ballast leaves free. */
const LEFT_BYTES = 200_000;
const FULL_MS = 3_000;
const CUT_MS = { quick: 8_000, full: 60_000, nightly: 60_000 } as const;
const SLOW_MS = 4_000;

export const fullDisks: Scenario = {
  number: 10,
  name: 'the disk of the database is full; a worker is cut off from everything',
  promise:
    'writes are refused with 503, what needs no row is served, late writes change nothing, all recovers without a restart',
  play: async (circumstances) => {
    const parts = {
      'SQLite, disk full': await onFullDisk(circumstances, 'sqlite'),
      'PostgreSQL, disk full': await onFullDisk(circumstances, 'postgres'),
      'worker cut off': await cutOff(circumstances),
    };
    return {
      measured: Object.fromEntries(
        Object.entries(parts).flatMap(([part, { measured }]) =>
          Object.entries(measured).map(([what, figure]) => [`${part}: ${what}`, figure]),
        ),
      ),
      complaints: Object.entries(parts).flatMap(([part, { complaints }]) =>
        complaints.map((one) => `${part}: ${one}`),
      ),
    };
  },
};

async function onFullDisk({ seed, say }: Circumstances, kind: 'sqlite' | 'postgres'): Promise<Played> {
  const folder = mkdtempSync(join(tmpdir(), 'chaos-disk-'));
  const disk = mountDisk(folder, DISK_MB[kind]);
  const site = await (kind === 'sqlite'
    ? Site.sqlite({ folder })
    : Site.postgres({ postgresEnv: { TMPDIR: folder } }));
  try {
    const service = await site.serve();
    const callers = callersOf({ predict: 2, order: 2, answer: 1, read: 1 });
    await loadOn(site, [service], { callers, perSecond: 40, seed });
    await eventually('answers come', async () => (await site.observer.figures()).acknowledged > 20);
    const ballast = join(folder, 'ballast');
    fill(ballast);
    const isRefused = (): boolean => {
      fill(ballast, 0); // what was given back meanwhile
      return site.calls().some(({ status }) => status === 503);
    };
    await eventually('writes are refused', isRefused, 60_000);
    say(`${kind}: the disk is full`);
    await new Promise((done) => setTimeout(done, FULL_MS));
    const health = (await new HttpClient(service.url).get('/health')).status;
    rmSync(ballast);
    const backMs = await firstJob(site);
    const lives = service.command.isRunning;
    await site.observer.stop();
    await allJobsEnd(site);
    await site.end(service, 'SIGTERM');
    const { complaints, measured } = await verdictOf(site);
    return {
      measured: { 'first job after there was space': `${Math.round(backMs)} ms`, ...measured },
      complaints: [
        ...complaints,
        ...(lives ? [] : ['the service ended']),
        ...(health === 200 ? [] : [`/health answered ${health} meanwhile`]),
      ],
    };
  } finally {
    await site.close();
    disk.unmount();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Writes until so little is left. */
function fill(path: string, leave = LEFT_BYTES): void {
  const file = openSync(path, 'a');
  try {
    for (;;) {
      const { bavail, bsize } = statfsSync(path);
      const bytes = Math.min(1_000_000, bavail * bsize - leave);
      if (bytes <= 0) return;
      writeSync(file, Buffer.alloc(bytes, 1));
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  } finally {
    closeSync(file);
  }
}

/** The name under which a worker holds jobs that is not this one. */
async function holderBeside(site: Site, other: string): Promise<string> {
  let found: string | undefined;
  await eventually(
    'a worker has jobs',
    async () => {
      const [row] = await site.query<{ holder: string }>(
        `SELECT lease_holder AS holder FROM jobs WHERE status = 'running' AND lease_holder <> '${other}'`,
      );
      found = row?.holder;
      return found !== undefined;
    },
    60_000,
  );
  return found ?? '';
}

const heldBy = (site: Site, holder: string): Promise<number> =>
  site.count(`jobs WHERE status = 'running' AND lease_holder = '${holder}'`);

/** API, two workers and PostgreSQL on four addresses; the cable of one worker is pulled. */
async function cutOff({ seed, extent, random, say }: Circumstances): Promise<Played> {
  const hosts = [1, 2, 3].map((nth) => NetworkHost.add(nth));
  const proxies: TcpProxy[] = [];
  const site = await Site.postgres({
    through: async (port) => {
      const proxy = await TcpProxy.open(port, random, '0.0.0.0');
      proxies.push(proxy);
      return proxy.port;
    },
  });
  try {
    const settings = slowFeeder(site.folder, SLOW_MS);
    const [api, near, far] = hosts;
    if (api === undefined || near === undefined || far === undefined)
      throw new Error('three hosts were made');
    const service = await site.serve({ ...settings, jobs: false }, {}, api);
    await site.work(settings, {}, near);
    await loadOn(site, [service], { callers: callersOf({ predict: 2 }), perSecond: 6, seed });
    const other = await holderBeside(site, '');
    const worker = await site.work(settings, {}, far);
    const holder = await holderBeside(site, other);
    far.unplug();
    say('a worker is cut off');
    const started = performance.now();
    await eventually('its jobs are with the other', async () => (await heldBy(site, holder)) === 0, 60_000);
    const takenMs = performance.now() - started;
    await new Promise((done) => setTimeout(done, Math.max(0, CUT_MS[extent] - takenMs)));
    far.plug();
    const ready = async (): Promise<boolean> =>
      (await new HttpClient(worker.url).get('/health/ready')).status === 200;
    const plugged = performance.now();
    await eventually('it is ready again', () => ready().catch(() => false), 60_000);
    await eventually('it works again', async () => (await heldBy(site, holder)) > 0, 60_000);
    const backMs = performance.now() - plugged;
    await site.observer.stop();
    await allJobsEnd(site);
    await site.endAll();
    const { complaints, measured } = await verdictOf(site);
    return {
      measured: {
        'cut off for': `${CUT_MS[extent] / 1000} s`,
        'its jobs with the other after': `${Math.round(takenMs)} ms`,
        'at work again after': `${Math.round(backMs)} ms`,
        ...measured,
      },
      complaints,
    };
  } finally {
    await site.close();
    for (const proxy of proxies) await proxy.close();
    for (const host of hosts) host.remove();
  }
}
