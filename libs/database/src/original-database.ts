import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import Sqlite from 'better-sqlite3';
import { describeDatabase } from '#libs/config';
import type { DataSource } from 'typeorm';
import type { DatabaseLocation } from './data-source-options.js';

/**
 * So much of a file is looked at. The original makes all its tables at its first start, so their definitions stand in
 * the first pages: 40 KiB with every index.
 */
const BEGINNING_BYTES = 1024 * 1024;
const SQLITE_MAGIC = 'SQLite format 3\0';
/** Where the header of a file says how it is written to; 1 is a rollback journal, 2 a write-ahead log. */
const JOURNAL_AT = [18, 19];
const SMALLEST_PAGE = 512;
const PAGE_SIZE_AT = 16;
const PAGES_AT = 28;

/** What both have, and what only ours has. */
const IS_ORIGINAL = `
  SELECT 1 FROM sqlite_master u JOIN sqlite_master r ON r.type = 'table' AND r.name = 'roles'
  WHERE u.type = 'table' AND u.name = 'users'
    AND u.sql LIKE '%hashed_password%' AND u.sql NOT LIKE '%token_version%'`;

const POSTGRES_IS_ORIGINAL = `
  SELECT 1 FROM information_schema.columns c JOIN information_schema.tables r
    ON r.table_schema = c.table_schema AND r.table_name = 'roles'
  WHERE c.table_schema = current_schema() AND c.table_name = 'users' AND c.column_name = 'hashed_password'
    AND NOT EXISTS (SELECT 1 FROM information_schema.columns o WHERE o.table_schema = c.table_schema
      AND o.table_name = 'users' AND o.column_name = 'token_version')`;

/**
 * Why a SQLite file can't be used: it is a database of the original Python service. Null for every other file, and
 * without one. Nothing is touched: SQLite itself would make files beside one with a write-ahead log even when it only
 * reads, so its beginning is read as bytes and looked at in memory.
 */
export function refuseOriginalFile(location: DatabaseLocation): string | null {
  if (location.kind !== 'sqlite' || location.path === ':memory:') return null;
  const beginning = beginningOf(location.path);
  return beginning !== null && holdsOriginal(beginning) ? refusalOf(location) : null;
}

/** The same for PostgreSQL: one SELECT. */
export async function refuseOriginalTables(
  dataSource: DataSource,
  location: DatabaseLocation,
): Promise<string | null> {
  const found = (await dataSource.query(POSTGRES_IS_ORIGINAL)) as unknown[];
  return found.length > 0 ? refusalOf(location) : null;
}

function refusalOf(location: DatabaseLocation): string {
  const file = location.kind === 'sqlite' ? resolve(location.path) : 'prediction_provider.db';
  return (
    `database_url: ${describeDatabase(location)} belongs to the original Python service; nothing in it was touched. ` +
    `Set database_url to another database, and bring the content over with: ` +
    `prediction-provider import ${file} --database_url NEW`
  );
}

/** The first pages as a file of their own, null when it is none of SQLite's or can't be read: the opening explains that. */
function beginningOf(path: string): Buffer | null {
  const buffer = Buffer.alloc(BEGINNING_BYTES);
  let read = 0;
  try {
    if (!statSync(path).isFile()) return null; // the opening of a pipe would wait for somebody to write
    const file = openSync(path, 'r');
    try {
      read = readSync(file, buffer, 0, buffer.length, 0);
    } finally {
      closeSync(file);
    }
  } catch {
    return null;
  }
  if (read < SMALLEST_PAGE || buffer.toString('latin1', 0, SQLITE_MAGIC.length) !== SQLITE_MAGIC) return null;
  // 65,536 does not fit and is written as 1
  const stated = buffer.readUInt16BE(PAGE_SIZE_AT);
  const pageBytes = stated === 1 ? 65_536 : stated;
  if (pageBytes < SMALLEST_PAGE) return null;
  const pages = Math.floor(read / pageBytes);
  for (const at of JOURNAL_AT) buffer.writeUInt8(1, at);
  buffer.writeUInt32BE(pages, PAGES_AT);
  return buffer.subarray(0, pages * pageBytes);
}

/** A file whose definitions go on behind its beginning, or that is damaged, is not taken for the original's. */
function holdsOriginal(beginning: Buffer): boolean {
  const database = new Sqlite(beginning);
  try {
    return database.prepare(IS_ORIGINAL).get() !== undefined;
  } catch (error) {
    if (error instanceof Sqlite.SqliteError) return false;
    throw error;
  } finally {
    database.close();
  }
}
