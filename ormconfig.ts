import { parseDatabaseUrl, writerOptions } from '#libs/database';
import { JobEntity } from '#libs/jobs';
import { DataSource } from 'typeorm';
import { Jobs1795392000002 } from './libs/database/src/migrations/1795392000002-jobs.js';

/** Every table of the product, class by class. */
export const entities = [JobEntity];

/** Every migration, oldest first. */
export const migrations = [Jobs1795392000002];

/** For TypeORM's command line: `typeorm -d dist/ormconfig.js migration:run`. */
export default new DataSource(
  writerOptions(parseDatabaseUrl('sqlite:///prediction_provider.db'), { entities, migrations }),
);
