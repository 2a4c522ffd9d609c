// Starts the built service once on a database in memory and keeps the code that V8 compiled for it (docs/decisions/0098).
import { subscribe } from 'node:diagnostics_channel';
import { pathToFileURL } from 'node:url';
import { entry } from './build.mjs';

const main = pathToFileURL(entry).href;
const { keepCompiled } = await import(new URL('../bundle/loader.js', main).href);
subscribe('prediction-provider.started', async () => {
  await keepCompiled();
  process.kill(process.pid, 'SIGTERM');
});
process.argv = [
  process.execPath,
  entry,
  'serve',
  '--port=0',
  '--database_url=sqlite://:memory:',
  '--admin_password=only-for-this-start',
  '--secret_key=only-for-the-start-that-compiles-the-code',
];
await import(main);
