import { Database, type DatabaseLocation, TransactionRunner } from '#libs/database';
import { systemClock } from '#libs/kernel';
import { entities, migrations } from '../../../src/app/schema.js';
import { webhookService } from './webhook-service.js';

/** Delivers the webhooks of the database in the first argument until it is killed or left alone. */
const location = JSON.parse(process.argv[2] ?? '') as DatabaseLocation;
const database = await Database.open({ location, entities, migrations });
const { engine } = webhookService(database, new TransactionRunner(database), { clock: systemClock });
await engine.start();
await new Promise((resolve) => process.stdin.once('data', resolve).once('end', resolve));
await engine.stop(0);
await database.close();
process.stdin.destroy();
