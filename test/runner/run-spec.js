import runner from 'jest-circus/runner';
import { register } from 'node:module';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import * as jestGlobals from './jest-globals.js';

register('./typescript-hooks.js', import.meta.url);
process.setSourceMapsEnabled(true);
globalThis.testResources = JSON.parse(process.env.TEST_RESOURCES);

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
  runtime.unstable_importModule = async (path) => {
    // Jest's reader of source maps knows the files that Jest has transformed; Node's knows these.
    Error.prepareStackTrace = undefined;
    await import(pathToFileURL(path).href);
  };
  return runner.default(globalConfig, config, environment, runtime, testPath, sendMessageToJest);
}

const bound = (mocker) => ({ fn: mocker.fn.bind(mocker), spyOn: mocker.spyOn.bind(mocker) });

function setTestTimeout(environment, ms) {
  environment.global[Symbol.for('TEST_TIMEOUT_SYMBOL')] = ms;
}
