import { Database, type DatabaseLocation, TransactionRunner } from '#libs/database';
import { newUuid, systemClock } from '#libs/kernel';
import { configOf } from '#libs/testing';
import { entities, migrations } from '../../../src/app/schema.js';
import { ApiLogRepository } from '../../../src/audit/api-log.repository.js';
import { AuditSealRepository } from '../../../src/audit/seal/audit-seal.repository.js';
import { SealAudit } from '../../../src/audit/seal/seal-audit.service.js';
import { logRow } from './log-rows.js';

/** Writes and seals audit rows without an end, as two tasks, and says so once; some of the writes are rolled back. */
const location = JSON.parse(process.argv[2] ?? '') as DatabaseLocation;
const database = await Database.open({ location, entities, migrations });
const transactions = new TransactionRunner(database);
const logs = new ApiLogRepository(database);
const sealing = new SealAudit(
  new AuditSealRepository(database),
  transactions,
  configOf({ audit_seal_seconds: 5 }),
  systemClock,
);

async function write(): Promise<never> {
  for (let count = 1; ; count += 1) {
    const rows = Array.from({ length: 1 + (count % 5) }, () => logRow(newUuid()));
    try {
      await transactions.run(async (tx) => {
        await logs.append(tx, rows);
        if (count % 7 === 0) throw new Error('rolled back');
      });
    } catch (error) {
      if (!(error instanceof Error) || error.message !== 'rolled back') throw error;
    }
    if (count === 10) process.stdout.write('writing\n');
  }
}

async function seal(): Promise<never> {
  for (;;) {
    await sealing.seal();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

await Promise.all([write(), seal()]);
