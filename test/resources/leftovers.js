import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MEMORY = '/dev/shm';
/** A whole run keeps less than a tenth of that at a time. */
const ENOUGH_BYTES = 4 * 1024 ** 3;

/**
 * Where a run keeps its files: in memory where Linux has the room and nobody chose another place. SQLite waits for the
 * disk at each commit, which was a third of a run's time, and no spec cuts the power.
 */
export function temporaryRoot() {
  const isChosen = process.env.TMPDIR !== undefined;
  return !isChosen && freeBytes(MEMORY) >= ENOUGH_BYTES && mayExecute(MEMORY) ? MEMORY : tmpdir();
}

function freeBytes(folder) {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    return 0;
  }
}

/** The server of PostgreSQL may have to be copied there. */
function mayExecute(folder) {
  return !mounts().some((line) => line.split(' ')[1] === folder && line.includes('noexec'));
}

const mounts = () => (process.platform === 'linux' ? readFileSync('/proc/mounts', 'utf8').split('\n') : []);

/**
 * Removes what a killed run left in the temporary folder: `<prefix><pid>-…` of processes that are gone, and a database
 * server that still works on such a folder.
 */
export function removeLeftovers(prefix) {
  for (const name of readdirSync(tmpdir())) {
    const owner = name.startsWith(prefix) ? Number.parseInt(name.slice(prefix.length), 10) : Number.NaN;
    if (Number.isNaN(owner) || isAlive(owner)) continue;
    const folder = join(tmpdir(), name);
    endServerOn(join(folder, 'data'));
    unmountBelow(folder);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A folder on which something is mounted cannot be removed: a spec's small disk outlives a run that skips its specs. */
function unmountBelow(folder) {
  for (const line of mounts()) {
    const place = line.split(' ')[1] ?? '';
    if (place.startsWith(`${folder}/`)) execFileSync('umount', ['--lazy', place]);
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code !== 'ESRCH';
  }
}

/** Ends the server only if its own command line names the folder: its number may long belong to another process. */
function endServerOn(data) {
  try {
    const pid = Number.parseInt(readFileSync(join(data, 'postmaster.pid'), 'utf8'), 10);
    if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(data)) process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!['ENOENT', 'ESRCH', 'EACCES', 'ENOTDIR'].includes(error.code)) throw error;
  }
}
