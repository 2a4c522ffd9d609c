import { chownSync, cpSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';

/** What belongs to the running server and not to its data. */
const OWN = new Set(['postmaster.pid', 'postmaster.opts']);

/** Copies the data of a running server on this machine, as its own backup mode wants it, for one that follows it. */
export async function copyPrimary(url, data, user) {
  await copyBase(url, data);
  const { hostname, port, username, password } = new URL(url);
  const source = `host=${hostname} port=${port} user=${username} password=${decodeURIComponent(password)}`;
  configure(data, user, { primary_conninfo: source }, 'standby.signal');
}

/** Makes of a base copy a server that goes on with another one's log up to a moment, and no further. */
export function restoreUntil(data, user, log, moment) {
  const settings = {
    restore_command: `cp "${log}/%f" "%p"`,
    recovery_target_time: moment,
    recovery_target_action: 'promote',
  };
  configure(data, user, settings, 'recovery.signal');
}

/** A base copy: what `pg_basebackup` makes, without the log. */
export async function copyBase(url, data) {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query("SELECT current_setting('data_directory') AS folder");
    await client.query("SELECT pg_backup_start('copy', true)");
    cpSync(rows[0].folder, data, {
      recursive: true,
      preserveTimestamps: true,
      filter: (path) => !OWN.has(path.slice(rows[0].folder.length + 1)),
    });
    const backup = await client.query('SELECT labelfile FROM pg_backup_stop(false)');
    writeFileSync(join(data, 'backup_label'), backup.rows[0].labelfile);
  } finally {
    await client.end();
  }
}

function configure(data, { uid, gid }, settings, signal) {
  const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value}'\n`);
  writeFileSync(join(data, 'postgresql.auto.conf'), lines.join(''));
  writeFileSync(join(data, signal), '');
  if (uid !== undefined) for (const path of [data, ...below(data)]) chownSync(path, uid, gid);
}

const below = (folder) => readdirSync(folder, { recursive: true }).map((name) => join(folder, name));
