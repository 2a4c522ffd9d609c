/** One Jest for every suite; `npm run test:<suite>` selects a folder. */
export default {
  rootDir: '.',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.spec.ts'],
  testRunner: '<rootDir>/test/runner/run-spec.js',
  testSequencer: '<rootDir>/test/runner/sequencer.js',
  testEnvironment: '<rootDir>/test/runner/environment.js',
  globalSetup: '<rootDir>/test/resources/global-setup.js',
  globalTeardown: '<rootDir>/test/resources/global-teardown.js',
  transform: {},
  // Off: it would take the realm's own constructors apart, which the environment hands to Jest's context.
  testEnvironmentOptions: { globalsCleanup: 'off' },
  testTimeout: 120_000,
  maxWorkers: 2,
  workerIdleMemoryLimit: '1GB',
  // Nothing is open when a worker ends, but Node needs most of a second to take down a heap with the whole product in it.
  workerGracefulExitTimeout: 10_000,
};
