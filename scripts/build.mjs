// Compiles `src`, `libs` and `ormconfig.ts` into `dist`.
//   npm run build                        always, and a type error fails it
//   node scripts/build.mjs --when-needed only when a source is newer, without checking types: half the time
// Both write the same files: `--noCheck` leaves out the errors, not the knowledge that decorator metadata needs. A
// compiler that sees one file at a time (swc, esbuild) writes `Object` where a type comes from another file.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from './bundle.mjs';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');
export const entry = join(root, 'dist', 'src', 'main.js');

const BUNDLING = ['bundle', 'bundle-scripts', 'bundle-loader'].map((name) => `scripts/${name}.mjs`);
const SOURCES = ['src', 'libs', ...BUNDLING, 'ormconfig.ts', 'tsconfig.json', 'package.json'];

/** The latest change below a path, in ms; a folder changes when a file in it comes or goes. */
const newest = (path) => {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
};

/** Compiles the service unless `dist` is newer than every source; a failed build ends the process with its output. */
export async function buildWhenNeeded() {
  const latest = Math.max(...SOURCES.map((name) => newest(join(root, name))));
  if (existsSync(entry) && statSync(entry).mtimeMs > latest) return;
  console.error('Building (once, about 10 seconds) ...');
  await build('--noCheck');
}

/** `dist` is replaced as a whole at the end, so that a failed or killed build leaves nothing that looks complete. */
async function build(...flags) {
  const started = new Date();
  const fresh = join(root, `dist.${process.pid}`);
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const built = spawnSync(
    process.execPath,
    [compiler, '-p', join(root, 'tsconfig.json'), '--outDir', fresh, '--noEmitOnError', ...flags],
    { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] },
  );
  if (built.status === 0 && (await bundled(fresh))) {
    rmSync(join(root, 'dist'), { recursive: true, force: true });
    renameSync(fresh, join(root, 'dist'));
    // Sources that were edited meanwhile are newer than this.
    utimesSync(entry, started, started);
    if (!flags.includes('--noCheck')) keepCompiled();
    return;
  }
  rmSync(fresh, { recursive: true, force: true });
  process.exit(built.status || 1);
}

/** What is installed elsewhere and cannot be written there has its compiled code from here; otherwise the first start keeps it. */
function keepCompiled() {
  const folder = mkdtempSync(join(tmpdir(), 'prediction-provider-build-'));
  const script = join(root, 'scripts', 'keep-compiled.mjs');
  const { PATH } = process.env;
  const { status } = spawnSync(process.execPath, [script], {
    cwd: folder,
    env: { PATH },
    stdio: 'ignore',
    timeout: 120_000,
  });
  rmSync(folder, { recursive: true, force: true });
  if (status !== 0) console.error('note: the compiled code was not kept; the first start does that');
}

/** @returns false when esbuild found a fault, which it has printed */
const bundled = (folder) =>
  bundle(folder).then(
    () => true,
    (error) => (console.error(error.message), false),
  );

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--when-needed')) await buildWhenNeeded();
  else await build();
}
