// `npm run fuzz`: with the folder and the database server that specs have.
import { withTestResources } from '../runner/with-test-resources.js';

await withTestResources(async (args) => (await import('./command.ts')).runFuzzCommand(args));
