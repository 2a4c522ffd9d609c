import { describe, expect, it } from '@jest/globals';
import { describeDatabase, loadConfig, parseDatabaseUrl } from '#libs/config';
import { temporaryFolders } from './temporary-folder.js';

const folderWith = temporaryFolders();

const parse = (text: string) => parseDatabaseUrl(text, '/srv/app');

describe('the database URL', () => {
  it.each([
    ['sqlite:///predictions.db', '/srv/app/predictions.db'],
    ['sqlite:///./data/a.db', '/srv/app/data/a.db'],
    ['sqlite:////var/lib/a b.db', '/var/lib/a b.db'],
    ['sqlite://:memory:', ':memory:'],
    ['sqlite:///:memory:', ':memory:'],
  ])('%s is the SQLite database %s', (text, path) => {
    expect(parse(text)).toEqual({ kind: 'sqlite', path });
  });

  it.each([
    [
      'postgres://user:pw@host:5432/name?sslmode=require',
      'postgres://user:pw@host:5432/name?sslmode=require',
    ],
    ['postgresql://host/name', 'postgres://host/name'],
  ])('%s is a PostgreSQL database', (text, url) => {
    expect(parse(text)).toEqual({ kind: 'postgres', url });
  });

  it.each([
    ['sqlite://relative.db', /path of the SQLite file is missing/],
    ['sqlite:///', /path of the SQLite file is missing/],
    ['sqlite:///folder/', /path of the SQLite file is missing/],
    ['sqlite:///a.db?mode=ro', /contains a query/],
    ['postgres://user:hidden@host', /the name of the database is missing/],
    ['postgres://user:hidden@host:port/name', /not a valid URL/],
    ['postgresql+asyncpg://user:hidden@host/name', /must not name a driver/],
    ['mysql://user:hidden@host/name', /the database is not supported/],
    ['predictions.db', /the database is not supported/],
    ['', /the database is not supported/],
  ])('%s is refused, and what is allowed is named', (text, fault) => {
    expect(() => parse(text)).toThrow(fault);
    expect(() => parse(text)).toThrow(/sqlite:\/\/\/relative\.db.*postgres:\/\/user:password@host/);
    expect(() => parse(text)).not.toThrow(/hidden/);
  });

  it('is described without user name and password', () => {
    expect(describeDatabase(parse('postgres://user:hidden@host:5433/name'))).toBe(
      'PostgreSQL host:5433/name',
    );
    expect(describeDatabase(parse('sqlite:///a.db'))).toBe('SQLite /srv/app/a.db');
    expect(describeDatabase(parse('sqlite://:memory:'))).toBe('SQLite in memory');
  });

  it('is taken from the working directory of the configuration', () => {
    const cwd = folderWith();
    expect(loadConfig({ cwd, env: {} }).database).toEqual({ kind: 'sqlite', path: `${cwd}/predictions.db` });
  });
});
