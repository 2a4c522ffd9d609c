/**
 * One Jest for every suite; `npm run test:<suite>` selects a folder.
 * ESM runs in Node's VM modules; swc strips types and keeps the decorators' metadata.
 */
export default {
  rootDir: '.',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.spec.ts'],
  testEnvironment: '<rootDir>/test/environment.js',
  globalSetup: '<rootDir>/test/resources/global-setup.js',
  globalTeardown: '<rootDir>/test/resources/global-teardown.js',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          keepClassNames: true,
        },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  moduleNameMapper: {
    '^@nestjs/throttler$': '<rootDir>/test/resources/throttler.js',
    '^#libs/(.*)$': '<rootDir>/libs/$1/src/index.ts',
    '^prediction-provider/plugin-sdk$': '<rootDir>/libs/plugin-sdk/src/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  testTimeout: 120_000,
  maxWorkers: 2,
  workerIdleMemoryLimit: '1GB',
};
