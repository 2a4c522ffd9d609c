// `npm start -- [command] [flags]`: builds when needed, then becomes the service (same process, so signals just work).
import { pathToFileURL } from 'node:url';
import { buildWhenNeeded, entry } from './build.mjs';

await buildWhenNeeded();
process.argv[1] = entry;
await import(pathToFileURL(entry).href);
