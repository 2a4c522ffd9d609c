import { randomBytes, randomUUID } from 'node:crypto';
import { linkSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ConfigError } from './config-error.js';

const BYTES = 48;
const LEAST_CHARACTERS = 32;
const OWNER_ONLY = 0o600;
const OTHERS = 0o077;

/** 48 random bytes as base64url: 64 characters. */
export const randomSecret = (): string => randomBytes(BYTES).toString('base64url');

/** Where the signing key of a SQLite installation is kept. */
export const secretPathOf = (databasePath: string): string => `${databasePath}.secret`;

/**
 * The signing key kept beside a SQLite file, made on first use with mode 0600. Two processes that start at the same
 * moment end with the same key: each writes its own draft completely and links it to the one name, which only
 * succeeds for the first; both then read what the name holds. A key that others may read, that is damaged, or that
 * cannot be written is a {@link ConfigError}.
 */
export function secretBeside(databasePath: string): string {
  const path = secretPathOf(databasePath);
  try {
    if (!statSync(path, { throwIfNoEntry: false })) createSecret(path);
    const status = statSync(path);
    if (process.platform !== 'win32' && (status.mode & OTHERS) !== 0) {
      throw new ConfigError([
        `secret_key: ${path} may be read by other users; run: chmod 600 ${basename(path)}`,
      ]);
    }
    const secret = readFileSync(path, 'utf8').trim();
    if (secret.length >= LEAST_CHARACTERS) return secret;
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
    throw new ConfigError([
      `secret_key: is not set, and a random one cannot be kept in ${path} (${code}); set SECRET_KEY, or give the database a folder that exists and may be written`,
    ]);
  }
  throw new ConfigError([
    `secret_key: ${path} is damaged (shorter than ${LEAST_CHARACTERS} characters); delete it and everyone logs in again`,
  ]);
}

function createSecret(path: string): void {
  const draft = join(dirname(path), `.${basename(path)}.${randomUUID()}`);
  writeFileSync(draft, `${randomSecret()}\n`, { mode: OWNER_ONLY, flag: 'wx', flush: true });
  try {
    linkSync(draft, path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
  } finally {
    rmSync(draft, { force: true });
  }
}
