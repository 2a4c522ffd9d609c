import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');
export const entry = join(root, 'dist', 'src', 'main.js');

const newest = (path) => {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name))));
};

/** Compiles the service unless `dist` is newer than every source; a failed build ends the process with its output. */
export function buildWhenNeeded() {
  const sources = ['src', 'libs', 'ormconfig.ts', 'tsconfig.json', 'package.json'].map((name) =>
    join(root, name),
  );
  if (existsSync(entry) && statSync(entry).mtimeMs > Math.max(...sources.map(newest))) return;
  console.error('Building (once, about 10 seconds) ...');
  const built = spawnSync(
    process.execPath,
    [join(root, 'node_modules', '@nestjs', 'cli', 'bin', 'nest.js'), 'build'],
    {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
    },
  );
  if (built.status !== 0) process.exit(built.status ?? 1);
}
