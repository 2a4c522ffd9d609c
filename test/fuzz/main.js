// `npm run fuzz`: prepares a folder and a database server as Jest does for specs, and hands on to the command.
import 'reflect-metadata';
import globalSetup from '../resources/global-setup.js';
import globalTeardown from '../resources/global-teardown.js';

await globalSetup();
const own = globalThis.testResources;
globalThis.testResources = JSON.parse(process.env.TEST_RESOURCES);
try {
  const { runFuzzCommand } = await import('./command.ts');
  process.exitCode = await runFuzzCommand(process.argv.slice(2));
} finally {
  globalThis.testResources = own;
  await globalTeardown();
}
