import type { DataSource } from 'typeorm';

/**
 * Lets TypeORM bind whole numbers instead of writing them into the text of a statement, as it does on SQLite only. With
 * them every `WHERE id = 7` is a statement of its own, compiled for one run, and drives the others out of the cache of
 * prepared statements: 2.7 instead of 2.3 ms a core prediction. As bigint, because better-sqlite3 binds every number as
 * a float.
 */
export function bindIntegers(dataSource: DataSource): DataSource {
  const { driver } = dataSource;
  const escape = driver.escapeQueryWithParameters.bind(driver);
  driver.escapeQueryWithParameters = (sql, parameters) => {
    const bound = Object.entries(parameters).map(([name, value]: [string, unknown]) => [
      name,
      Number.isSafeInteger(value) ? BigInt(value as number) : value,
    ]);
    return escape(sql, Object.fromEntries(bound) as typeof parameters);
  };
  return dataSource;
}
