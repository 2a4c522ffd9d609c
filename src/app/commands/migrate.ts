import { describeDatabase } from '#libs/config';
import { openDatabase } from '../schema.js';
import { type Command, print } from './command.js';

/** `migrate`: brings the tables up to date, under the same lock as a starting server. */
export const migrateDatabase: Command = async (config) => {
  const database = await openDatabase(config);
  await database.close();
  return print(`The tables of ${describeDatabase(config.database)} are up to date.`);
};
