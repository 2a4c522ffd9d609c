import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { computeIndicators, type IndicatorInput, type Indicators } from './compute-indicators.js';

/** Below this the main thread is done (measured: 20 ms for 50,000 rows) before a thread has started. */
const MAIN_THREAD_ROWS = 50_000;
const IDLE_MS = 1000;

/**
 * Computes the indicators of frames, those of long ones in a worker thread so that the event loop goes on. Without a
 * build there is no worker, and the caller's thread computes them.
 */
export class IndicatorThreads {
  #pool: Piscina<IndicatorInput, Indicators> | null = null;

  async compute(input: IndicatorInput): Promise<Indicators> {
    const filename = input.time.length > MAIN_THREAD_ROWS ? workerFile() : undefined;
    if (filename === undefined) return computeIndicators(input);
    this.#pool ??= new Piscina<IndicatorInput, Indicators>({
      filename,
      minThreads: 0,
      maxThreads: 1,
      idleTimeout: IDLE_MS,
    });
    return this.#pool.run(input);
  }

  async close(): Promise<void> {
    await this.#pool?.destroy();
    this.#pool = null;
  }
}

/** The compiled worker: beside this module in a build, that of the last build when this module runs from its source. */
function workerFile(): string | undefined {
  const beside = new URL('./indicator-worker.js', import.meta.url);
  const built = new URL(
    '../../../../../../dist/libs/plugins/src/feeders/default-feeder/features/indicator-worker.js',
    import.meta.url,
  );
  return [beside, built].map((url) => fileURLToPath(url)).find((file) => existsSync(file));
}
