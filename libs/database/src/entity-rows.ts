import type { EntityTarget, FindOptionsWhere, ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import { placeholders, writeSql } from './statements.js';
import type { MissingRow, SqlParameter, SqlValue, Written } from './sql-statements.js';
import type { DatabaseScope, Transaction } from './transaction.js';

const metadataOf = ({ manager }: DatabaseScope, entity: EntityTarget<ObjectLiteral>) =>
  manager.dataSource.getMetadata(entity);

/** The columns of an entity's table, for a SELECT or a RETURNING clause whose rows become entities. */
export const columnsOf = (scope: DatabaseScope, entity: EntityTarget<ObjectLiteral>): string =>
  metadataOf(scope, entity)
    .columns.map(({ databaseName }) => `"${databaseName}"`)
    .join(', ');

type Metadata = ReturnType<typeof metadataOf>;

/** Where a property comes from in a row. */
interface ReadColumn {
  readonly property: string;
  readonly name: string;
  /** What the database gave as what code has; null where both are the same. */
  readonly read: ((value: unknown) => unknown) | null;
}

/** Types that both drivers hand over as they are. */
const PLAIN: ReadonlySet<unknown> = new Set([
  'varchar',
  'text',
  'integer',
  'double precision',
  'bigint',
  'int8',
]);
const known = new WeakMap<Metadata, readonly ReadColumn[]>();

/** What a driver does for each value of each row is decided once for a column. */
function readColumnsOf(scope: DatabaseScope, entity: EntityTarget<ObjectLiteral>): readonly ReadColumn[] {
  const metadata = metadataOf(scope, entity);
  let columns = known.get(metadata);
  if (columns === undefined) {
    const { driver } = scope.manager.dataSource;
    columns = metadata.columns.map((column) => {
      const { propertyName: property, databaseName: name, transformer, type } = column;
      if (!PLAIN.has(type) || Array.isArray(transformer))
        return { property, name, read: (value) => driver.prepareHydratedValue(value, column) as unknown };
      return {
        property,
        name,
        read: transformer === undefined ? null : (value) => transformer.from(value) as unknown,
      };
    });
    known.set(metadata, columns);
  }
  return columns;
}

function made<T extends ObjectLiteral>(
  entity: new () => T,
  columns: readonly ReadColumn[],
  row: Readonly<Record<string, unknown>>,
): T {
  const one = new entity() as Record<string, unknown>;
  for (const { property, name, read } of columns) one[property] = read === null ? row[name] : read(row[name]);
  return one as T;
}

/** A row with all columns of an entity's table, as the database returns it, as the entity. */
export const entityOf = <T extends ObjectLiteral>(
  scope: DatabaseScope,
  entity: new () => T,
  row: object,
): T => made(entity, readColumnsOf(scope, entity), row as Readonly<Record<string, unknown>>);

/**
 * What a query over one table finds, with the columns that it selects: as `getMany`, which takes another 3 ms of the event
 * loop for 1,000 rows of 15 columns.
 */
export const entitiesOf = async <T extends ObjectLiteral>(query: SelectQueryBuilder<T>): Promise<T[]> =>
  entitiesIn(query, await query.getRawMany<Record<string, unknown>>());

/** The entities in the rows of a query, which may have other columns as well. */
export function entitiesIn<T extends ObjectLiteral>(
  query: SelectQueryBuilder<T>,
  rows: readonly Readonly<Record<string, unknown>>[],
): T[] {
  const [first] = rows;
  const main = query.expressionMap.mainAlias;
  if (first === undefined || main === undefined) return [];
  const target = main.metadata.target as new () => T;
  // TypeORM puts the alias before the names of the columns
  const columns = readColumnsOf({ manager: query.dataSource.manager }, target)
    .map((column) => ({ ...column, name: `${main.name}_${column.name}` }))
    .filter(({ name }) => name in first);
  return rows.map((row) => made(target, columns, row));
}

/** Which part of a table's rows, in which order. */
export interface RowPage<T extends ObjectLiteral> {
  readonly where: FindOptionsWhere<T> | FindOptionsWhere<T>[];
  /** The first decides before the next. */
  readonly order: Partial<Record<keyof T & string, 'ASC' | 'DESC'>>;
  readonly limit: number;
  readonly offset: number;
}

/** A page of a table, by {@link entitiesOf}. */
export function rowsOf<T extends ObjectLiteral>(
  { manager }: DatabaseScope,
  entity: new () => T,
  { where, order, limit, offset }: RowPage<T>,
): Promise<T[]> {
  const query = manager.createQueryBuilder(entity, 'r').where(where).limit(limit).offset(offset);
  for (const [property, direction] of Object.entries(order) as [string, 'ASC' | 'DESC'][])
    query.addOrderBy(`r.${property}`, direction);
  return entitiesOf(query);
}

/**
 * Adds a row with these columns; all others get what the database gives them, nothing else: an insert of fifty columns
 * names those that hold something. See `writeSql` for when it runs.
 * @param returning the column that others refer to
 */
export function insertRow<T extends ObjectLiteral>(
  tx: Transaction,
  entity: new () => T,
  row: Readonly<Partial<T>>,
  returning = '',
): Written {
  const { tableName } = metadataOf(tx, entity);
  const { names, values } = stored(tx, entity, row);
  return writeSql(
    tx,
    `INSERT INTO ${tableName} (${names.join(', ')}) VALUES (${placeholders(names.length)})${returning && ` RETURNING ${returning}`}`,
    values,
  );
}

/**
 * Changes the columns of rows where columns have these values.
 * @param refusal the error when there is none
 */
export function updateRow<T extends ObjectLiteral>(
  tx: Transaction,
  entity: new () => T,
  where: Readonly<Partial<T>>,
  changes: Readonly<Partial<T>>,
  refusal: MissingRow | null = null,
): Written {
  const { tableName } = metadataOf(tx, entity);
  const [set, found] = [stored(tx, entity, changes), stored(tx, entity, where)];
  const assigned = set.names.map((name) => `${name} = ?`).join(', ');
  const condition = found.names.map((name) => `${name} = ?`).join(' AND ');
  const sql = `UPDATE ${tableName} SET ${assigned} WHERE ${condition}${refusal === null ? '' : ' RETURNING 1 AS one'}`;
  return writeSql(tx, sql, [...set.values, ...found.values], refusal);
}

function stored<T extends ObjectLiteral>(
  scope: DatabaseScope,
  entity: new () => T,
  row: Readonly<Partial<T>>,
): { readonly names: string[]; readonly values: SqlParameter[] } {
  const names: string[] = [];
  const values: SqlParameter[] = [];
  for (const { property, name, write } of writtenColumnsOf(scope, entity)) {
    const value: unknown = row[property];
    if (value === undefined) continue;
    names.push(name);
    values.push((write === null ? value : write(value)) as SqlValue);
  }
  return { names, values };
}

/** Where a property goes in a row. */
interface WrittenColumn {
  readonly property: string;
  /** In quotes. */
  readonly name: string;
  /** What code has as what the database takes; null where both are the same. */
  readonly write: ((value: unknown) => unknown) | null;
}

const written = new WeakMap<Metadata, readonly WrittenColumn[]>();

function writtenColumnsOf(
  scope: DatabaseScope,
  entity: EntityTarget<ObjectLiteral>,
): readonly WrittenColumn[] {
  const metadata = metadataOf(scope, entity);
  let columns = written.get(metadata);
  if (columns === undefined) {
    const { driver } = scope.manager.dataSource;
    columns = metadata.columns.map((column) => {
      const { propertyName: property, databaseName, transformer, type } = column;
      const name = `"${databaseName}"`;
      if (!PLAIN.has(type) || Array.isArray(transformer))
        return { property, name, write: (value) => driver.preparePersistentValue(value, column) as unknown };
      return {
        property,
        name,
        write: transformer === undefined ? null : (value) => transformer.to(value) as unknown,
      };
    });
    written.set(metadata, columns);
  }
  return columns;
}
