import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';

const DECLARATION =
  /^export (?:declare )?(?:abstract )?(?:async )?(?:class|function\*?|const|let|interface|type|enum) (\w+)/gm;

function sourceFiles(): string[] {
  return ['src', 'libs'].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts') && !path.includes('node_modules'))
      .map((path) => join(folder, path)),
  );
}

/** The files that declare each exported name; overloads and a value with its type are one declaration. */
function declarations(): Map<string, Set<string>> {
  const files = new Map<string, Set<string>>();
  for (const file of sourceFiles()) {
    for (const [, name = ''] of readFileSync(file, 'utf8').matchAll(DECLARATION)) {
      files.set(name, (files.get(name) ?? new Set()).add(file));
    }
  }
  return files;
}

it('the product declares every exported name in one file only', () => {
  const names = declarations();
  expect(names.size).toBeGreaterThan(1_000);
  expect([...names].filter(([, files]) => files.size > 1)).toEqual([]);
});
