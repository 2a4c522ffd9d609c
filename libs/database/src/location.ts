import { AppError } from '#libs/kernel';
import { resolve } from 'node:path';

/** Where the database is. `path` `:memory:` is a private temporary file that goes away on close. */
export type DatabaseLocation =
  { readonly kind: 'sqlite'; readonly path: string } | { readonly kind: 'postgres'; readonly url: string };

/**
 * Reads a database URL: `sqlite:///relative.db`, `sqlite:////absolute.db`, `sqlite://:memory:`, `postgres://…`
 * (`postgresql://…` too). A relative path counts from the working directory.
 * @throws AppError `bad_request` that never repeats the URL, because it may hold a password.
 */
export function parseDatabaseUrl(url: string): DatabaseLocation {
  if (url === 'sqlite://:memory:' || url === 'sqlite:///:memory:')
    return { kind: 'sqlite', path: ':memory:' };
  if (url.startsWith('sqlite:///') && url.length > 'sqlite:///'.length) {
    return { kind: 'sqlite', path: resolve(url.slice('sqlite:///'.length)) };
  }
  if (/^postgres(ql)?:\/\//.test(url) && URL.canParse(url)) return { kind: 'postgres', url };
  throw new AppError(
    'bad_request',
    'The database URL must be sqlite:///relative.db, sqlite:////absolute.db, sqlite://:memory: or postgres://user:password@host:port/name',
    { code: 'database_url' },
  );
}
