import * as fc from 'fast-check';
import { type Anchor, runSql } from '#libs/database';
import { newUuid } from '#libs/kernel';
import { configOf, FakeClock } from '#libs/testing';
import { currentAnchors } from '../../../src/app/anchors.js';
import { ApiLogRepository } from '../../../src/audit/api-log.repository.js';
import { AuditSealRepository } from '../../../src/audit/seal/audit-seal.repository.js';
import { SealAudit } from '../../../src/audit/seal/seal-audit.service.js';
import { VerifyAudit } from '../../../src/audit/seal/verify-audit.service.js';
import {
  LedgerSealRepository,
  SealLedger,
  verifyLedgerSeals,
} from '../../../src/billing/seal-ledger.service.js';
import type { TestDatabase } from '../../harness/databases.js';
import { BillingBench, USD } from '../billing/billing-bench.js';
import { unguard } from '../billing/unguard.js';
import { logRow } from './log-rows.js';

const LINKS = 12;
const ROWS_A_LINK = 8;
const ROWS = LINKS * ROWS_A_LINK;
const GRANTS = 40;

const HEAD_BACK = (chain: string, seals: string): string =>
  `UPDATE seal_heads SET links = (SELECT COUNT(*) FROM ${seals}), row_count = (SELECT COALESCE(MAX(last_sequence), 0) FROM ${seals}),
   hash = COALESCE((SELECT hash FROM ${seals} ORDER BY id DESC LIMIT 1), '${'0'.repeat(64)}') WHERE chain = '${chain}'`;
const SWAPPED = 'endpoint, request_timestamp, response_time_ms';

/** What an attacker does, and whether he makes the chain anew after it: then only an anchor tells. */
export interface Attack {
  readonly name: string;
  readonly statements: readonly string[];
  readonly sealsAnew?: boolean;
}

const row = fc.integer({ min: 1, max: ROWS });
const link = fc.integer({ min: 1, max: LINKS });
const change = fc.constantFrom(
  'user_id = 77',
  "ip_address = '10.0.0.9'",
  "endpoint = '/api/v1/other'",
  "method = 'GET'",
  "query_string = 'a=1'",
  "request_payload = '{}'",
  "request_timestamp = '2026-01-31T12:00:00.001Z'",
  'response_status_code = 200',
  'response_time_ms = response_time_ms + 1',
  'response_size_bytes = NULL',
  "route = '/api/v1/other'",
  'route = NULL',
  "correlation_id = 'x'",
);
const cutRows = (from: number): string => `DELETE FROM api_logs WHERE id > ${from}`;
const cutLinks = (from: number): string => `DELETE FROM audit_seals WHERE last_sequence > ${from}`;

export const auditAttack: fc.Arbitrary<Attack> = fc.oneof(
  fc.tuple(row, change).map(([id, set]) => ({
    name: `change ${id}: ${set}`,
    statements: [`UPDATE api_logs SET ${set} WHERE id = ${id}`],
  })),
  row.map((id) => ({ name: `delete ${id}`, statements: [`DELETE FROM api_logs WHERE id = ${id}`] })),
  fc
    .tuple(row, row)
    .filter(([a, b]) => a !== b)
    .map(([a, b]) => ({
      name: `swap ${a} and ${b}`,
      statements: [
        `UPDATE api_logs SET id = -1 WHERE id = ${a}`,
        `UPDATE api_logs SET id = ${a} WHERE id = ${b}`,
        `UPDATE api_logs SET id = ${b} WHERE id = -1`,
      ],
    })),
  row.map((id) => ({
    name: `insert before all, a copy of ${id}`,
    statements: [
      `INSERT INTO api_logs (id, request_id, correlation_id, ip_address, method, response_status_code, ${SWAPPED})
       SELECT 0, 'put in', correlation_id, ip_address, method, response_status_code, ${SWAPPED} FROM api_logs WHERE id = ${id}`,
    ],
  })),
  fc
    .integer({ min: 0, max: ROWS - 1 })
    .map((from) => ({ name: `cut rows after ${from}`, statements: [cutRows(from)] })),
  fc.integer({ min: 0, max: LINKS - 1 }).map((links) => ({
    name: `cut rows and links after link ${links}`,
    statements: [cutRows(links * ROWS_A_LINK), cutLinks(links * ROWS_A_LINK)],
  })),
  fc.integer({ min: 0, max: LINKS - 1 }).map((links) => ({
    name: `cut links after ${links}`,
    statements: [cutLinks(links * ROWS_A_LINK)],
  })),
  fc
    .tuple(link, fc.constantFrom("hash = '0'", 'last_sequence = last_sequence - 1', "id_ranges = '[[1,2]]'"))
    .map(([id, set]) => ({
      name: `change link ${id}: ${set}`,
      statements: [`UPDATE audit_seals SET ${set} WHERE id = ${id}`],
    })),
  link.map((id) => ({ name: `delete link ${id}`, statements: [`DELETE FROM audit_seals WHERE id = ${id}`] })),
  fc.tuple(row, change).map(([id, set]) => ({
    name: `change ${id} and make the chain anew`,
    sealsAnew: true,
    statements: [
      `UPDATE api_logs SET ${set} WHERE id = ${id}`,
      'DELETE FROM audit_seals',
      HEAD_BACK('audit', 'audit_seals'),
    ],
  })),
  fc.integer({ min: 0, max: LINKS - 1 }).map((links) => ({
    name: `cut everything after link ${links}, the head and the counter, too`,
    sealsAnew: true,
    statements: [
      cutRows(links * ROWS_A_LINK),
      cutLinks(links * ROWS_A_LINK),
      HEAD_BACK('audit', 'audit_seals'),
      'COUNTER BACK',
    ],
  })),
);

