import { afterAll, beforeAll, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { type Anchor, runSql } from '#libs/database';
import { newUuid } from '#libs/kernel';
import { ChildScript, configOf, FakeClock } from '#libs/testing';
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
import { BillingBench, USD } from '../billing/billing-bench.js';
import { unguard } from '../billing/unguard.js';
import { describeOnDatabases, TestDatabase } from '../../harness/databases.js';
import { logRow } from './log-rows.js';

const LINKS = 12;
const ROWS_A_LINK = 8;
const ROWS = LINKS * ROWS_A_LINK;
const GRANTS = 40;

const HEAD_BACK = (chain: string, seals: string): string =>
  `UPDATE seal_heads SET links = (SELECT COUNT(*) FROM ${seals}), row_count = (SELECT COALESCE(MAX(last_sequence), 0) FROM ${seals}),
   hash = COALESCE((SELECT hash FROM ${seals} ORDER BY id DESC LIMIT 1), '${'0'.repeat(64)}') WHERE chain = '${chain}'`;
const SWAPPED = 'endpoint, request_timestamp, response_time_ms';

/** What an attack does, and whether he makes the chain anew after it: then only an anchor tells. */
interface Attack {
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

const auditAttack: fc.Arbitrary<Attack> = fc.oneof(
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
const ledgerAttack: fc.Arbitrary<Attack> = fc.oneof(
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

describeOnDatabases('an altered record', (shared, kind) => {
  let anchors: Anchor[];
  const audit = () => new AuditSealRepository(shared().database);
  const ledger = () => new LedgerSealRepository(shared().database);
  const settings = configOf({ audit_seal_seconds: 5 });
  const sealAudit = () => new SealAudit(audit(), shared().transactions, settings, new FakeClock());
  const sealLedger = () => new SealLedger(ledger(), shared().transactions, settings, new FakeClock());
  const faults = async (some: readonly Anchor[]) => [
    ...(await new VerifyAudit(audit()).verify(some)).faults,
    ...(await verifyLedgerSeals(ledger(), some)).faults,
  ];

  beforeAll(async () => {
    const [logs, bench] = [new ApiLogRepository(shared().database), new BillingBench(shared())];
    const [sealer, bookkeeper] = [sealAudit(), sealLedger()];
    for (let count = 0; count < LINKS; count += 1) {
      const rows = Array.from({ length: ROWS_A_LINK }, () => logRow(newUuid()));
      await shared().run((tx) => logs.append(tx, rows));
      await sealer.seal();
    }
    for (let count = 0; count < GRANTS; count += 1) {
      await bench.grant(1 + (count % 3), USD + count);
      if (count % 10 === 9) await bookkeeper.seal();
    }
    anchors = await currentAnchors(shared().database, new Date(0));
    expect(anchors.map(({ chain, rows }) => [chain, rows])).toEqual([
      ['audit', ROWS],
      ['ledger', GRANTS],
    ]);
    expect(await faults(anchors)).toEqual([]);
    await unguard(shared());
  }, 60_000);

  /** Attacks, looks and takes everything back; what was found without anchors, and with them. */
  async function attempt({
    statements,
    sealsAnew,
  }: Attack): Promise<{ alone: string[]; anchored: string[] }> {
    const rolledBack = new Error('the next attack finds everything as it was');
    let found = { alone: [] as string[], anchored: [] as string[] };
    const attack = shared().run(async (tx) => {
      for (const statement of statements) {
        if (statement !== 'COUNTER BACK') await runSql(tx, statement);
        else if (kind === 'sqlite')
          await runSql(
            tx,
            `UPDATE sqlite_sequence SET seq = (SELECT COALESCE(MAX(id), 0) FROM api_logs) WHERE name = 'api_logs'`,
          );
      }
      if (sealsAnew === true) await Promise.all([sealAudit().seal(), sealLedger().seal()]);
      found = { alone: await faults([]), anchored: await faults(anchors) };
      throw rolledBack;
    });
    await expect(attack).rejects.toBe(rolledBack);
    return found;
  }

  it.each([
    ['audit log', auditAttack, 120],
    ['ledger', ledgerAttack, 40],
  ] as const)(
    'of the %s is found, whatever was done to it',
    async (_what, attacks, numRuns) => {
      for (const attack of fc.sample(attacks, { numRuns, seed: 7 })) {
        const { alone, anchored } = await attempt(attack);
        const missed = anchored.length === 0 || (attack.sealsAnew !== true && alone.length === 0);
        expect([attack.name, missed]).toEqual([attack.name, false]);
      }
      expect(await faults(anchors)).toEqual([]);
    },
    120_000,
  );

  it('that nobody sealed yet is found on SQLite by its numbers', async () => {
    const test = await TestDatabase.open(kind);
    const logs = new ApiLogRepository(test.database);
    await test.run((tx) => logs.append(tx, [logRow(newUuid()), logRow(newUuid())]));
    await unguard(test);
    await test.run((tx) => runSql(tx, 'DELETE FROM api_logs WHERE id = 2'));
    const { faults: found, notes } = await new VerifyAudit(new AuditSealRepository(test.database)).verify();
    if (kind === 'sqlite')
      expect(found).toEqual(['1 of the 2 rows that the database numbered are not there']);
    else
      expect([found, notes]).toEqual([[], [expect.stringContaining('gave ids up to 2, the last row has 1')]]);
    await test.close();
  });

  it('keeps its sealer from covering it up', async () => {
    const test = await TestDatabase.open(kind);
    const logs = new ApiLogRepository(test.database);
    const sealer = new SealAudit(
      new AuditSealRepository(test.database),
      test.transactions,
      settings,
      new FakeClock(),
    );
    for (let count = 0; count < 2; count += 1) {
      await test.run((tx) => logs.append(tx, [logRow(newUuid())]));
      await sealer.seal();
    }
    await unguard(test);
    await test.run((tx) => runSql(tx, 'DELETE FROM audit_seals WHERE id = 2'));
    await expect(sealer.seal()).rejects.toThrow(
      'the last links of audit_seals are not those that were sealed',
    );
    await test.close();
  });
});

describeOnDatabases('a record that two processes write', (_, kind) => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await TestDatabase.open(kind);
  });
  afterAll(() => test?.close());

  it('is found whole while they write, and after they were killed in the midst of it', async () => {
    const seals = new AuditSealRepository(test.database);
    const verify = () => test.database.inSnapshot(() => new VerifyAudit(seals).verify());
    const writers = [0, 1].map(
      () => new ChildScript('test/integration/audit/sealing-process.ts', JSON.stringify(test.location)),
    );
    await Promise.all(writers.map((writer) => writer.until('writing')));
    for (let look = 0; look < 3; look += 1) expect((await verify()).faults).toEqual([]);
    const anchors = await currentAnchors(test.database, new Date(0));
    await Promise.all(writers.map((writer) => writer.kill()));
    const killed = await test.database.inSnapshot(() => new VerifyAudit(seals).verify(anchors));
    expect(killed.faults).toEqual([]);
    expect(killed.sealedRows).toBeGreaterThan(10);
    await new SealAudit(
      seals,
      test.transactions,
      configOf({ audit_seal_seconds: 5 }),
      new FakeClock(),
    ).seal();
    expect(await verify()).toMatchObject({ faults: [], unsealedRows: 0 });
  }, 120_000);
});
