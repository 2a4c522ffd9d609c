import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** A module that is started as a process or thread of its own, and the Node flags it needs. */
export interface EntryPoint {
  readonly url: URL;
  readonly flags: readonly string[];
}

/**
 * Finds `<name>.js` beside the calling module. When the library runs from its TypeScript sources (tests, benchmarks) it is
 * `<name>.ts`, which tsx loads: a process by flags, a thread by a few lines in front, because Node gives threads no loader.
 */
export function entryPoint(name: string, base: string, kind: 'process' | 'thread'): EntryPoint {
  const compiled = new URL(`./${name}.js`, base);
  if (existsSync(fileURLToPath(compiled))) return { url: compiled, flags: [] };
  const source = new URL(`./${name}.ts`, base);
  const conditions = '--conditions=development';
  const find = (path: string): string => pathToFileURL(createRequire(base).resolve(path)).href;
  if (kind === 'process') return { url: source, flags: [conditions, '--import', find('tsx')] };
  const lines = `import { register } from '${find('tsx/esm/api').replace(/\.cjs$/, '.mjs')}';\nregister();\nawait import('${source.href}');`;
  return { url: new URL(`data:text/javascript,${encodeURIComponent(lines)}`), flags: [conditions] };
}
