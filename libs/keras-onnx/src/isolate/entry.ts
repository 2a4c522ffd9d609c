import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** A module that is started as a process or thread of its own, and the Node flags it needs. */
export interface EntryPoint {
  readonly url: URL;
  readonly flags: readonly string[];
}

/**
 * Where a module really is. Built, it is `compiled` itself; when the library runs from its TypeScript sources (tests,
 * benchmarks) it is the `.ts` beside, which tsx loads: a process by flags, a thread by a few lines in front, because Node
 * gives threads no loader.
 */
export function entryPoint(compiled: URL, kind: 'process' | 'thread'): EntryPoint {
  if (existsSync(fileURLToPath(compiled))) return { url: compiled, flags: [] };
  const source = new URL(compiled.href.replace(/\.js$/, '.ts'));
  const conditions = '--conditions=development';
  const find = (path: string): string => pathToFileURL(createRequire(compiled).resolve(path)).href;
  if (kind === 'process') return { url: source, flags: [conditions, '--import', find('tsx')] };
  const loader = find('tsx/esm/api').replace(/\.cjs$/, '.mjs');
  const lines = `import { register } from '${loader}';\nregister();\nawait import('${source.href}');`;
  return { url: new URL(`data:text/javascript,${encodeURIComponent(lines)}`), flags: [conditions] };
}
