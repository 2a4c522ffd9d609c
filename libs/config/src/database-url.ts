import { isAbsolute, resolve } from 'node:path';
import { ConfigError } from './config-error.js';

/** Where the data lives, as read from `database_url`. `url` of PostgreSQL may hold a password: never log it. */
export type DatabaseTarget =
  { readonly kind: 'sqlite'; readonly path: string } | { readonly kind: 'postgres'; readonly url: string };

const FORMS =
  'sqlite:///relative.db, sqlite:////absolute.db, sqlite://:memory: or postgres://user:password@host:5432/name';
const MEMORY = /^sqlite:\/\/\/?:memory:$/;
const SQLITE_FILE = /^sqlite:\/\/\/(?<path>[^?#]+)$/;
const POSTGRES = /^postgres(ql)?:\/\//;

/**
 * Reads a database URL. A SQLite path comes back absolute, relative ones taken from `baseDir`; a database in memory
 * as `:memory:`. `postgresql://` becomes `postgres://`. Anything else is a {@link ConfigError} that never repeats
 * the URL, because it may hold a password.
 */
export function parseDatabaseUrl(text: string, baseDir: string): DatabaseTarget {
  if (MEMORY.test(text)) return { kind: 'sqlite', path: ':memory:' };
  const path = SQLITE_FILE.exec(text)?.groups?.['path'];
  if (path !== undefined && !path.endsWith('/')) {
    return { kind: 'sqlite', path: isAbsolute(path) ? path : resolve(baseDir, path) };
  }
  if (POSTGRES.test(text) && URL.canParse(text) && new URL(text).pathname.length > 1) {
    return { kind: 'postgres', url: text.replace(POSTGRES, 'postgres://') };
  }
  throw new ConfigError([`database_url: ${faultOf(text)}; allowed: ${FORMS}`]);
}

function faultOf(text: string): string {
  if (POSTGRES.test(text)) {
    return URL.canParse(text) ? 'the name of the database is missing' : 'the value is not a valid URL';
  }
  if (/^postgres(ql)?\+/.test(text)) return 'the URL must not name a driver';
  if (text.startsWith('sqlite:')) return 'the path of the SQLite file is missing or contains a query string';
  return 'the database is not supported';
}

/** The database for people and logs: never with a user name or password. */
export function describeDatabase(target: DatabaseTarget): string {
  if (target.kind === 'sqlite')
    return target.path === ':memory:' ? 'SQLite in memory' : `SQLite ${target.path}`;
  const { host, pathname } = new URL(target.url);
  return `PostgreSQL ${host}${pathname}`;
}
