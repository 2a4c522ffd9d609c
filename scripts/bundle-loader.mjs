// The build copies this to `dist/bundle/loader.js`: it evaluates the bundle's scripts and keeps what V8 compiled of them for the next
// start (docs/decisions/0098). Whatever is wrong with what was kept, a script is compiled as if nothing had been.
import { createHash, randomBytes } from 'node:crypto';
import { channel, subscribe } from 'node:diagnostics_channel';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cachedDataVersionTag } from 'node:v8';
import { Script } from 'node:vm';
import { isMainThread } from 'node:worker_threads';

/** A start has more to do just after it listens, and its first callers come. */
const SETTLE_MS = 3_000;
/** Node's versions and sets of V8 flags whose code is kept; each takes some megabytes. */
const MOST_KEPT = 4;
const DIGEST_BYTES = 32;
const HEADER_BYTES = 2 * DIGEST_BYTES;

const bundle = fileURLToPath(new URL('.', import.meta.url));
const dist = new URL('..', import.meta.url);
/** Of each file: its script, and what it imports of the bundle and of packages. */
const files = JSON.parse(readFileSync(join(bundle, 'files.json'), 'utf8'));
const store = join(bundle, 'compiled');
const sha256 = (bytes) => createHash('sha256').update(bytes).digest();
/** V8 compares its version and its flags, not how Node was built: that could differ where the version is the same. */
const build = sha256(JSON.stringify([process.versions, process.config]))
  .toString('hex')
  .slice(0, 12);
const kind = `${process.version}-${process.arch}-${build}-`;
/** Each set of flags has a folder of its own. */
const ownShelf = join(store, `${kind}${cachedDataVersionTag().toString(16)}`);
const requireHere = createRequire(import.meta.url);

/** Packages in the form in which esbuild's code takes a module: a CommonJS module that says what it is. */
const packages = new Map();
const evaluated = new Map();
/** Scripts that were compiled anew. */
let fresh = [];
/** Where kept code is looked for, or null. */
let shelf = trusted(shelfToRead());
/** Told of each script; nobody listens but who looks into this. */
const COMPILED = channel('prediction-provider.compiled');

/**
 * What a file of the bundle exports.
 * @param given the packages that it and its imports need, imported
 */
export function evaluate(file, given = {}) {
  for (const [name, module] of Object.entries(given)) admit(name, module);
  return exportsOf(file);
}

/** As `import()`; the packages first, which may be ECMAScript modules that only that can load. */
async function load(file) {
  const missing = new Set();
  collectMissing(file, missing, new Set());
  await Promise.all([...missing].map(async (name) => admit(name, await import(name))));
  return exportsOf(file);
}

function collectMissing(file, missing, seen) {
  if (seen.has(file) || evaluated.has(file)) return;
  seen.add(file);
  for (const name of files[file].packages) if (!packages.has(name)) missing.add(name);
  for (const imported of files[file].imports) collectMissing(imported, missing, seen);
}

const admit = (name, module) => packages.set(name, { ...module, __esModule: true });

function exportsOf(file) {
  const known = evaluated.get(file);
  if (known !== undefined) return known.exports;
  const module = { exports: {} };
  evaluated.set(file, module);
  const url = new URL(file, dist).href;
  const folder = posix.dirname(file);
  const ownFile = (name) => posix.join(folder, name);
  const meta = {
    url,
    dirname: fileURLToPath(new URL('.', url)),
    filename: fileURLToPath(url),
    resolve: (name) => (name.startsWith('.') ? new URL(name, url).href : import.meta.resolve(name)),
  };
  const requireOne = (name) =>
    name.startsWith('.') ? exportsOf(ownFile(name)) : (packages.get(name) ?? requireHere(name));
  const importOne = (name) => (ownFile(`${name}`) in files ? load(ownFile(name)) : import(name));
  compiled(files[file].script).runInThisContext()(module, requireOne, importOne, meta);
  return module.exports;
}

