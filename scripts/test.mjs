// `npm test [-- Jest's arguments]`, `npm run test:unit` and so on: builds when needed, because some specs start the
// built command, then runs Jest on the folders and patterns given.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { buildWhenNeeded, root } from './build.mjs';

await buildWhenNeeded();
const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
const { status } = spawnSync(process.execPath, ['--no-warnings', jest, ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
