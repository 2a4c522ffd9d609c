import { chownSync, cpSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';

/** What belongs to the running server and not to its data. */
const OWN = new Set(['postmaster.pid', 'postmaster.opts']);

/**
 * Copies the data of a running server on this machine, as its own backup mode wants it, and writes what makes of the copy a
 * server that follows.
 */
export async function copyPrimary(url, data, { uid, gid }) {
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
  const { hostname, port, username, password } = new URL(url);
  const source = `host=${hostname} port=${port} user=${username} password=${decodeURIComponent(password)}`;
  writeFileSync(join(data, 'postgresql.auto.conf'), `primary_conninfo = '${source}'\n`);
  writeFileSync(join(data, 'standby.signal'), '');
  if (uid !== undefined) for (const path of [data, ...below(data)]) chownSync(path, uid, gid);
}

const below = (folder) => readdirSync(folder, { recursive: true }).map((name) => join(folder, name));
