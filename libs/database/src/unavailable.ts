import { AppError } from '#libs/kernel';

/** Codes that say nothing about the statement, but that the database can't serve at the moment. */
const BUSY = /^(SQLITE_BUSY|SQLITE_LOCKED|55P03|53300)/;
const FULL = /^(SQLITE_FULL|SQLITE_IOERR|53100|53200)/;
const GONE = /^(ECONN\w+|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|08\w{3}|57P0[123])$/;
const GONE_TEXT = /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered)/;

/** Codes of the errors that {@link asUnavailable} makes. */
export const AWAY_CODES: ReadonlySet<string> = new Set([
  'database_busy',
  'storage_full',
  'database_unavailable',
]);

/**
 * An error of the database as what a client may be told: 503 when the database is busy, full or away, so that trying
 * again later makes sense. Any other error comes back as it is.
 */
export function asUnavailable(error: unknown): unknown {
  if (error instanceof AppError || typeof error !== 'object' || error === null) return error;
  const { driverError, code, message } = error as {
    driverError?: unknown;
    code?: unknown;
    message?: unknown;
  };
  if (typeof driverError === 'object' && driverError !== null && driverError !== error) {
    const translated = asUnavailable(driverError);
    return translated === driverError ? error : translated;
  }
  const text = typeof code === 'string' ? code : '';
  if (BUSY.test(text)) return unavailable('database_busy', 'The database is busy; try again shortly', error);
  if (FULL.test(text)) return unavailable('storage_full', 'The disk of the database is full', error);
  const gone = GONE.test(text) || (typeof message === 'string' && GONE_TEXT.test(message));
  return gone ? unreachable(error) : error;
}

/** 503: the connection was lost. */
export const unreachable = (cause: unknown): AppError =>
  unavailable('database_unavailable', 'The database cannot be reached at the moment', cause);

const unavailable = (code: string, detail: string, cause: unknown): AppError =>
  new AppError('unavailable', detail, { code, cause, headers: { 'Retry-After': '5' } });
