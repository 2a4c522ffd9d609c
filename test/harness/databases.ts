import {
  Database,
  type DatabaseLocation,
  type DatabaseOptions,
  type Transaction,
  TransactionRunner,
} from '#libs/database';
import { afterAll, beforeAll, describe } from '@jest/globals';
import { createHash, randomUUID } from 'node:crypto';
import { copyFileSync, existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as product from '../../src/app/schema.js';
import { runFolder, withServer } from './test-resources.js';

export type DatabaseKind = DatabaseLocation['kind'];
/** Both databases of the product; every spec of a repository runs on each. */
export const DATABASE_KINDS: readonly DatabaseKind[] = ['sqlite', 'postgres'];

export interface Schema {
  readonly entities: DatabaseOptions['entities'];
  readonly migrations: DatabaseOptions['migrations'];
  readonly migrateBeside?: DatabaseOptions['migrateBeside'];
}

/** A database of its own for one spec: empty but for what its migrations put there. */
export class TestDatabase {
  private constructor(
    readonly database: Database,
    readonly transactions: TransactionRunner,
    readonly location: DatabaseLocation,
    private readonly discard: () => Promise<void>,
  ) {}

  /** Copies the migrated template of `schema` and opens the copy; without one, with the product's tables. */
  static async open(kind: DatabaseKind, schema: Schema = product): Promise<TestDatabase> {
    const { location, discard } = kind === 'sqlite' ? await copySqlite(schema) : await copyPostgres(schema);
    const database = await Database.open({ location, ...schema });
    return new TestDatabase(database, new TransactionRunner(database), location, discard);
  }

  get kind(): DatabaseKind {
    return this.location.kind;
  }

  /** Runs one transaction: `transactions.run`. */
  run<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.transactions.run(work);
  }

  /** Rows of a SELECT on the read side. */
  async query<Row>(sql: string): Promise<Row[]> {
    return (await this.database.reader.query(sql)) as Row[];
  }

  /** Closes the database and removes its data. */
  async close(): Promise<void> {
    await this.database.close();
    await this.discard();
  }
}

/** Connections that {@link everyConnection} opens: as many as a pool keeps. */
const CONNECTIONS = 10;

/**
 * PostgreSQL: has every connection of the pool made, so that what comes next at once runs at once. Otherwise the one that
 * is there already serves quick transactions one after another while the others are still being made.
 */
export async function everyConnection({ kind, transactions }: TestDatabase): Promise<void> {
  if (kind === 'sqlite') return;
  let meet: () => void = () => undefined;
  const together = new Promise<void>((resolve) => (meet = resolve));
  let open = 0;
  const enter = () =>
    transactions.run(async () => {
      open += 1;
      if (open === CONNECTIONS) meet();
      await together;
    });
  await Promise.all(Array.from({ length: CONNECTIONS }, enter));
}

/**
 * Declares the same specs for SQLite and PostgreSQL. `database()` is opened before the first spec and closed after the
 * last; specs that need an empty one open their own. Its tables are the product's, unless another schema is given.
 */
export function describeOnDatabases(
  name: string,
  specs: (database: () => TestDatabase, kind: DatabaseKind) => void,
  schema: Schema = product,
  kinds: readonly DatabaseKind[] = DATABASE_KINDS,
): void {
  for (const kind of kinds) {
    describe(`${name} [${kind}]`, () => {
      let opened: TestDatabase | null = null;
      beforeAll(async () => {
        opened = await TestDatabase.open(kind, schema);
      }, 60_000);
      afterAll(() => opened?.close());
      specs(() => {
        if (opened === null) throw new Error('the test database is open inside of specs and hooks only');
        return opened;
      }, kind);
    });
  }
}

interface Copy {
  readonly location: DatabaseLocation;
  readonly discard: () => Promise<void>;
}

async function copySqlite(schema: Schema): Promise<Copy> {
  const template = join(runFolder(), `template-${fingerprint(schema)}.db`);
  if (!existsSync(template)) {
    const draft = `${template}.${randomUUID()}`;
    const database = await Database.open({ location: { kind: 'sqlite', path: draft }, ...schema });
    await database.close();
    renameSync(draft, template); // whole or not at all: another spec file may look at the same moment
  }
  const folder = mkdtempSync(join(runFolder(), 'sqlite-'));
  const path = join(folder, 'test.db');
  copyFileSync(template, path);
  return {
    location: { kind: 'sqlite', path },
    discard: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Locks out the other spec files while a template is made; any number will do. */
const TEMPLATE_LOCK = 7_402_115;

async function copyPostgres(schema: Schema): Promise<Copy> {
  const template = `template_${fingerprint(schema)}`;
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  const location = await withServer(async (client, urlOf) => {
    await client.query('SELECT pg_advisory_lock($1)', [TEMPLATE_LOCK]);
    const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1 AND datistemplate', [
      template,
    ]);
    if (found.rowCount === 0) {
      await client.query(`DROP DATABASE IF EXISTS ${template}`);
      await client.query(`CREATE DATABASE ${template}`);
      const database = await Database.open({
        location: { kind: 'postgres', url: urlOf(template) },
        ...schema,
      });
      await database.close();
      await client.query(`ALTER DATABASE ${template} WITH IS_TEMPLATE true`);
    }
    await client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
    return { kind: 'postgres' as const, url: urlOf(name) };
  });
  return {
    location,
    discard: () =>
      withServer(async (client) => {
        await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      }),
  };
}

/** Specs may bring migrations of their own; equal names with other text are another template. */
function fingerprint({ migrations }: Schema): string {
  const hash = createHash('sha256');
  for (const migration of migrations) hash.update(`${migration.name}\n${migration.toString()}\n`);
  return hash.digest('hex').slice(0, 16);
}
