/**
 * Resident memory under mixed load: synchronous answers, core predictions, orders and their answers, lists and statistics, each
 * at a fixed rate, about a fifth of a core together. Memory that is held for good shows as a slope. It needs no quiet machine: run it at `nice`.
 *
 *   npm run bench -- --memory 60
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Market, SETTINGS } from './marketplace.js';
import { predict } from './predictions.js';
import { MAIN, serveProduct, type Served } from './served.js';

/**
 * On a signal the service collects its garbage and writes down what is left: left to itself V8 collects when it needs the room,
 * every quarter of an hour at this rate, and the memory between goes up and down by more than a slope.
 */
const COLLECT = 'SIGUSR2';
const collecting = (file: string): string[] => [
  '--expose-gc',
  '--import',
  `data:text/javascript,import { writeFileSync } from 'node:fs';process.on('${COLLECT}', () => {
    gc();
    const { heapUsed, external } = process.memoryUsage();
    writeFileSync(${JSON.stringify(file)}, String(heapUsed + external));
  });`.replaceAll('\n', ' '),
];
/** The least that is looked at after a collection, which also gives pages back a little later. */
const LOOK_MS = 1_000;
const LOOKS = 5;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** The first part of the time, in which code is compiled and caches are filled. */
const WARM_UP = 1 / 3;
const PARTIES = 4;
/** How often each client asks, in ms: 80 synchronous answers and 20 predictions a second, and so on. */
const EVERY_MS = { entry: 50, prediction: 200, orders: 10_000, list: 500, statistics: 1_000 };
/** How long orders are submitted in each turn, and then answered. */
const [SUBMIT_MS, ANSWER_MS] = [250, 1_000];
/** Fewer leave no minutes for a line with an error. */
const FEWEST_MINUTES = 6;

export interface MemoryFigures {
  readonly minutes: number;
  /** Resident megabytes: the least of the first and of the last minute after the warm-up. */
  readonly firstMb: number;
  readonly lastMb: number;
  /** Of the resident megabytes, through the minutes after the warm-up. */
  readonly resident: Slope;
  /** Of what the program still holds after each collection: it has no part of what V8 and the allocator keep for later. */
  readonly held: Slope;
  /** How often each kind of work was done. */
  readonly done: Readonly<Record<string, number>>;
}

/** A line's megabytes an hour, and their standard error. */
interface Slope {
  readonly slope: number;
  readonly error: number;
}

interface Minute {
  readonly residentMb: number;
  readonly heldMb: number;
}

/** @throws Error when any request is refused, and for less than six minutes */
export async function measureMemory(minutes: number): Promise<MemoryFigures> {
  if (!(minutes >= FEWEST_MINUTES)) throw new Error(`--memory takes at least ${FEWEST_MINUTES} minutes`);
  const bars = resolve('examples/data/synthetic_fx_1h_2023.csv');
  const settings = {
    ...SETTINGS,
    core_plugin: 'sync_core',
    predictor_plugin: 'binary_ideal_oracle',
    csv_file: bars,
    data_source: 'file',
    data_file_path: bars,
    max_concurrent_predictions: 100,
  };
  const folder = mkdtempSync(join(tmpdir(), 'prediction-provider-bench-'));
  const file = join(folder, 'held');
  const served = await serveProduct(settings, MAIN, collecting(file));
  try {
    const load = new MixedLoad(served, await Market.open(served.url));
    const until = performance.now() + minutes * MINUTE_MS;
    const [all] = await Promise.all([lookEachMinute(served, file, minutes), load.runUntil(until)]);
    const warm = all.slice(Math.ceil(minutes * WARM_UP));
    return {
      minutes,
      firstMb: warm[0]?.residentMb ?? NaN,
      lastMb: warm.at(-1)?.residentMb ?? NaN,
      resident: slopeOf(warm.map((minute) => minute.residentMb)),
      held: slopeOf(warm.map((minute) => minute.heldMb)),
      done: load.done,
    };
  } finally {
    await served.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Both figures of each minute: the least resident after a collection, and what it left. */
async function lookEachMinute(served: Served, file: string, minutes: number): Promise<Minute[]> {
  const seen: Minute[] = [];
  for (let minute = 0; minute < minutes; minute += 1) {
    await pause(MINUTE_MS - LOOKS * LOOK_MS);
    served.process.kill(COLLECT);
    let mb = Infinity;
    for (let look = 0; look < LOOKS; look += 1) {
      await pause(LOOK_MS);
      mb = Math.min(mb, residentMb(served));
    }
    const heldMb = Number(readFileSync(file, 'utf8')) / 1024 ** 2;
    seen.push({ residentMb: mb, heldMb });
    console.log(`minute ${minute + 1}: ${mb.toFixed(1)} MB, the program holds ${heldMb.toFixed(2)} of them`);
  }
  return seen;
}

/** What a process holds in memory. */
export function residentMb({ process: { pid } }: Served): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

/** Least squares over values a minute apart. */
function slopeOf(values: readonly number[]): Slope {
  const count = values.length;
  const meanX = (count - 1) / 2;
  const meanY = values.reduce((sum, value) => sum + value, 0) / count;
  const spread = values.reduce((sum, _, x) => sum + (x - meanX) ** 2, 0);
  const slope = values.reduce((sum, value, x) => sum + (x - meanX) * (value - meanY), 0) / spread;
  const rest = values.reduce((sum, value, x) => sum + (value - meanY - slope * (x - meanX)) ** 2, 0);
  const perHour = HOUR_MS / MINUTE_MS;
  return { slope: slope * perHour, error: Math.sqrt(rest / (count - 2) / spread) * perHour };
}

/** Everything that a busy service does, each kind by a few clients of its own. */
class MixedLoad {
  readonly done: Record<string, number> = {};

  constructor(
    private readonly served: Served,
    private readonly market: Market,
  ) {}

  async runUntil(end: number): Promise<void> {
    const entry = JSON.stringify({ datetime: '01.03.2023 08:00:00.000', tp: 150, sl: 100 });
    await Promise.all([
      this.#repeat('entry', end, PARTIES, () => this.#ask('/predict/entry', entry)),
      this.#repeat('prediction', end, PARTIES, () => predict(this.served)),
      this.#repeat('orders', end, 1, async () => {
        await this.market.submitFor(PARTIES, SUBMIT_MS);
        await this.market.answerFor(PARTIES, ANSWER_MS);
      }),
      this.#repeat('list', end, 1, () => this.#ask('/predictions?limit=50')),
      this.#repeat('statistics', end, 1, () => this.#ask('/admin/stats')),
    ]);
  }

  async #repeat(
    name: keyof typeof EVERY_MS,
    end: number,
    clients: number,
    work: () => Promise<unknown>,
  ): Promise<void> {
    const one = async (): Promise<void> => {
      for (
        let next = performance.now();
        next < end;
        next = Math.max(next + EVERY_MS[name], performance.now())
      ) {
        await pause(Math.max(0, next - performance.now()));
        await work();
        this.done[name] = (this.done[name] ?? 0) + 1;
      }
    };
    await Promise.all(Array.from({ length: clients }, one));
  }

  async #ask(path: string, body?: string): Promise<void> {
    const answer = await fetch(`${this.served.url}/api/v1${path}`, {
      headers: { 'Content-Type': 'application/json', 'X-API-KEY': SETTINGS.admin_api_key },
      ...(body !== undefined && { method: 'POST', body }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${text}`);
  }
}
