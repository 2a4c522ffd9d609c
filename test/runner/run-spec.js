import runner from 'jest-circus/runner';
import asyncHooks, { AsyncLocalStorage } from 'node:async_hooks';
import { findSourceMap, register } from 'node:module';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import * as jestGlobals from './jest-globals.js';

register('./typescript-hooks.js', import.meta.url);
process.setSourceMapsEnabled(true);
// With one worker the specs run in the process of the setup, whose teardown needs the rest of what it keeps there.
globalThis.testResources ??= JSON.parse(process.env.TEST_RESOURCES);

/**
 * Jest's `testRunner`: Circus as always, but the spec file is imported by Node. Jest's own loader evaluates every module
 * anew for every spec file, and the product with Nest, TypeORM and Vega costs it four CPU seconds each time; here a
 * worker process loads a module once, as the product does. What a module keeps, the next spec file of the worker finds:
 * a spec leaves nothing behind. Jest's module mocks and its watch mode in one process do not work this way.
 */
export default async function runSpec(
  globalConfig,
  config,
  environment,
  runtime,
  testPath,
  sendMessageToJest,
) {
  const { fn, spyOn } = bound(environment.moduleMocker);
  runtime.setGlobalsForRuntime = (globals) =>
    jestGlobals.use({ ...globals, jest: { fn, spyOn, setTimeout: (ms) => setTestTimeout(environment, ms) } });
  runtime.unstable_shouldLoadAsEsm = () => true;
  runtime.unstable_importModule = (path) => import(pathToFileURL(path).href);
  // Jest looks up here where the source map of a file is when it prints a stack; Node knows them.
  runtime.getSourceMaps().get = sourceMapOf;
  const storages = storagesOfCircus(runtime);
  try {
    return await runner.default(globalConfig, config, environment, runtime, testPath, sendMessageToJest);
  } finally {
    // A test that failed before it restored its spy must not fail the next file.
    environment.moduleMocker.restoreAllMocks();
    for (const storage of storages) storage.disable();
  }
}

/**
 * The storages that Circus, which Jest loads anew for every spec file, keeps its running test in. It leaves them enabled:
 * up to Node.js 22 each promise that a worker makes carries the storages of all its files so far, and after a hundred
 * files that was half of the worker's time.
 */
function storagesOfCircus(runtime) {
  const made = [];
  class Noted extends AsyncLocalStorage {
    constructor(...args) {
      super(...args);
      made.push(this);
    }
  }
  const load = runtime.requireInternalModule.bind(runtime);
  runtime.requireInternalModule = (...args) => {
    asyncHooks.AsyncLocalStorage = Noted;
    try {
      return load(...args);
    } finally {
      asyncHooks.AsyncLocalStorage = AsyncLocalStorage;
    }
  };
  return made;
}

const sourceMaps = new Map();

/** The source map of a file as a `data:` address; undefined for files that were not compiled. */
function sourceMapOf(file) {
  if (!sourceMaps.has(file)) {
    const payload = findSourceMap(file)?.payload;
    const text = payload && Buffer.from(JSON.stringify(payload)).toString('base64');
    sourceMaps.set(file, text && `data:application/json;base64,${text}`);
  }
  return sourceMaps.get(file);
}

const bound = (mocker) => ({ fn: mocker.fn.bind(mocker), spyOn: mocker.spyOn.bind(mocker) });

function setTestTimeout(environment, ms) {
  environment.global[Symbol.for('TEST_TIMEOUT_SYMBOL')] = ms;
}
