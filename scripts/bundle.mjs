// Joins the compiled files and the libraries of a server process into few files. Node spends four fifths of a start on
// finding, reading and wrapping 3,000 files, many of them CommonJS; in one piece they take a third of the time.
// The compiled files stay beside the bundle: threads and child processes start from them.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { build } from 'esbuild';
import { asScripts } from './bundle-scripts.mjs';

/** What Node starts or other programs import; everything else is reached from these. */
const ENTRIES = ['src/main.js', 'src/app/write-generated.js', 'libs/plugin-sdk/src/index.js'];

/** Processes and threads that are started once for each model: joined by themselves, so that they load nothing of the service. */
const MODEL_ENTRIES = [
  'libs/keras-onnx/src/isolate/worker.js',
  'libs/keras-onnx/src/runtime/thread-entry.js',
];

/**
 * Stays in node_modules: native code, packages that look for files or threads of their own beside their code, and what
 * most processes never load. And `reflect-metadata`, which is imported at the top of every file, see below.
 */
export const SEPARATE = [
  '@node-rs/bcrypt',
  '@resvg/resvg-js',
  '@tensorflow/tfjs-node',
  '@opentelemetry/api',
  '@opentelemetry/exporter-trace-otlp-http',
  '@opentelemetry/resources',
  '@opentelemetry/sdk-trace-base',
  'better-sqlite3',
  'dejavu-fonts-ttf',
  'graphile-worker',
  'h5wasm',
  'onnxruntime-node',
  'pdfkit',
  'pino',
  'piscina',
  'reflect-metadata',
  'swagger-ui-dist',
  'undici',
  'vega',
  'vega-lite',
  'yahoo-finance2',
  // Libraries would load these where they are installed; this product does not use them.
  '@fastify/cors',
  '@fastify/multipart',
  '@fastify/static',
  '@fastify/view',
  '@nestjs/microservices',
  '@nestjs/microservices/*',
  '@nestjs/websockets/*',
];

/**
 * Drivers of databases that the product does not run on: a third of TypeORM. TypeORM names them all, and makes the one that is
 * asked for.
 */
const OTHER_DRIVERS =
  /[\\/]typeorm[\\/]driver[\\/](?:aurora-mysql|aurora-postgres|capacitor|cockroachdb|cordova|expo|mongodb|mysql|nativescript|oracle|react-native|sap|spanner|sqljs|sqlserver)[\\/](\w+(?:Driver|QueryRunner))\.js$/;

/** Libraries of libraries, as far as they are used. */
const IN_PART = {
  // by passport-headerapikey
  lodash: `exports.get = require('lodash/get');\nexports.startsWith = require('lodash/startsWith');`,
  // by class-validator, for a rule that no field has
  'libphonenumber-js/max': `exports.default = () => { throw new Error('libphonenumber-js is not part of the build'); };`,
};

/** @param folder the compiled tree; its entries are replaced */
export async function bundle(folder) {
  await build(joined(folder, MODEL_ENTRIES, 'models'));
  const { metafile } = await build({
    ...joined(folder, ENTRIES, 'bundle'),
    metafile: true,
    banner: {
      // Decorators run while a file is evaluated, which need this before whatever order the files are joined in.
      js: `import 'reflect-metadata';\n${REQUIRE}`,
    },
  });
  keepOnlyLostNames(join(folder, 'bundle'));
  await asScripts(folder, metafile.outputs);
}

const REQUIRE = `import { createRequire as requireOf } from 'node:module';\nconst require = requireOf(import.meta.url);`;

/** Entries take the place of their compiled files; what several of them need stands in `place`. */
function joined(folder, entryPoints, place) {
  return {
    absWorkingDir: folder,
    entryPoints,
    outdir: folder,
    outbase: folder,
    chunkNames: `${place}/[name]-[hash]`,
    allowOverwrite: true,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    sourcemap: true,
    // Names of classes are tokens of Nest, names of migrations and of entities.
    keepNames: true,
    // The text of a module stays in memory while it has functions that never ran.
    minifyWhitespace: true,
    lineLimit: 120,
    legalComments: 'linked',
    logLevel: 'warning',
    external: SEPARATE,
    banner: { js: REQUIRE },
    plugins: [compiledTree(folder), leftOut],
  };
}

