import { resolve } from 'node:path';
import { BoundedQueue } from '#libs/kernel';
import { ModelError } from '../errors.js';
import type { ModelLimits } from '../containers/source.js';
import { recipesNow } from '../layers/recipe-book.js';
import type { CompiledModel } from './compile-file.js';
import { Isolate, type IsolationLimits } from './isolate.js';
import { decodeModel, type CompileRequest } from './protocol.js';

/** Enough for models of about 100 MB. */
export const DEFAULT_ISOLATION: IsolationLimits = {
  memoryBytes: 2 * 1024 ** 3,
  timeMs: 60_000,
  idleMs: 2_000,
};

/** Two at once keep a small machine responsive; more wait. */
const MAX_RUNNING = 2;
const MAX_WAITING = 64;
/** How much a process may have answered: what one file left behind must not starve the next. */
const MOST_ANSWERED = 64 * 1024 ** 2;

const compilations = new BoundedQueue(
  MAX_RUNNING,
  MAX_WAITING,
  () => new ModelError('model_timeout', 'too many model files are waiting to be compiled; try again later'),
);

/** Processes that wait for a next file, by their limits. */
const idle = new Map<string, Isolate[]>();

/**
 * Compiles a file in another process. Whatever the file does there, the caller gets a model or a `ModelError`. A process that
 * compiled a sound file takes the next one; after any other file it ends.
 */
export function compileIsolated(
  path: string | readonly string[],
  limits: ModelLimits,
  isolation: IsolationLimits,
): Promise<CompiledModel> {
  const request = { path: [path].flat().map((one) => resolve(one)), limits, recipes: recipesNow() };
  return compilations.run(async () => {
    const waiting = takeIdle(isolation);
    if (waiting !== undefined) {
      const model = await compileIn(waiting, request, isolation).catch((error: unknown) => {
        // What an earlier file left in the process is no fault of this one.
        if (waiting.isAlive || (error as ModelError).code === 'model_timeout') throw error;
        return undefined;
      });
      if (model !== undefined) return model;
    }
    return compileIn(new Isolate(isolation), request, isolation);
  });
}

async function compileIn(
  isolate: Isolate,
  request: CompileRequest,
  isolation: IsolationLimits,
): Promise<CompiledModel> {
  const answer = await isolate.ask(request);
  try {
    const model = decodeModel(answer);
    keepIdle(isolate, isolation);
    return model;
  } catch (error) {
    isolate.end();
    throw error;
  }
}

function takeIdle(isolation: IsolationLimits): Isolate | undefined {
  const waiting = idle.get(JSON.stringify(isolation));
  for (let isolate = waiting?.pop(); isolate !== undefined; isolate = waiting?.pop())
    if (isolate.isAlive) return isolate;
  return undefined;
}

function keepIdle(isolate: Isolate, isolation: IsolationLimits): void {
  if (isolate.answered > MOST_ANSWERED) return isolate.end();
  const key = JSON.stringify(isolation);
  const waiting = idle.get(key) ?? [];
  idle.set(key, waiting);
  waiting.push(isolate);
  setTimeout(() => {
    const at = waiting.indexOf(isolate);
    if (at < 0) return;
    waiting.splice(at, 1);
    isolate.end();
  }, isolation.idleMs).unref();
}
