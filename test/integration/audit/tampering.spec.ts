import { afterAll, beforeAll, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { runSql } from '#libs/database';
import { newUuid } from '#libs/kernel';
import { ChildScript, configOf, FakeClock } from '#libs/testing';
import { currentAnchors } from '../../../src/app/anchors.js';
import { ApiLogRepository } from '../../../src/audit/api-log.repository.js';
import { AuditSealRepository } from '../../../src/audit/seal/audit-seal.repository.js';
import { SealAudit } from '../../../src/audit/seal/seal-audit.service.js';
import { VerifyAudit } from '../../../src/audit/seal/verify-audit.service.js';
import { unguard } from '../billing/unguard.js';
import { describeOnDatabases, TestDatabase } from '../../harness/databases.js';
import { AttackedDatabase, auditAttack, ledgerAttack } from './attacks.js';
import { logRow } from './log-rows.js';

describeOnDatabases('an altered record', (shared, kind) => {
  let attacked: AttackedDatabase;
  const settings = configOf({ audit_seal_seconds: 5 });
  beforeAll(async () => {
    attacked = await AttackedDatabase.prepare(shared());
    expect(await attacked.faults()).toEqual([]);
  }, 60_000);

  it.each([
    ['audit log', auditAttack, 120],
    ['ledger', ledgerAttack, 40],
  ] as const)(
    'of the %s is found, whatever was done to it',
    async (_what, attacks, numRuns) => {
      for (const attack of fc.sample(attacks, { numRuns, seed: 7 }))
        expect([attack.name, await attacked.misses(attack)]).toEqual([attack.name, false]);
      expect(await attacked.faults()).toEqual([]);
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
