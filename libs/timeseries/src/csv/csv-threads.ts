import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import type { CsvOptions, CsvOutcome } from './csv-format.js';
import type { CsvTask } from './csv-worker.js';

/** Two loads run at once, the others wait; a thread ends when it has been idle for a second. */
const THREADS = 2;
const IDLE_MS = 1000;

let pool: Piscina<CsvTask, CsvOutcome> | undefined;

/**
 * The compiled worker: beside this module in a build; when this module runs from its TypeScript source (tests, benches),
 * the one of the last build. Undefined when there is no build, and the caller parses in its own thread.
 */
function workerFile(): string | undefined {
  const beside = new URL('./csv-worker.js', import.meta.url);
  const built = new URL('../../../../dist/libs/timeseries/src/csv/csv-worker.js', import.meta.url);
  return [beside, built].map((url) => fileURLToPath(url)).find((file) => existsSync(file));
}

/** Whether {@link parseInThread} can be used. */
export const hasThreads = (): boolean => pool !== undefined || workerFile() !== undefined;

/**
 * Parses a file in a worker thread; the arrays come back without being copied.
 * @throws the signal's AbortError, or whatever ended the thread
 */
export async function parseInThread(
  path: string,
  options: CsvOptions,
  signal?: AbortSignal,
): Promise<CsvOutcome> {
  const filename = workerFile();
  if (filename === undefined) throw new Error('invariant broken: the CSV worker is not built');
  pool ??= new Piscina<CsvTask, CsvOutcome>({
    filename,
    minThreads: 0,
    maxThreads: THREADS,
    idleTimeout: IDLE_MS,
  });
  return pool.run({ path, options }, signal ? { signal } : {});
}
