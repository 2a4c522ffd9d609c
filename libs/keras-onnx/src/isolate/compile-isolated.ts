import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { BoundedQueue, entryPoint } from '#libs/kernel';
import { ModelError } from '../errors.js';
import type { ModelLimits } from '../containers/source.js';
import type { CompiledModel } from './compile-file.js';
import { decodeModel, type CompileRequest } from './protocol.js';

/** Bounds of the process that parses and compiles a file. */
export interface IsolationLimits {
  /** Bytes of data the process may hold, at least 64 MiB; its JavaScript heap gets half of them. */
  readonly memoryBytes: number;
  /** Milliseconds until it is killed. */
  readonly timeMs: number;
}

/** Enough for models of about 100 MB. */
export const DEFAULT_ISOLATION: IsolationLimits = { memoryBytes: 2 * 1024 ** 3, timeMs: 60_000 };

/** Two at once keep a small machine responsive; more wait. */
const MAX_RUNNING = 2;
const MAX_WAITING = 64;
const PRLIMIT = '/usr/bin/prlimit';

/** Since 1.30 ONNX Runtime for Linux reports its use to its maker, and keeps an identifier under `~/.cache`, unless this is set. */
const SWITCH = 'ORT_DISABLE_TELEMETRY';

/** The environment of a process that only compiles: empty but for the switch. */
const SILENT_ENVIRONMENT: Readonly<Record<string, string>> = { [SWITCH]: '1' };

const compilations = new BoundedQueue(
  MAX_RUNNING,
  MAX_WAITING,
  () => new ModelError('model_timeout', 'too many models are waiting to be compiled'),
);

/** Compiles a file in a process of its own. Whatever the file does there, the caller gets a model or a `ModelError`. */
export function compileIsolated(
  path: string | readonly string[],
  limits: ModelLimits,
  isolation: IsolationLimits,
): Promise<CompiledModel> {
  return compilations.run(() =>
    compileOnce({ path: [path].flat().map((one) => resolve(one)), limits }, isolation),
  );
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

async function compileOnce(request: CompileRequest, isolation: IsolationLimits): Promise<CompiledModel> {
  const child = start(isolation);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill('SIGKILL');
  }, isolation.timeMs);
  try {
    const ended = new Promise<NodeJS.Signals | number | null>((done, fail) => {
      child.once('error', fail);
      child.once('close', (code, signal) => done(signal ?? code));
    });
    // The process may be killed before it has read its request.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(JSON.stringify(request));
    const [answer, complaints, end] = await Promise.all([
      collect(child.stdio[3] as Readable, isolation.memoryBytes, child),
      collect(child.stderr as Readable, isolation.memoryBytes, undefined),
      ended,
    ]);
    if (late) throw new ModelError('model_timeout', `compiling took more than ${isolation.timeMs} ms`);
    if (end !== 0) throw crash(end, complaints.toString('utf8'));
    return decodeModel(answer);
  } finally {
    clearTimeout(timer);
  }
}

/** Gathers a stream; more than `limit` bytes kill their sender, and only the tail of complaints is of use. */
async function collect(stream: Readable, limit: number, sender: ChildProcess | undefined): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    const bytes = chunk as Buffer;
    size += bytes.length;
    if (sender === undefined) {
      if (chunks.push(bytes) > 64) chunks.shift();
      continue;
    }
    if (size > limit) sender.kill('SIGKILL');
    else chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

function crash(end: NodeJS.Signals | number | null, complaints: string): ModelError {
  const outOfMemory =
    end === 'SIGABRT' ||
    end === 'SIGKILL' ||
    end === 'SIGTRAP' ||
    /out of memory|bad_alloc|allocation failed|ENOMEM/i.test(complaints);
  return outOfMemory
    ? new ModelError('model_out_of_memory', 'compiling the model took more memory than it may')
    : new ModelError('model_corrupt', `compiling the model ended abnormally (${String(end)})`);
}

/**
 * Keeps ONNX Runtime from reporting. It reads the switch from the process's environment when its first session opens, so
 * this comes before; in a worker thread the environment is a copy and nothing that is set there would reach it.
 */
export function forbidReports(): void {
  process.env[SWITCH] ??= '1';
}
