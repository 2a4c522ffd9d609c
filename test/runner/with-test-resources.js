import 'reflect-metadata';
import globalSetup from '../resources/global-setup.js';
import globalTeardown from '../resources/global-teardown.js';

/** Prepares a folder and a database server as Jest does for specs, runs a command, and ends with its exit code. */
export async function withTestResources(command) {
  await globalSetup();
  const own = globalThis.testResources;
  globalThis.testResources = JSON.parse(process.env.TEST_RESOURCES);
  try {
    process.exitCode = await command(process.argv.slice(2));
  } finally {
    globalThis.testResources = own;
    await globalTeardown();
  }
}
