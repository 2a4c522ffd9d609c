import { AppError, OutageError } from '#libs/kernel';

/** PostgreSQL gave up one statement for others: the same one may pass a moment later. */
const CONTENDED = /^(40001|40P01|55P03|57014)$/;
/** SQLite is locked by another program; PostgreSQL, or this process, has no connection, memory or file handle left. */
const BUSY = /^(SQLITE_BUSY|SQLITE_LOCKED|SQLITE_PROTOCOL|SQLITE_NOMEM|53[2-4]00|EMFILE|ENFILE)/;
const FULL = /^(SQLITE_FULL|53100|ENOSPC|EDQUOT)/;
/** The disk, or what another program did to the file. */
const BROKEN = /^(EIO|SQLITE_(IOERR|CANTOPEN|READONLY_|CORRUPT|NOTADB)|58\w{3})/;
/** A connection that could not be made or was lost, a server that starts, stops or became a standby, a lost database. */
const GONE =
  /^(ECONN\w+|EPIPE|ETIMEDOUT|EHOST\w+|ENET\w+|ENOTFOUND|EAI_\w+|ERR_(SSL|TLS)\w*|08\w{3}|57P0\w|25P0[34]|25006|28\w{3}|3D000)$/;
const GONE_TEXT =
  /^(Connection terminated|timeout expired|Query read timeout|Client has encountered|Client was closed|The server does not support SSL)/;
/** pg-pool's words for a pool whose connections are all in use for longer than one may wait. */
const EXHAUSTED_TEXT = /^timeout exceeded when trying to connect/;

/**
 * An error of the database as what a client may be told: 503 when the database is busy, full, broken or away, so that
 * trying again later makes sense. An {@link OutageError} when it concerns everybody. Any other error comes back as it is.
 */
export function asUnavailable(error: unknown): unknown {
  if (error instanceof AppError) return error;
  return (
    chainOf(error)
      .map((one) => classified(one, error))
      .find((one) => one !== null) ?? error
  );
}

/** Whether PostgreSQL rolled a transaction back for the sake of others, so that it may be run again as a whole. */
export const mayRunAgain = (error: unknown): boolean =>
  chainOf(error).some((one) => /^40(001|P01)$/.test(codeOf(one))) || isPlanStale(error);

/** A migration changed the type of a column since this connection prepared the statement: another connection will do. */
export const isPlanStale = (error: unknown): boolean => chainOf(error).some((one) => codeOf(one) === '0A000');

/** 503: the connection was lost. */
export const unreachable = (cause: unknown): OutageError =>
  outage('database_unavailable', 'The database cannot be reached at the moment', cause);

/** 503: the file of a SQLite database is no longer where it was opened. */
export const fileLost = (what: string): OutageError =>
  outage('database_file_lost', 'The file of the database was moved, replaced or deleted', new Error(what));

/** What the database says of itself, not of the request: the same one may succeed later. */
const REFUSALS = new Set([
  'database_unavailable',
  'database_busy',
  'database_file_lost',
  'storage_full',
  'storage_failed',
  'transaction_timeout',
  'write_lost',
  'writes_waiting',
  'read_timeout',
  'read_lost',
]);

/** Whether work failed only because of the database, so that it may be tried again. */
export const isDatabaseRefusal = (error: unknown): boolean =>
  error instanceof AppError && error.kind === 'unavailable' && REFUSALS.has(error.code);

const outage = (code: string, detail: string, cause: unknown): OutageError =>
  new OutageError(detail, { code, cause, headers: RETRY_AFTER });
const RETRY_AFTER = { 'Retry-After': '5' };

function classified(one: object, cause: unknown): AppError | null {
  const [code, text] = [codeOf(one), (one as { message?: unknown }).message];
  const says = (pattern: RegExp): boolean => typeof text === 'string' && pattern.test(text);
  if (CONTENDED.test(code)) {
    const options = { code: 'database_busy', cause, headers: RETRY_AFTER };
    return new AppError('unavailable', 'The database is busy; try again shortly', options);
  }
  if (BUSY.test(code) || says(EXHAUSTED_TEXT)) {
    return outage('database_busy', 'The database is busy; try again shortly', cause);
  }
  if (FULL.test(code)) return outage('storage_full', 'The disk of the database is full', cause);
  if (BROKEN.test(code)) {
    return outage('storage_failed', 'The file of the database cannot be read or written', cause);
  }
  return GONE.test(code) || says(GONE_TEXT) ? unreachable(cause) : null;
}

const codeOf = (error: object): string => {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : '';
};

/** An error, what TypeORM or we wrapped, and the parts of one that stands for several addresses of a host. */
function chainOf(error: unknown, depth = 0): object[] {
  if (typeof error !== 'object' || error === null || depth > MAX_DEPTH) return [];
  const { driverError, cause, errors } = error as {
    driverError?: unknown;
    cause?: unknown;
    errors?: unknown;
  };
  const inner = [
    driverError,
    error instanceof AppError ? cause : undefined,
    ...(Array.isArray(errors) ? errors : []),
  ];
  return [error, ...inner.filter((one) => one !== error).flatMap((one) => chainOf(one, depth + 1))];
}
const MAX_DEPTH = 5;
