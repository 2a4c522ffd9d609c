import { Database, type DatabaseLocation, TransactionRunner } from '#libs/database';
import { countUp, SCRATCH } from './scratch.js';

/** Opens the database of the first argument, says which migrations it ran, and adds as many numbers as the second says. */
const location = JSON.parse(process.argv[2] ?? '') as DatabaseLocation;
const database = await Database.open({ location, ...SCRATCH });
process.stdout.write(`migrated ${database.migrated.join(' ')}\n`);
const transactions = new TransactionRunner(database);
for (let count = Number(process.argv[3] ?? 0); count > 0; count -= 1) await transactions.run(countUp);
await database.close();
