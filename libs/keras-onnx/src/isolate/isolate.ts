import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { entryPoint } from '#libs/kernel';
import { corrupt, ModelError } from '../errors.js';
import { FRAME_BYTES, frameLength, type CompileRequest } from './protocol.js';

/** Bounds of the process that parses and compiles a file. */
export interface IsolationLimits {
  /** Bytes of data the process may hold, at least 64 MiB; its JavaScript heap gets half of them. */
  readonly memoryBytes: number;
  /** Milliseconds until it is killed. */
  readonly timeMs: number;
  /** Milliseconds for which it waits for a next file. */
  readonly idleMs: number;
}

const PRLIMIT = '/usr/bin/prlimit';
/** Chunks of complaints that are kept: their end tells what happened. */
const COMPLAINTS = 64;

/** Since 1.30 ONNX Runtime for Linux reports its use to its maker, and keeps an identifier under `~/.cache`, unless this is set. */
const SWITCH = 'ORT_DISABLE_TELEMETRY';

/** The environment of a process that only compiles: empty but for the switch. */
const SILENT_ENVIRONMENT: Readonly<Record<string, string>> = { [SWITCH]: '1' };

/**
 * A process that compiles one file after the other, each under the same limits. It keeps this process alive only while it is
 * asked something, and ends by itself when this process does.
 */
export class Isolate {
  /** Bytes that it has answered so far. */
  answered = 0;
  readonly #child: ChildProcess;
  readonly #complaints: Buffer[] = [];
  #chunks: Buffer[] = [];
  #size = 0;
  #end: NodeJS.Signals | number | Error | null | undefined;
  #settle: (() => void) | undefined;

  constructor(private readonly limits: IsolationLimits) {
    this.#child = start(limits);
    const [, , complaints, answers] = this.#child.stdio as unknown as Socket[];
    complaints?.on('data', (chunk: Buffer) => {
      if (this.#complaints.push(chunk) > COMPLAINTS) this.#complaints.shift();
    });
    answers?.on('data', (chunk: Buffer) => this.#take(chunk));
    // The process may be killed before it has read its request.
    this.#child.stdin?.on('error', () => undefined);
    this.#child.once('error', (error) => this.#finish(error));
    this.#child.once('close', (code, signal) => this.#finish(signal ?? code));
  }

  /** Whether it can be asked again. */
  get isAlive(): boolean {
    return this.#end === undefined;
  }

  /**
   * Its answer, as `encodeModel` or `encodeError` wrote it.
   * @throws ModelError when the process took too long or ended; it is of no use then
   */
  async ask(request: CompileRequest): Promise<Buffer> {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.end();
    }, this.limits.timeMs);
    this.#hold(true);
    try {
      this.#child.stdin?.write(`${JSON.stringify(request)}\n`);
      await new Promise<void>((resolve) => {
        this.#settle = resolve;
        if (!this.isAlive) resolve();
      });
      const answer = this.#whole();
      if (answer !== undefined) return answer;
      if (late)
        throw new ModelError(
          'model_timeout',
          `compiling the model file took more than ${this.limits.timeMs} ms; try again when the machine is less busy, or serve a smaller model`,
        );
      throw this.#crash();
    } finally {
      clearTimeout(timer);
      this.#hold(false);
    }
  }

  /** Kills it: it holds nothing that anyone misses. */
  end(): void {
    this.#child.kill('SIGKILL');
  }

  #take(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#size > this.limits.memoryBytes) this.end();
    else if (this.#whole(false) !== undefined) this.#settle?.();
  }

  /** The answer once all of it is here. */
  #whole(taken = true): Buffer | undefined {
    if (this.#size < FRAME_BYTES) return undefined;
    if (this.#chunks.length > 1 && (this.#chunks[0]?.length ?? 0) < FRAME_BYTES)
      this.#chunks = [Buffer.concat(this.#chunks)];
    const length = frameLength(this.#chunks[0] ?? Buffer.alloc(FRAME_BYTES));
    if (this.#size < FRAME_BYTES + length) return undefined;
    if (!taken) return Buffer.alloc(0);
    const answer = Buffer.concat(this.#chunks).subarray(FRAME_BYTES);
    this.answered += this.#size;
    this.#chunks = [];
    this.#size = 0;
    return answer;
  }

  #finish(end: NodeJS.Signals | number | Error | null): void {
    this.#end ??= end;
    this.#settle?.();
  }

  #crash(): Error {
    const end = this.#end;
    if (end instanceof Error) return end;
    const complaints = Buffer.concat(this.#complaints).toString('utf8');
    const outOfMemory =
      end === 'SIGABRT' ||
      end === 'SIGKILL' ||
      end === 'SIGTRAP' ||
      /out of memory|bad_alloc|allocation failed|ENOMEM/i.test(complaints);
    return outOfMemory
      ? new ModelError(
          'model_out_of_memory',
          'compiling the model file took more memory than it may; serve a smaller model',
        )
      : corrupt(`compiling the model file ended abnormally (${String(end)})`);
  }

  /** Whether the process and its pipes keep this one alive. */
  #hold(isHeld: boolean): void {
    const handles = [this.#child, ...(this.#child.stdio as unknown as (Socket | null)[])];
    for (const handle of handles) {
      if (isHeld) handle?.ref();
      else handle?.unref();
    }
  }
}

function start(isolation: IsolationLimits): ChildProcess {
  // With much less Node can hang while starting instead of giving up.
  const memoryBytes = Math.max(isolation.memoryBytes, 64 * 1024 ** 2);
  const { url, flags } = entryPoint(new URL('./worker.js', import.meta.url), 'process');
  const heapMegabytes = Math.max(64, Math.floor(memoryBytes / 2 / 1024 ** 2));
  const node = [...flags, `--max-old-space-size=${heapMegabytes}`, fileURLToPath(url)];
  // --data bounds heap, buffers and WebAssembly together; --as would break WebAssembly's address reservations.
  const [command, args] = existsSync(PRLIMIT)
    ? [PRLIMIT, [`--data=${memoryBytes}`, '--core=0', process.execPath, ...node]]
    : [process.execPath, node];
  // No secrets in the environment: the process has no use for them.
  return spawn(command, args, { stdio: ['pipe', 'ignore', 'pipe', 'pipe'], env: SILENT_ENVIRONMENT });
}

/**
 * Keeps ONNX Runtime from reporting. It reads the switch from the process's environment when its first session opens, so
 * this comes before; in a worker thread the environment is a copy and nothing that is set there would reach it.
 */
export function forbidReports(): void {
  process.env[SWITCH] ??= '1';
}
