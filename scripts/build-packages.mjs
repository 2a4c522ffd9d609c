// `node scripts/build-packages.mjs [FOLDER]`: makes a package of each library that is of use without the service, below
// build/packages (or FOLDER), ready for `npm pack`. A package has the compiled files of its library and of those that it
// stands on, as they lie in the tree, and depends on nothing but what these files import.
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { root } from './build.mjs';

/** What each is, for people who look for it. */
const PACKAGES = {
  'plugin-sdk':
    'What plugins of Prediction Provider are made of: contracts, definers and the checks of the contract.',
  'keras-onnx':
    'Runs Keras, TensorFlow.js and ONNX models on ONNX Runtime, with Monte-Carlo dropout in one pass.',
  scoring: 'Proper scores, calibration and tests for probabilistic forecasts.',
  'forecast-chart': 'Draws forecasts with their intervals as PNG.',
};

/** Statements at the beginning of a line, as the compiler writes them, and calls. */
const IMPORTED =
  /^(?:import|export)\s+(?:[^'"`;=()]*?from\s+)?['"]([^'"]+)['"]|(?:\bimport|\.resolve)\(\s*['"]([^'"]+)['"]\s*\)/gm;

const target = process.argv[2] ?? join(root, 'build', 'packages');
const product = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const compiled = compile();
try {
  for (const [name, description] of Object.entries(PACKAGES)) makePackage(name, description);
} finally {
  rmSync(compiled, { recursive: true, force: true });
}

/** @returns a folder with `libs`: JavaScript and its types */
function compile() {
  const out = mkdtempSync(join(tmpdir(), 'prediction-provider-packages-'));
  const project = join(root, `tsconfig.packages.${process.pid}.json`);
  const config = {
    extends: './tsconfig.json',
    compilerOptions: { rootDir: '.', outDir: out, declaration: true, sourceMap: false },
    include: Object.keys(PACKAGES).map((name) => `libs/${name}/src`),
    exclude: [],
  };
  writeFileSync(project, JSON.stringify(config));
  try {
    const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const { status } = spawnSync(process.execPath, [compiler, '-p', project], { stdio: 'inherit' });
    if (status !== 0) process.exit(status ?? 1);
  } finally {
    rmSync(project);
  }
  return out;
}

function makePackage(name, description) {
  const folder = join(target, name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const libraries = closureOf(name);
  for (const library of libraries)
    cpSync(join(compiled, 'libs', library), join(folder, 'libs', library), { recursive: true });
  const readme = join(root, 'libs', name, 'README.md');
  if (existsSync(readme)) copyFileSync(readme, join(folder, 'README.md'));
  copyFileSync(join(root, 'LICENSE'), join(folder, 'LICENSE'));
  const entry = `./libs/${name}/src/index`;
  const manifest = {
    name: `@prediction-provider/${name}`,
    version: product.version,
    description,
    license: product.license,
    type: 'module',
    engines: product.engines,
    exports: { '.': { types: `${entry}.d.ts`, default: `${entry}.js` }, './package.json': './package.json' },
    imports: { '#libs/*': { types: './libs/*/src/index.d.ts', default: './libs/*/src/index.js' } },
    files: ['libs', 'README.md', 'LICENSE'],
    dependencies: dependenciesOf(folder),
  };
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
}

/** The library and all that it stands on. */
function closureOf(name, found = new Set()) {
  if (found.has(name)) return found;
  found.add(name);
  for (const specifier of importsBelow(join(compiled, 'libs', name)))
    if (specifier.startsWith('#libs/')) closureOf(specifier.slice('#libs/'.length), found);
  return found;
}

/** The packages that the files import, in the versions of the product. */
function dependenciesOf(folder) {
  const names = [...importsBelow(folder)]
    .filter((one) => !/^[.#]/.test(one) && !isBuiltin(one) && !one.includes('${'))
    .map((one) =>
      one
        .split('/')
        .slice(0, one.startsWith('@') ? 2 : 1)
        .join('/'),
    );
  return Object.fromEntries(
    [...new Set(names)].toSorted().map((name) => {
      const version = product.dependencies[name];
      if (version === undefined) throw new Error(`${folder} imports ${name}, which is no dependency`);
      return [name, version];
    }),
  );
}

/** What the JavaScript below a folder imports or looks up. */
function importsBelow(folder) {
  const found = new Set();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.js')) continue;
    const text = readFileSync(join(entry.parentPath ?? dirname(entry.path), entry.name), 'utf8');
    for (const [, stated, called] of text.matchAll(IMPORTED)) found.add(stated ?? called);
  }
  return found;
}
