import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { chmod, copyFile, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { type AppConfig, ConfigError, describeDatabase, linesOfSecrets } from '#libs/config';
import {
  appliedMigrations,
  copiedRows,
  copiedTables,
  copySqlite,
  type Database,
  linesOf,
  placeSqlite,
  restoreRows,
  TransactionRunner,
} from '#libs/database';
import { HOUR_MS, isRecord, nameOfSecret } from '#libs/kernel';
import { openDatabase } from '../schema.js';
import { VERSION } from '../version.js';
import { type Command, nameDatabase, print } from './command.js';
import { progressBar } from './terminal.js';

const [MANIFEST, SQLITE, ROWS, SECRET] = ['backup.json', 'database.sqlite', 'rows.gz', 'secret'] as const;
const [OWNER_ONLY, OWNER_FOLDER] = [0o600, 0o700];
/** Years of rows take minutes, and nobody else writes into an empty database. */
const LIMIT_MS = 12 * HOUR_MS;

/** What a backup says of itself; written last, so a folder without it is none. */
interface Manifest {
  readonly service: string;
  readonly made_at: string;
  readonly database: 'sqlite' | 'postgres';
  readonly migrations: readonly string[];
  /** SHA-256 of the file with the rows. */
  readonly sha256: string;
  /** Lines of the file with PostgreSQL's rows; absent of SQLite. */
  readonly rows?: number;
  /** Tells secrets apart, and nothing of one; null when it is not known here. */
  readonly secret_key_is: string | null;
}

/** `backup FOLDER`: the database as it is now, while it is in use, and the secret that is kept beside it. */
export const backUp: Command = async (config, { positionals }) => {
  const folder = await newFolder(positionals[0]);
  const database = await openDatabase(config, { mustExist: true });
  nameDatabase(config);
  try {
    const secret = await secretOf(config);
    const name = config.database.kind === 'sqlite' ? SQLITE : ROWS;
    const copy = await writeCopy(config, database, join(folder, name));
    await chmod(join(folder, name), OWNER_ONLY);
    if (secret?.path !== undefined) await copyFile(secret.path, join(folder, SECRET));
    const manifest: Manifest = {
      service: VERSION,
      made_at: new Date().toISOString(),
      database: config.database.kind,
      ...copy,
      sha256: await digestOf(join(folder, name)),
      secret_key_is: secret === null ? null : nameOfSecret(secret.text),
    };
    await writeFile(join(folder, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`, { mode: OWNER_ONLY });
    return print([`The backup is in ${folder}.`, adviceOn(secret)].join('\n'));
  } finally {
    await database.close();
  }
};

/** `restore FOLDER`: into a database that is not there yet, or is empty. */
export const restore: Command = async (config, { positionals }) => {
  const folder = resolve(given(positionals[0]));
  const manifest = await manifestOf(folder);
  if (manifest.database !== config.database.kind)
    throw refused(
      `${folder} is a backup of ${manifest.database}; --database_url names another kind of database`,
    );
  const file = join(folder, manifest.database === 'sqlite' ? SQLITE : ROWS);
  if ((await digestOf(file)) !== manifest.sha256) throw refused(`${file} was changed or is not whole`);
  nameDatabase(config);
  if (config.database.kind === 'sqlite') await restoreSqlite(folder, file, config.database.path);
  else await restorePostgres(config, file, manifest);
  const note = await secretNote(config, manifest);
  return print(
    [`Restored to ${describeDatabase(config.database)}, as of ${manifest.made_at}.`, ...note].join('\n'),
  );
};

function given(folder: string | undefined): string {
  if (folder === undefined) throw refused('the FOLDER of the backup is missing');
  return folder;
}

const refused = (fault: string): ConfigError => new ConfigError([fault], 'The command');

async function newFolder(name: string | undefined): Promise<string> {
  const folder = resolve(given(name));
  await mkdir(folder, { recursive: true, mode: OWNER_FOLDER });
  if ((await readdir(folder)).length > 0) throw refused(`${folder} is not empty; name a new folder`);
  await chmod(folder, OWNER_FOLDER);
  return folder;
}

/** @returns what the copy has */
async function writeCopy(
  config: AppConfig,
  database: Database,
  file: string,
): Promise<Pick<Manifest, 'migrations' | 'rows'>> {
  if (config.database.kind === 'sqlite') {
    await copySqlite(config.database.path, file);
    return { migrations: await appliedMigrations(database.read) };
  }
  return database.inSnapshot(async () => {
    const scope = database.read;
    const tables = await copiedTables(scope);
    const draw = progressBar('backup');
    let [done, rows] = [0, 0];
    const copied = copiedRows(scope, tables, () => draw(++done / tables.length));
    const counted = passing(copied, () => (rows += 1));
    await pipeline(Readable.from(counted), createGzip(), createWriteStream(file, { mode: OWNER_ONLY }));
    return { migrations: await appliedMigrations(scope), rows };
  });
}

/** The same lines, each told of as it passes. */
async function* passing(lines: AsyncIterable<string>, passed: () => void): AsyncIterable<string> {
  for await (const line of lines) {
    passed();
    yield line;
  }
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

async function manifestOf(folder: string): Promise<Manifest> {
  const text = await readFile(join(folder, MANIFEST), 'utf8').catch(() => null);
  if (text === null) throw refused(`${folder} has no ${MANIFEST}: it is no backup, or not a whole one`);
  const manifest: unknown = JSON.parse(text);
  if (isRecord(manifest) && Array.isArray(manifest['migrations'])) return manifest as unknown as Manifest;
  throw refused(`${join(folder, MANIFEST)} is not what a backup has`);
}

async function restoreSqlite(folder: string, file: string, path: string): Promise<void> {
  const secret = `${path}.secret`;
  const kept = await stat(join(folder, SECRET)).catch(() => null);
  if (kept !== null && (await stat(secret).catch(() => null)) !== null)
    throw refused(`${secret} exists already; move it away, or restore to another path`);
  await placeSqlite(file, path);
  if (kept === null) return;
  await copyFile(join(folder, SECRET), secret);
  await chmod(secret, OWNER_ONLY);
}

async function restorePostgres(config: AppConfig, file: string, manifest: Manifest): Promise<void> {
  const database = await openDatabase(config);
  try {
    const here = await appliedMigrations(database.read);
    if (here.join() !== manifest.migrations.join())
      throw refused(
        `the backup has the tables of version ${manifest.service}, this is ${VERSION}: restore with that version, then start this one`,
      );
    const draw = progressBar('restore');
    let done = 0;
    const lines = passing(linesOf(file), () => draw(++done / (manifest.rows ?? Infinity)));
    await new TransactionRunner(database, { limitMs: LIMIT_MS }).run((tx) => restoreRows(tx, lines));
    draw(1);
  } finally {
    await database.close();
  }
}

interface KnownSecret {
  readonly text: string;
  /** Where it lies; undefined when it is set by the operator. */
  readonly path?: string;
}

/** The secret that webhook secrets are encrypted with; null when this command is not told it. */
async function secretOf({ database, secret_key }: AppConfig): Promise<KnownSecret | null> {
  if (secret_key !== null) return { text: secret_key };
  if (database.kind !== 'sqlite') return null;
  const path = `${database.path}.secret`;
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  return text === null ? null : { text: linesOfSecrets(text)[0] ?? '', path };
}

function adviceOn(secret: KnownSecret | null): string {
  if (secret?.path !== undefined)
    return 'It holds the secret key that was beside the database: keep it where only you can read it.';
  const which = secret === null ? '' : ` (its name is ${nameOfSecret(secret.text)})`;
  return `The secret key is not in it: keep SECRET_KEY${which} too. Without it the secrets of webhooks are lost, and everyone logs in again.`;
}

async function secretNote(config: AppConfig, { secret_key_is: name }: Manifest): Promise<readonly string[]> {
  const secret = await secretOf(config);
  if (name === null || (secret !== null && nameOfSecret(secret.text) === name)) return [];
  return [
    `Start it with the SECRET_KEY named ${name}${secret === null ? '' : ', not the one that is set here'}: webhook secrets and logins need it.`,
  ];
}
