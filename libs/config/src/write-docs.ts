import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { configurationPage, environmentExample } from './documentation.js';

/** Writes the generated pages below the working directory; with `--check` it only reports the ones that differ. */
const PAGES: Readonly<Record<string, () => string>> = {
  '.env.example': environmentExample,
  'docs/configuration.md': configurationPage,
};

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw cause;
  }
}

const isCheck = process.argv.includes('--check');
for (const [path, write] of Object.entries(PAGES)) {
  const page = write();
  if (contentOf(path) === page) continue;
  if (isCheck) {
    process.stderr.write(`${path} is out of date; run: npm run docs\n`);
    process.exitCode = 1;
  } else {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, page);
    process.stdout.write(`wrote ${path}\n`);
  }
}
