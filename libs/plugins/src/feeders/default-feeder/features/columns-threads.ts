import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { buildColumns, type ColumnsInput, type ColumnsOutput } from './build-columns.js';

/** Up to here the main thread builds the columns itself: 25 ms of it, measured for indicators; 1,000,000 rows take 1.6 s. */
const MAIN_THREAD_ROWS = 10_000;
const IDLE_MS = 1000;

/**
 * Builds the columns of frames, those of long ones in a worker thread so that the event loop goes on. Without a build
 * there is no worker, and the caller's thread builds them.
 */
export class ColumnsThreads {
  #pool: Piscina<ColumnsInput, ColumnsOutput> | null = null;

  async build(input: ColumnsInput): Promise<ColumnsOutput> {
    const filename = input.time.length > MAIN_THREAD_ROWS ? workerFile() : undefined;
    if (filename === undefined) return buildColumns(input);
    this.#pool ??= new Piscina<ColumnsInput, ColumnsOutput>({
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
  const beside = new URL('./columns-worker.js', import.meta.url);
  const built = new URL(
    '../../../../../../dist/libs/plugins/src/feeders/default-feeder/features/columns-worker.js',
    import.meta.url,
  );
  return [beside, built].map((url) => fileURLToPath(url)).find((file) => existsSync(file));
}