const grant = fc.integer({ min: 1, max: GRANTS });
export const ledgerAttack: fc.Arbitrary<Attack> = fc.oneof(
  grant.map((id) => ({
    name: `delete the credit transaction ${id} with all that belongs to it`,
    statements: [
      `DELETE FROM credit_uses WHERE transaction_id = ${id}`,
      `DELETE FROM credits WHERE source_transaction_id = ${id}`,
      `DELETE FROM transaction_entries WHERE transaction_id = ${id}`,
      `DELETE FROM transactions WHERE id = ${id}`,
    ],
  })),
  grant.map((id) => ({
    name: `double transaction ${id} in all of its rows`,
    statements: [
      `UPDATE transactions SET amount_micros = 2 * amount_micros WHERE id = ${id}`,
      `UPDATE transaction_entries SET amount_micros = 2 * amount_micros WHERE transaction_id = ${id}`,
      `UPDATE credits SET amount_micros = 2 * amount_micros WHERE source_transaction_id = ${id}`,
    ],
  })),
  grant.map((id) => ({
    name: `give the entries of ${id} to another account`,
    statements: [
      `UPDATE transaction_entries SET owner_id = 4711 WHERE transaction_id = ${id} AND owner_id > 0`,
    ],
  })),
  grant.map((id) => ({
    name: `change ${id} and make the chain anew`,
    sealsAnew: true,
    statements: [
      `UPDATE transactions SET created_by = 99 WHERE id = ${id}`,
      'DELETE FROM ledger_seals',
      HEAD_BACK('ledger', 'ledger_seals'),
    ],
  })),
);

const SETTINGS = configOf({ audit_seal_seconds: 5 });

/** A sealed audit log and a sealed ledger that somebody changes who may do everything in the database. */
export class AttackedDatabase {
  private constructor(
    private readonly test: TestDatabase,
    private readonly anchors: readonly Anchor[],
  ) {}

  /** Fills an empty database, and takes away what guards it. @throws Error when it is not as it should be before any attack */
  static async prepare(test: TestDatabase): Promise<AttackedDatabase> {
    const [logs, bench] = [new ApiLogRepository(test.database), new BillingBench(test)];
    const filling = new AttackedDatabase(test, []);
    for (let count = 0; count < LINKS; count += 1) {
      const rows = Array.from({ length: ROWS_A_LINK }, () => logRow(newUuid()));
      await test.run((tx) => logs.append(tx, rows));
      await filling.#sealAudit().seal();
    }
    for (let count = 0; count < GRANTS; count += 1) {
      await bench.grant(1 + (count % 3), USD + count);
      if (count % 10 === 9) await filling.#sealLedger().seal();
    }
    const filled = new AttackedDatabase(test, await currentAnchors(test.database, new Date(0)));
    const rows = filled.anchors.map((anchor) => anchor.rows);
    if (rows.join() !== `${ROWS},${GRANTS}`) throw new Error(`not all rows are sealed: ${rows.join()}`);
    await unguard(test);
    return filled;
  }

  /** What the verifiers say of both chains, with the anchors. */
  faults(): Promise<string[]> {
    return this.#faults(this.anchors);
  }

  /** Attacks, looks and takes everything back; whether the attack was missed, without anchors where these need not tell. */
  async misses({ statements, sealsAnew }: Attack): Promise<boolean> {
    const rolledBack = new Error('the next attack finds everything as it was');
    let isMissed = true;
    const attack = this.test.run(async (tx) => {
      for (const statement of statements) {
        if (statement !== 'COUNTER BACK') await runSql(tx, statement);
        else if (this.test.kind === 'sqlite') await runSql(tx, COUNTER_BACK);
      }
      if (sealsAnew === true) await Promise.all([this.#sealAudit().seal(), this.#sealLedger().seal()]);
      const [alone, anchored] = [await this.#faults([]), await this.faults()];
      isMissed = anchored.length === 0 || (sealsAnew !== true && alone.length === 0);
      throw rolledBack;
    });
    await attack.catch((error: unknown) => {
      if (error !== rolledBack) throw error;
    });
    return isMissed;
  }

  async #faults(some: readonly Anchor[]): Promise<string[]> {
    return [
      ...(await new VerifyAudit(new AuditSealRepository(this.test.database)).verify(some)).faults,
      ...(await verifyLedgerSeals(new LedgerSealRepository(this.test.database), some)).faults,
    ];
  }

  #sealAudit(): SealAudit {
    const { database, transactions } = this.test;
    return new SealAudit(new AuditSealRepository(database), transactions, SETTINGS, new FakeClock());
  }

  #sealLedger(): SealLedger {
    const { database, transactions } = this.test;
    return new SealLedger(new LedgerSealRepository(database), transactions, SETTINGS, new FakeClock());
  }
}

const COUNTER_BACK = `UPDATE sqlite_sequence SET seq = (SELECT COALESCE(MAX(id), 0) FROM api_logs) WHERE name = 'api_logs'`;
