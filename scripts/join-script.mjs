// `node scripts/join-script.mjs SCRIPT.ts ARGUMENT…` runs a TypeScript file of the tests in this process, with the product's last
// build. The script, the build and the libraries are joined into one file first, unless that was done since any of them changed:
// Node needs three CPU seconds to find and wrap the thousands of files of a process with a database, half of one for the piece.
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { SEPARATE } from './bundle.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const dist = join(root, 'dist');
// Below dist, because pieces of the build find its files from where they stand.
const folder = join(dist, 'joined');

const [script = '', ...given] = process.argv.slice(2);
const entry = resolve(root, script);
const joined = join(folder, `${relative(root, entry).replaceAll(/[/.]/g, '-')}.mjs`);

/** Whether the joined file is newer than everything of this project that is in it. */
function isNew() {
  if (!existsSync(joined) || !existsSync(`${joined}.json`)) return false;
  const { mtimeMs } = statSync(joined);
  const inputs = JSON.parse(readFileSync(`${joined}.json`, 'utf8'));
  return inputs.every((file) => existsSync(join(root, file)) && statSync(join(root, file)).mtimeMs < mtimeMs);
}

async function build() {
  const esbuild = await import('esbuild');
  mkdirSync(folder, { recursive: true });
  const draft = `${joined}.${process.pid}`;
  const { metafile } = await esbuild.build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile: draft,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    keepNames: true,
    metafile: true,
    logLevel: 'error',
    external: [...SEPARATE, 'esbuild', 'playwright-core'],
    banner: {
      js: `import 'reflect-metadata';\nimport { createRequire as requireOf } from 'node:module';\nconst require = requireOf(import.meta.url);`,
    },
    plugins: [built],
  });
  const inputs = Object.keys(metafile.inputs).filter((file) => !/^node_modules\/|^build:/.test(file));
  writeFileSync(`${joined}.json`, JSON.stringify([...inputs, 'scripts/join-script.mjs', 'dist/src/main.js']));
  renameSync(draft, joined);
}

/** The product's files are those of the build; what the build has already joined stays where it is. */
const built = {
  name: 'built',
  setup({ onLoad, onResolve }) {
    const place = (file) => {
      const path = relative(root, file);
      if (!/^(dist\/)?(libs|src)\//.test(path)) return undefined;
      const inBuild = path.startsWith('dist/') ? file : join(dist, path);
      const isJoined = inBuild.includes('/libs/plugin-sdk/src/index.js');
      return isJoined ? { path: relative(folder, inBuild), external: true } : { path: inBuild };
    };
    onResolve({ filter: /^#libs\// }, ({ path }) =>
      place(join(root, 'libs', path.slice('#libs/'.length), 'src/index.js')),
    );
    onResolve({ filter: /^\.{1,2}\/.*\.js$/ }, ({ path, importer }) => {
      const file = join(dirname(importer), path);
      const source = file.replace(/\.js$/, '.ts');
      return place(file) ?? (existsSync(source) ? { path: source } : undefined);
    });
    onResolve({ filter: /^original-address$/ }, ({ path }) => ({ path, namespace: 'build' }));
    onLoad({ filter: /.*/, namespace: 'build' }, () => ({
      contents: `export const originalAddress = (file) => new URL('../../' + file, import.meta.url).href;`,
    }));
    onLoad({ filter: /\.(js|ts)$/ }, ({ path }) => {
      if (path.includes('/node_modules/')) return undefined;
      const text = readFileSync(path, 'utf8');
      if (!text.includes('import.meta.url')) return undefined;
      const file = JSON.stringify(relative(root, path));
      const contents = text.replaceAll('import.meta.url', `originalAddress(${file})`);
      return {
        contents: `import { originalAddress } from 'original-address';\n${contents}`,
        loader: path.endsWith('.ts') ? 'ts' : 'js',
      };
    });
  },
};

if (!isNew()) await build();
process.argv = [process.execPath, entry, ...given];
await import(pathToFileURL(joined).href);