function compiled(name) {
  const filename = join(bundle, name);
  const source = readFileSync(filename);
  const digest = sha256(source);
  const cachedData = shelf === null ? undefined : kept(name, digest);
  // The build writes ASCII; V8 keeps large ones outside of its heap.
  const script = new Script(source.latin1Slice(), { filename, cachedData });
  if (script.cachedDataRejected) refuse(name, 'V8 refuses it');
  const isKept = script.cachedDataRejected === false;
  if (!isKept) fresh.push({ name, digest, script });
  COMPILED.publish({ name, isKept });
  return script;
}

/** V8 believes what it is given: code of another text of the same length, or a file with a fault, would be run. */
function kept(name, digest) {
  let bytes;
  try {
    bytes = readFileSync(join(shelf, name));
  } catch {
    return undefined;
  }
  const code = bytes.subarray(HEADER_BYTES);
  if (!bytes.subarray(DIGEST_BYTES, HEADER_BYTES).equals(sha256(code))) {
    refuse(name, 'it is damaged');
    return undefined;
  }
  return bytes.subarray(0, DIGEST_BYTES).equals(digest) ? code : undefined;
}

/** It goes at once, as the next to keep its code looks whether somebody has done that. */
function refuse(name, reason) {
  if (shelf !== ownShelf) {
    shelf = null; // made with other flags
    return;
  }
  const path = join(shelf, name);
  warn(`The compiled code ${path} is not used, as ${reason}`);
  try {
    rmSync(path, { force: true });
  } catch {
    // Not ours: it stays, and is refused by the next start as well.
  }
}

/** This process's own; else the newest of this version of Node, as an image that is built on another processor has one. */
function shelfToRead() {
  if (existsSync(ownShelf)) return ownShelf;
  const [newest] = shelves().filter((path) => basename(path).startsWith(kind));
  return newest ?? null;
}

/** Newest first. */
function shelves() {
  try {
    const age = (path) => statSync(path).mtimeMs;
    const paths = readdirSync(store).map((name) => join(store, name));
    return paths.sort((a, b) => age(b) - age(a));
  } catch {
    return [];
  }
}

/** Kept code is run as the bundle is, so nobody may write it who cannot write the bundle. Windows has no such modes. */
function trusted(path) {
  if (path === null || process.platform === 'win32') return path;
  const { uid } = statSync(bundle);
  const unsafe = [store, path].find((folder) => {
    const found = statSync(folder, { throwIfNoEntry: false });
    return found !== undefined && (found.uid !== uid || (found.mode & 0o022) !== 0);
  });
  if (unsafe === undefined) return path;
  warn(`The compiled code in ${unsafe} is not used, as others than the owner of the program may write there`);
  return null;
}

function warn(fault) {
  process.emitWarning(`${fault}; the program is compiled anew`);
}

/**
 * Writes down what V8 compiled for the scripts that had nothing kept, functions that ran included. Only for the owner of
 * the bundle: another one's files would be in the way of the next build.
 */
export async function keepCompiled() {
  const scripts = fresh;
  fresh = [];
  if (scripts.length === 0) return;
  try {
    if (process.platform !== 'win32' && statSync(bundle).uid !== process.geteuid()) return;
    for (const path of [store, ownShelf]) mkdirSync(path, { recursive: true, mode: 0o755 });
    if (trusted(ownShelf) === null) return;
    for (const script of scripts) {
      keepOne(script);
      await new Promise(setImmediate);
    }
    for (const path of shelves().slice(MOST_KEPT)) rmSync(path, { recursive: true, force: true });
  } catch {
    // A folder that cannot be written, a full disk: the next start compiles again.
  }
}

function keepOne({ name, digest, script }) {
  const path = join(ownShelf, name);
  if (isThere(path, digest)) return;
  const code = script.createCachedData();
  const unfinished = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    writeFileSync(unfinished, Buffer.concat([digest, sha256(code), code]), { mode: 0o644, flag: 'wx' });
    renameSync(unfinished, path);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
}

/** Another process of the same start may have been faster. */
function isThere(path, digest) {
  const found = Buffer.alloc(DIGEST_BYTES);
  let file;
  try {
    file = openSync(path);
    readSync(file, found);
    return found.equals(digest);
  } catch {
    return false;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

// A command that ends at once has run too little to be worth keeping.
if (isMainThread) subscribe('prediction-provider.started', () => setTimeout(keepCompiled, SETTLE_MS).unref());
