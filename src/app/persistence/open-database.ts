import type { AppConfig } from '#libs/config';
import { Database } from '#libs/database';
import { entities, migrations } from '../schema.js';

/** Opens the configured database and brings its tables up to date. */
export const openDatabase = (config: AppConfig): Promise<Database> =>
  Database.open({
    location: config.database,
    entities,
    migrations,
    echo: config.database_echo,
    poolSize: config.database_pool_size + config.database_max_overflow,
  });
