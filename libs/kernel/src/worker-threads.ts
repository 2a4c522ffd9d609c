import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Piscina } from 'piscina';

/** The folder that holds `libs`: `dist` in a build, the repository when TypeScript sources run. */
const ROOT = new URL('../../../', import.meta.url).href;

/**
 * The path of a compiled worker. In a build that is `compiled` itself; when TypeScript sources run (tests, benches), it is
 * the same file of the last build.
 * @param compiled address of the `.js` file beside the calling module: `new URL('./x-worker.js', import.meta.url)`
 * @returns undefined when there is no build
 */
export function workerFile(compiled: URL): string | undefined {
  const built = new URL(compiled.href.replace(ROOT, `${ROOT}dist/`));
  return [compiled, built].map((url) => fileURLToPath(url)).find((file) => existsSync(file));
}

/** A module that is started as a process or thread of its own, and the Node flags it needs. */
export interface EntryPoint {
  readonly url: URL;
  readonly flags: readonly string[];
}

/**
 * Where a module that is started by Node itself really is: its {@link workerFile}, or without a build the `.ts` file
 * beside, which tsx loads: a process by flags, a thread by a few lines in front, because Node gives threads no loader.
 * The build goes first also when TypeScript sources run: a process that tsx starts needs twice the time.
 */
export function entryPoint(compiled: URL, kind: 'process' | 'thread'): EntryPoint {
  const file = workerFile(compiled);
  if (file !== undefined) return { url: pathToFileURL(file), flags: [] };
  const source = new URL(compiled.href.replace(/\.js$/, '.ts'));
  const conditions = '--conditions=development';
  const find = (path: string): string => pathToFileURL(createRequire(compiled).resolve(path)).href;
  if (kind === 'process') return { url: source, flags: [conditions, '--import', find('tsx')] };
  const loader = find('tsx/esm/api').replace(/\.cjs$/, '.mjs');
  const lines = `import { register } from '${loader}';\nregister();\nawait import('${source.href}');`;
  return { url: new URL(`data:text/javascript,${encodeURIComponent(lines)}`), flags: [conditions] };
}

export interface WorkerThreadsOptions {
  readonly maxThreads: number;
  /** Milliseconds after which an idle thread ends; Infinity keeps one thread until {@link WorkerThreads.close}. */
  readonly idleMs: number;
}

/**
 * Threads that run the default export of one compiled worker file (see {@link workerFile}). They start with the first task
 * and keep no process alive.
 */
export class WorkerThreads<Task, Result> {
  #file: string | undefined;
  #pool: Promise<Piscina<Task, Result>> | null = null;

  constructor(
    private readonly compiled: URL,
    private readonly options: WorkerThreadsOptions,
  ) {}

  /** Whether the worker file exists. Without a build it does not, and callers do the work in their own thread. */
  get isBuilt(): boolean {
    this.#file ??= workerFile(this.compiled);
    return this.#file !== undefined;
  }

  /**
   * @param handedOver memory of the task that goes to the thread without being copied; it is gone here
   * @throws what the worker throws, what ended its thread, or the signal's AbortError
   */
  async run(task: Task, signal?: AbortSignal, handedOver: readonly ArrayBuffer[] = []): Promise<Result> {
    this.#pool ??= this.#start();
    const pool = await this.#pool;
    return pool.run(task, { ...(signal && { signal }), transferList: [...handedOver] });
  }

  /** Ends the threads once their tasks have finished, or at once. */
  async close({ atOnce = false } = {}): Promise<void> {
    const pool = await this.#pool;
    this.#pool = null;
    await (atOnce ? pool?.destroy() : pool?.close());
  }

  /** Piscina is loaded with the first task: most processes never need it. */
  async #start(): Promise<Piscina<Task, Result>> {
    if (!this.isBuilt) throw new Error(`invariant broken: ${this.compiled.pathname} is not built`);
    const { Piscina: Pool } = await import('piscina');
    const { maxThreads, idleMs } = this.options;
    return new Pool<Task, Result>({
      filename: this.#file ?? null,
      minThreads: idleMs === Infinity ? 1 : 0,
      maxThreads,
      idleTimeout: idleMs,
    });
  }
}
