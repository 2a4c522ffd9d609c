import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from '@jest/globals';

const page = readFileSync(resolve('docs/security.md'), 'utf8');

it('the security page names tests that there are', () => {
  const named = [...page.matchAll(/`(test\/[\w./-]+\.spec\.ts)`: ([^;|\n]+)/g)].map(
    ([, file = '', name = '']) => ({
      file,
      name: name.trim().replaceAll('\\_', '_'),
    }),
  );
  expect(named.length).toBeGreaterThan(60);
  const missing = named.filter(
    ({ file, name }) => !existsSync(resolve(file)) || !readFileSync(resolve(file), 'utf8').includes(name),
  );
  expect(missing).toEqual([]);
  const files = [...page.matchAll(/`(test\/[^`]+)`/g)].map(([, file = '']) => file);
  expect(files.filter((file) => !existsSync(resolve(file)))).toEqual([]);
});

it('every row of the security page names a test, or says that it is not met', () => {
  const rows = page.split('\n').filter((line) => /^\| (?!-|Asset|Risk|Requirement)/.test(line));
  expect(rows.length).toBeGreaterThan(60);
  expect(rows.filter((row) => !/`test\/|not met/.test(row))).toEqual([]);
});
