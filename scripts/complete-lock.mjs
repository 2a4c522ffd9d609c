// `npm run lock [-- --check]`: completes package-lock.json after each `npm install`, or says that it is not complete.
//
// It adds what a registry without the builds for other platforms makes npm leave out: the optional dependencies of
// every package, each with its version and platform, as npm itself writes them. Without these entries `npm ci` says that
// the lock file is out of step.
//
// It takes away `hasInstallScript` where `allowScripts` in package.json says false. npm 11 and later read that list;
// npm 10, which comes with Node 20 and 22, does not, but it runs an install script only where the lock file says that
// there is one. The one that matters is onnxruntime-node's: it downloads libraries for CUDA from outside the registry,
// which nothing here uses and which fails an installation without that network.
import { readFileSync, writeFileSync } from 'node:fs';

const file = new URL('../package-lock.json', import.meta.url);
const before = readFileSync(file, 'utf8');
const lock = JSON.parse(before);
const { allowScripts } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

const OS = {
  darwin: 'darwin',
  win32: 'win32',
  linux: 'linux',
  android: 'android',
  freebsd: 'freebsd',
  openharmony: 'openharmony',
  openbsd: 'openbsd',
  netbsd: 'netbsd',
  sunos: 'sunos',
  aix: 'aix',
  openharmony64: 'openharmony',
};
const CPU = [
  'arm64',
  'x64',
  'ia32',
  'arm',
  'riscv64',
  'ppc64',
  's390x',
  'loong64',
  'mips64el',
  'wasm32',
  'ppc',
  'mips',
];

/** Names such as `@swc/core-linux-arm-gnueabihf` tell the platform. */
function platformOf(name) {
  if (name === 'fsevents') return { os: ['darwin'] };
  const words = name.split(/[-/]/);
  const os = Object.keys(OS).find((key) => words.includes(key));
  const cpu = CPU.find((key) => words.includes(key));
  const libc = /musl/.test(name) ? 'musl' : /linux.*gnu/.test(name) ? 'glibc' : undefined;
  return {
    ...(cpu !== undefined && { cpu: [cpu] }),
    ...(os !== undefined && { os: [OS[os]] }),
    ...(libc !== undefined && { libc: [libc] }),
  };
}

/** Where Node would find `name` from the package at `path`, nearest first. */
function* placesOf(path, name) {
  for (let at = path; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    yield at === '' ? `node_modules/${name}` : `${at}/node_modules/${name}`;
    if (at === '') return;
    if (!at.includes('/node_modules/')) at = '';
    if (at === '') {
      yield `node_modules/${name}`;
      return;
    }
  }
}

let added = 0;
for (const [path, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const places = [...placesOf(path, name)];
    const found = places.map((place) => lock.packages[place]).find((one) => one !== undefined);
    if (found !== undefined && (found.version === version || !/^\d/.test(version))) continue;
    if (!/^\d/.test(version)) {
      process.stderr.write(`${name}@${version} of ${path} has no exact version; left out\n`);
      continue;
    }
    const place = found === undefined ? places.at(-1) : places[0];
    lock.packages[place] = {
      version,
      ...(entry.dev === true && { dev: true }),
      optional: true,
      ...platformOf(name),
    };
    added += 1;
  }
}
for (const [name, allowed] of Object.entries(allowScripts)) {
  if (!allowed) delete lock.packages[`node_modules/${name}`]?.hasInstallScript;
}
const sorted = Object.fromEntries(
  Object.entries(lock.packages).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)),
);
const after = `${JSON.stringify({ ...lock, packages: sorted }, null, 2)}\n`;
if (!process.argv.includes('--check')) {
  writeFileSync(file, after);
  process.stdout.write(`${added} entries added\n`);
} else if (after !== before) {
  process.stderr.write('package-lock.json is not complete; run: npm run lock\n');
  process.exitCode = 1;
}
