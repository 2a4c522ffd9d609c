import type { EntityTarget, ObjectLiteral } from 'typeorm';
import { placeholders, writeSql } from './statements.js';
import type { MissingRow, SqlParameter, SqlValue, Written } from './sql-statements.js';
import type { DatabaseScope, Transaction } from './transaction.js';

type Columns = ReturnType<typeof metadataOf>['columns'];

const metadataOf = ({ manager }: DatabaseScope, entity: EntityTarget<ObjectLiteral>) =>
  manager.dataSource.getMetadata(entity);

/** The columns of an entity's table, for a SELECT or a RETURNING clause whose rows become entities. */
export const columnsOf = (scope: DatabaseScope, entity: EntityTarget<ObjectLiteral>): string =>
  metadataOf(scope, entity)
    .columns.map(({ databaseName }) => `"${databaseName}"`)
    .join(', ');

/** A row with all columns of an entity's table, as the database returns it, as the entity. */
export function entityOf<T extends ObjectLiteral>(scope: DatabaseScope, entity: new () => T, row: object): T {
  const { columns } = metadataOf(scope, entity);
  const { driver } = scope.manager.dataSource;
  const made = new entity() as Record<string, unknown>;
  for (const column of columns) {
    const value = (row as Record<string, unknown>)[column.databaseName];
    made[column.propertyName] = driver.prepareHydratedValue(value, column);
  }
  return made as T;
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
  const { driver } = scope.manager.dataSource;
  const names: string[] = [];
  const values: SqlParameter[] = [];
  for (const column of metadataOf(scope, entity).columns as Columns) {
    const value: unknown = row[column.propertyName];
    if (value === undefined) continue;
    names.push(`"${column.databaseName}"`);
    values.push(driver.preparePersistentValue(value, column) as SqlValue);
  }
  return { names, values };
}
