// `node scripts/shrinkwrap.mjs [--remove]`: `npm pack` calls it. Makes npm-shrinkwrap.json of package-lock.json, without what only
// development needs. An installation from a registry gets the versions that were tested; of a local file npm 11 leaves it
// aside, and runs the install scripts that `allowScripts` denies: docs/operations.md names the flag for the one that matters.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';

const target = new URL('../npm-shrinkwrap.json', import.meta.url);
if (process.argv[2] === '--remove') rmSync(target, { force: true });
else writeFileSync(target, `${JSON.stringify(shrunk(), null, 2)}\n`);

function shrunk() {
  const lock = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8'));
  const { '': root, ...packages } = lock.packages;
  delete root.devDependencies;
  const kept = Object.entries(packages).filter(([, { dev }]) => dev !== true);
  return { ...lock, packages: { '': root, ...Object.fromEntries(kept) } };
}