const NAMES_EVERYTHING = 'var __name=(target,value)=>__defProp(target,"name",{value,configurable:true});';
/**
 * A class or function that was renamed, or stands where it gets no name by itself; arrow functions go without, except those
 * that Swagger knows by it (`type: () => Class`).
 */
const NAMES_WHAT_LOST_ITS_NAME =
  'var __name=(target,value)=>target.name===value||target.name===""&&value!=="type"&&!Object.hasOwn(target,"prototype")?target:__defProp(target,"name",{value,configurable:true});';

/**
 * esbuild names every function anew, each time it is made: those of a request as well, where a property that is defined on
 * a function costs more than the function. Most have their name anyway.
 */
function keepOnlyLostNames(folder) {
  const chunks = readdirSync(folder).filter((name) => name.endsWith('.js'));
  const found = chunks.filter((name) => {
    const path = join(folder, name);
    const text = readFileSync(path, 'utf8');
    if (!text.includes(NAMES_EVERYTHING)) return false;
    writeFileSync(path, text.replace(NAMES_EVERYTHING, NAMES_WHAT_LOST_ITS_NAME));
    return true;
  });
  if (found.length === 0) throw new Error('esbuild no longer names functions as scripts/bundle.mjs knows it');
}

/** Code that nothing calls: to read, compile and evaluate it took a tenth of each start. */
const leftOut = {
  name: 'left out',
  setup({ onLoad, onResolve }) {
    onLoad({ filter: OTHER_DRIVERS }, ({ path }) => {
      const [, name] = OTHER_DRIVERS.exec(path);
      const refusal = `throw new Error('${name} is not part of the build')`;
      return { contents: `exports.${name} = class ${name} { constructor() { ${refusal}; } };`, loader: 'js' };
    });
    const names = Object.keys(IN_PART).join('|');
    onResolve({ filter: new RegExp(`^(?:${names})$`) }, ({ path, resolveDir }) => ({
      path,
      namespace: 'in part',
      pluginData: { resolveDir },
    }));
    onLoad({ filter: /.*/, namespace: 'in part' }, ({ path, pluginData: { resolveDir } }) => ({
      contents: IN_PART[path],
      resolveDir,
      loader: 'js',
    }));
  },
};

/** The tree's own libraries, before it has its final place; `import.meta.url` goes on naming the compiled file. */
const compiledTree = (folder) => ({
  name: 'compiled tree',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^#libs\// }, ({ path }) => ({
      path: join(folder, 'libs', path.slice('#libs/'.length), 'src', 'index.js'),
    }));
    onResolve({ filter: /^compiled-address$/ }, ({ path }) => ({ path, namespace: 'build' }));
    onLoad({ filter: /.*/, namespace: 'build' }, () => ({
      contents: `const own = import.meta.url;
        const dist = own.slice(0, own.lastIndexOf('/dist/') + '/dist/'.length);
        export const compiledAddress = (file) => dist + file;`,
    }));
    onLoad(
      { filter: new RegExp(`^${folder.replaceAll(/[\\^$.|?*+()[\]{}]/g, '\\$&')}.*\\.js$`) },
      ({ path }) => {
        const text = readFileSync(path, 'utf8');
        if (!text.includes('import.meta.url')) return undefined;
        const file = JSON.stringify(relative(folder, path).split(sep).join('/'));
        const contents = text.replaceAll('import.meta.url', `compiledAddress(${file})`);
        return { contents: `import { compiledAddress } from 'compiled-address';\n${contents}`, loader: 'js' };
      },
    );
  },
});
