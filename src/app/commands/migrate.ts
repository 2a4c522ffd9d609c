import { describeDatabase } from '#libs/config';
import { openDatabase } from '../persistence/open-database.js';
import { print } from './terminal.js';
import type { Command } from './command.js';

/** `migrate`: brings the tables up to date, under the same lock as a starting server. */
export const migrateDatabase: Command = async (config) => {
  const database = await openDatabase(config);
  await database.close();
  return print(`The tables of ${describeDatabase(config.database)} are up to date.`);
};
