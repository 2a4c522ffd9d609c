import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';

/** A directory of its own for a spec's files; it is removed when the spec is done. */
export function csvFiles(): { directory: string; write: (text: string | Buffer, name?: string) => string } {
  const directory = mkdtempSync(join(tmpdir(), 'csv-'));
  afterAll(() => rmSync(directory, { recursive: true }));
  let count = 0;
  return {
    directory,
    write: (text, name = `prices-${(count += 1)}.csv`) => {
      const path = join(directory, name);
      writeFileSync(path, text);
      return path;
    },
  };
}
