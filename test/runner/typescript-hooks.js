import { transform } from '@swc/core';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/**
 * Module hooks of Node: TypeScript from its source, for this project's files and for nothing in node_modules.
 * Registered with `{ isBuilt: true }`, src and libs are those of the last build.
 */
const PROJECT = new URL('../../', import.meta.url).href;
const SDK = 'prediction-provider/plugin-sdk';
const GLOBALS = new URL('./jest-globals.js', import.meta.url).href;
const COMPILER = {
  jsc: {
    target: 'es2022',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true },
    keepClassNames: true,
  },
  module: { type: 'es6' },
  sourceMaps: 'inline',
  swcrc: false,
};

let isBuilt = false;
export function initialize(given) {
  isBuilt = given?.isBuilt ?? false;
}

export async function resolve(specifier, context, nextResolve) {
  if (specifier === '@jest/globals') return { url: GLOBALS, shortCircuit: true };
  const { parentURL = '' } = context;
  // The examples are packages of their own, which find the SDK where they are installed beside it.
  if (specifier === SDK && !isBuilt && parentURL.startsWith(`${PROJECT}examples/`)) {
    return { url: `${PROJECT}libs/plugin-sdk/src/index.ts`, shortCircuit: true };
  }
  if (parentURL.startsWith(PROJECT) && parentURL.endsWith('.ts')) {
    const source = beside(specifier, parentURL, /\.js$/, '.ts');
    if (source !== undefined) return isBuilt ? built(source) : source;
    const conditions = isBuilt ? [] : ['development'];
    return nextResolve(specifier, { ...context, conditions: [...context.conditions, ...conditions] });
  }
  // The ES modules of TensorFlow.js name each other without an extension, as bundlers allow.
  const bundled = parentURL.includes('/@tensorflow/') && beside(specifier, parentURL, /(\.js)?$/, '.js');
  return bundled || nextResolve(specifier, context);
}

/** The file that a relative specifier means once its end is replaced, if there is one. */
function beside(specifier, parentURL, end, extension) {
  if (!/^\.{1,2}\//.test(specifier)) return undefined;
  const url = new URL(specifier.replace(end, extension), parentURL);
  return existsSync(fileURLToPath(url)) ? { url: url.href, shortCircuit: true } : undefined;
}

function built({ url, ...rest }) {
  const [, path] = /^((?:src|libs)\/.*)\.ts$/.exec(url.slice(PROJECT.length)) ?? [];
  return { ...rest, url: path === undefined ? url : `${PROJECT}dist/${path}.js` };
}

export async function load(url, context, nextLoad) {
  if (!url.startsWith(PROJECT) || !url.endsWith('.ts')) return nextLoad(url, context);
  const filename = fileURLToPath(url);
  const { code } = await transform(await readFile(filename, 'utf8'), { ...COMPILER, filename });
  return { format: 'module', source: code, shortCircuit: true };
}
