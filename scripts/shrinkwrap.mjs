// `node scripts/shrinkwrap.mjs [--remove]`: `npm pack` calls it. Makes npm-shrinkwrap.json of package-lock.json, without what only
// development needs. With it an installation of the tarball (`npm install -g`) gets the versions that were tested, and no
// install script that `allowScripts` denies: that of onnxruntime-node downloads libraries for CUDA from outside of the
// registry and fails the whole installation where that cannot be reached.
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
