import { loadConfig } from '#libs/config';
import { nameRowIds, writerOptions } from '#libs/database';
import { DataSource } from 'typeorm';
import { entities, migrations } from './src/app/schema.js';

/**
 * For TypeORM's command line: `typeorm -d dist/ormconfig.js migration:run`. It works on the database that the
 * environment (`DATABASE_URL`), `.env` and the defaults name. The lists of tables and migrations are in
 * `src/app/schema.ts`.
 */
const dataSource = new DataSource(writerOptions(loadConfig().database, { entities, migrations, echo: true }));
if (dataSource.options.type !== 'postgres') nameRowIds(dataSource.driver);

export default dataSource;
