import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as common from '@nestjs/common';
import * as core from '@nestjs/core';

/**
 * `@nestjs/throttler` for Jest. The package is CommonJS and requires Nest, which is ESM: Node 20.19 does that, Jest on
 * Node 20 does not. Here its files are evaluated with a `require` that hands out the modules Jest has imported.
 */
const require = createRequire(import.meta.url);
const root = join(dirname(require.resolve('@nestjs/throttler/package.json')), 'dist');
const imported = { '@nestjs/common': common, '@nestjs/core': core };
const loaded = new Map();

function load(file) {
  const path = file.endsWith('.js') ? file : `${file}.js`;
  const known = loaded.get(path);
  if (known !== undefined) return known.exports;
  const module = { exports: {} };
  loaded.set(path, module);
  const evaluate = new Function('require', 'exports', 'module', readFileSync(path, 'utf8'));
  evaluate((name) => requireFrom(dirname(path), name), module.exports, module);
  return module.exports;
}

function requireFrom(folder, name) {
  if (name.startsWith('.')) return load(join(folder, name));
  return imported[name] ?? require(name);
}

export const { ThrottlerException, ThrottlerGuard, ThrottlerModule, ThrottlerStorageService } = load(
  join(root, 'index'),
);
