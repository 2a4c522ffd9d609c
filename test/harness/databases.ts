import * as product from '../../src/app/schema.js';
import * as testing from '../../libs/testing/src/databases.js';

export {
  DATABASE_KINDS,
  TestDatabase,
  type DatabaseKind,
  type Schema,
} from '../../libs/testing/src/databases.js';

/** Opens a private database with the product's tables, or with those of `schema`; `close()` it at the end. */
export const openTestDatabase = (
  kind: testing.DatabaseKind,
  schema: testing.Schema = product,
): Promise<testing.TestDatabase> => testing.TestDatabase.open(kind, schema);

/** {@link testing.describeOnDatabases} with the product's tables, unless another schema is given. */
export const describeOnDatabases = (
  name: string,
  specs: Parameters<typeof testing.describeOnDatabases>[1],
  schema: testing.Schema = product,
): void => testing.describeOnDatabases(name, specs, schema);
