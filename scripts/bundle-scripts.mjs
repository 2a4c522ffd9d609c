// Makes scripts of the bundle's modules: V8's compiled code can be kept for scripts on every version of Node, for modules on none
// (docs/decisions/0098). The modules that Node starts, or other programs import, stay modules, which evaluate their script.
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const LOADER = join(dirname(fileURLToPath(import.meta.url)), 'bundle-loader.mjs');
/** What a script gets from the loader; a line of its own, so that lines and columns below are those of the map. */
const BEGIN = '(function(module,require,__import,__meta){"use strict";';
/** Not in a text of TypeORM's, which makes a function of it. */
const DYNAMIC_IMPORT = /(?<![\w$.]|=> )import\(/g;
/** The default export of what the loader gives is its own, as for every module of TypeScript's. */
const IMPORTED = /__toESM\(require\(("[^"]+")\),1\)/g;
const TWICE_WRAPPED = /module\.exports=__toCommonJS\(([\w$]+)\);/g;

/**
 * @param folder the compiled tree
 * @param outputs what esbuild tells of the modules that it made there
 */
export async function asScripts(folder, outputs) {
  const modules = Object.entries(outputs).filter(([file]) => file.endsWith('.js'));
  const files = Object.fromEntries(modules.map(([file, output]) => [file, loadedBy(file, output)]));
  await build({
    absWorkingDir: folder,
    entryPoints: modules.map(([file]) => ({
      in: file,
      out: posix.join('bundle', withoutEnding(scriptOf(file))),
    })),
    outdir: folder,
    allowOverwrite: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20.19',
    sourcemap: true,
    minifyWhitespace: true,
    lineLimit: 120,
    logLevel: 'warning',
    logOverride: { 'empty-import-meta': 'silent' },
    define: { 'import.meta': '__meta' },
    banner: { js: BEGIN },
    footer: { js: '})' },
  });
  for (const { script } of Object.values(files)) finish(join(folder, 'bundle', script));
  writeFileSync(join(folder, 'bundle', 'files.json'), JSON.stringify(files));
  copyFileSync(LOADER, join(folder, 'bundle', 'loader.js'));
  for (const [file, output] of modules)
    if (!isChunk(file)) writeFileSync(join(folder, file), entryText(file, output, files));
}

const isChunk = (file) => file.startsWith('bundle/');
const withoutEnding = (file) => file.slice(0, -'.js'.length);
/** The name of a file's script in the folder of the bundle. */
const scriptOf = (file) => (isChunk(file) ? posix.basename(file) : file.replaceAll('/', '-'));

function loadedBy(file, { imports }) {
  const needed = imports.filter(({ kind }) => kind === 'import-statement');
  return {
    script: scriptOf(file),
    imports: unique(needed.filter(({ external }) => external !== true)),
    packages: unique(needed.filter(({ external, path }) => external === true && !isBuiltin(path))),
  };
}

const unique = (imports) => [...new Set(imports.map(({ path }) => path))];

/**
 * What esbuild does not do: calls of the loader for `import()`; exports that are asked for once, not by two getters each; and
 * regular expressions in ASCII, as one other letter makes V8 keep two bytes for each of the whole text.
 */
function finish(path) {
  const text = readFileSync(path, 'utf8');
  const escaped = /\\[^\p{ASCII}]/u.exec(text);
  if (escaped !== null)
    throw new Error(`${path}: ${escaped[0]} would lose its meaning where it is written in ASCII`);
  writeFileSync(
    path,
    text
      .replace(DYNAMIC_IMPORT, '__import(')
      .replace(IMPORTED, '__toESM(require($1))')
      .replace(TWICE_WRAPPED, 'module.exports=$1;')
      .replace(/[^\p{ASCII}]/gu, inAscii),
  );
}

const inAscii = (letter) =>
  Array.from(
    { length: letter.length },
    (_, at) => `\\u${letter.charCodeAt(at).toString(16).padStart(4, '0')}`,
  ).join('');

/** Imports what its script needs of packages, so that a program that `require`s it gets it at once. */
function entryText(file, { exports }, files) {
  const packages = [...packagesOf(file, files, new Set())];
  const up = posix.relative(dirname(file), 'bundle');
  return [
    ...(file === 'src/main.js' ? ['#!/usr/bin/env node'] : []),
    ...packages.map((name, at) => `import * as package${at} from ${JSON.stringify(name)};`),
    `import { evaluate } from '${up}/loader.js';`,
    `const own = evaluate(${JSON.stringify(file)}, {${packages.map((name, at) => `${JSON.stringify(name)}: package${at}`).join(', ')}});`,
    ...(exports.length === 0 ? [] : [`export const { ${exports.join(', ')} } = own;`]),
    '',
  ].join('\n');
}

function packagesOf(file, files, seen) {
  if (seen.has(file)) return [];
  seen.add(file);
  const { imports, packages } = files[file];
  return new Set([...packages, ...imports.flatMap((one) => [...packagesOf(one, files, seen)])]);
}
