import { describeDatabase } from '#libs/config';
import type { DatabaseLocation } from './data-source-options.js';
import { asUnavailable, isDatabaseRefusal } from './unavailable.js';

export type OpenFailure =
  | 'is_folder'
  | 'folder_not_writable'
  | 'file_not_writable'
  | 'not_a_database'
  | 'locked'
  | 'in_use'
  | 'disk_full'
  | 'not_durable'
  | 'schema_newer'
  | 'original'
  | 'missing'
  | 'unreachable'
  | 'login_refused'
  | 'no_such_database'
  | 'not_permitted'
  | 'too_many_connections'
  | 'connection_budget'
  | 'replica_of_another';

/**
 * The database can't be used, and what the operator can do about it. It ends the start of a program: the message names
 * paths and hosts, never a password, and goes to the operator's console, not to clients.
 */
export class DatabaseOpenError extends Error {
  constructor(
    readonly code: OpenFailure,
    message: string,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'DatabaseOpenError';
  }
}

const SQLITE_FAILURES: Readonly<Record<string, readonly [OpenFailure, string]>> = {
  SQLITE_NOTADB: ['not_a_database', 'is not a SQLite database; choose another path, or move the file away'],
  SQLITE_CORRUPT: ['not_a_database', 'is damaged; restore it from a backup'],
  SQLITE_READONLY: ['file_not_writable', 'is read-only; make the file and its folder writable'],
  SQLITE_CANTOPEN: [
    'file_not_writable',
    'cannot be opened; make the file and its folder readable and writable',
  ],
  SQLITE_PERM: ['file_not_writable', 'may not be accessed; make the file and its folder writable'],
  SQLITE_BUSY: ['locked', 'is locked by another program'],
  SQLITE_FULL: ['disk_full', 'cannot grow: the disk is full'],
  SQLITE_IOERR: ['disk_full', 'cannot be read or written; check the disk and its free space'],
};

const POSTGRES_FAILURES: Readonly<Record<string, readonly [OpenFailure, string]>> = {
  ECONNREFUSED: ['unreachable', 'refuses connections; is the server running there?'],
  ENOTFOUND: ['unreachable', 'has a host name that does not exist; check the name'],
  EAI_AGAIN: ['unreachable', 'has a host name that cannot be resolved now; check the name servers'],
  ETIMEDOUT: ['unreachable', 'does not answer'],
  EHOSTUNREACH: ['unreachable', 'cannot be reached from here'],
  ENETUNREACH: ['unreachable', 'cannot be reached from here'],
  ECONNRESET: ['unreachable', 'closed the connection'],
  '28P01': ['login_refused', 'refuses the user name or password'],
  '28000': ['login_refused', 'refuses this user'],
  '3D000': ['no_such_database', 'does not exist; create it first'],
  '42501': ['not_permitted', 'does not let this user create or change tables'],
  '53300': ['too_many_connections', 'has no free connection; lower the pool size or raise its limit'],
  '57P03': ['unreachable', 'is starting up or shutting down'],
};

/** What ends by itself, or by work on the database's side: another start may go better, with the same settings. */
const PASSING: readonly OpenFailure[] = ['unreachable', 'too_many_connections', 'locked', 'disk_full'];

/** Whether an error, at the start or later, says no more than that the database cannot serve at the moment. */
export function isDatabaseAway(error: unknown): boolean {
  if (error instanceof DatabaseOpenError) return PASSING.includes(error.code);
  return isDatabaseRefusal(asUnavailable(error));
}

/** Says in the operator's words why the database can't be used; an error of another kind comes back as it is. */
export function explainOpenFailure(error: unknown, location: DatabaseLocation): unknown {
  if (error instanceof DatabaseOpenError) return error;
  const found = causes(error)
    .map((cause) => failureOf(cause, location.kind))
    .find((failure) => failure !== undefined);
  if (found === undefined) return error;
  const [code, text] = found;
  return new DatabaseOpenError(code, `${describeDatabase(location)} ${text}`, error);
}

function failureOf(
  error: unknown,
  kind: DatabaseLocation['kind'],
): readonly [OpenFailure, string] | undefined {
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (kind === 'sqlite' && typeof code === 'string') {
    // extended codes add a detail: SQLITE_CANTOPEN_ISDIR
    return SQLITE_FAILURES[code] ?? SQLITE_FAILURES[code.split('_').slice(0, 2).join('_')];
  }
  if (kind === 'postgres' && typeof code === 'string') return POSTGRES_FAILURES[code];
  const timedOut = kind === 'postgres' && typeof message === 'string' && /timeout|timed out/i.test(message);
  return timedOut ? POSTGRES_FAILURES['ETIMEDOUT'] : undefined;
}

/** An error, what it wraps, and the parts of one that stands for several addresses of a host. */
function causes(error: unknown): unknown[] {
  if (typeof error !== 'object' || error === null) return [];
  const { cause, driverError, errors } = error as {
    cause?: unknown;
    driverError?: unknown;
    errors?: unknown[];
  };
  const inner = [driverError, cause, ...(Array.isArray(errors) ? errors : [])];
  return [error, ...inner.filter((one) => one !== error).flatMap(causes)];
}
