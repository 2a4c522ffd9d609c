import { Database, type DatabaseLocation, TransactionRunner } from '#libs/database';
import { countUp, SCRATCH, words } from './scratch.js';

/**
 * Opens the database of the first argument, says which migrations it ran, adds as many numbers as the second says, and with
 * `apart` as the third reads once beside itself.
 */
const location = JSON.parse(process.argv[2] ?? '') as DatabaseLocation;
const database = await Database.open({ location, ...SCRATCH, readTimeoutMs: 30_000 });
process.stdout.write(`migrated ${database.migrated.join(' ')}\n`);
const transactions = new TransactionRunner(database);
for (let count = Number(process.argv[3] ?? 0); count > 0; count -= 1) await transactions.run(countUp);
const isApart = process.argv[4] === 'apart';
if (isApart) await words(database.readApart);
await database.close();
if (isApart) process.stdout.write('closed\n');
