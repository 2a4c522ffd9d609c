import * as fc from 'fast-check';
import { newUuid } from '#libs/kernel';
import { configOf, FakeClock } from '#libs/testing';
import { currentAnchors } from '../../../src/app/anchors.js';
import { ApiLogRepository } from '../../../src/audit/api-log.repository.js';
import { AuditSealRepository } from '../../../src/audit/seal/audit-seal.repository.js';
import { SealAudit } from '../../../src/audit/seal/seal-audit.service.js';
import { VerifyAudit } from '../../../src/audit/seal/verify-audit.service.js';
import { DATABASE_KINDS, type DatabaseKind, TestDatabase } from '../../harness/databases.js';
import { AttackedDatabase, auditAttack } from '../../integration/audit/attacks.js';
import { logRow } from '../../integration/audit/log-rows.js';
import { type Circumstances, roundsOf, type Scenario } from '../scenario.js';

const ROWS = { quick: 5_000, full: 100_000, nightly: 500_000 } as const;
const BATCH = 1_000;
const ROWS_A_SECOND = 50_000;
const CLEAN = { quick: 10, full: 100, nightly: 100 } as const;
const MOST_NEW_ROWS = 30;

export const tampering: Scenario = {
  number: 11,
  name: 'attacks on the audit log by somebody who may do everything in the database',
  promise: 'all found with the anchors that are kept elsewhere, no false alarm, 50,000 rows a second',
  play: async (circumstances) => {
    const { seed, extent, say } = circumstances;
    const attacks = roundsOf(circumstances, { quick: 40, full: 1_000, nightly: 10_000 });
    const missed: string[] = [];
    for (const kind of DATABASE_KINDS) {
      const test = await TestDatabase.open(kind);
      const attacked = await AttackedDatabase.prepare(test);
      const chosen = fc.sample(auditAttack, { numRuns: attacks / DATABASE_KINDS.length, seed });
      for (const attack of chosen) if (await attacked.misses(attack)) missed.push(`${kind}: ${attack.name}`);
      missed.push(...(await attacked.faults()).map((fault) => `${kind}, unchanged: ${fault}`));
      await test.close();
      say(`${chosen.length} attacks on ${kind}`);
    }
    const alarms = await falseAlarms(CLEAN[extent], circumstances);
    const speeds: number[] = [];
    for (const kind of DATABASE_KINDS) speeds.push(await speedOf(kind, ROWS[extent]));
    const told = DATABASE_KINDS.map((kind, index) => [
      `${kind} rows a second of CPU`,
      Math.round(speeds[index] ?? 0),
    ]);
    return {
      measured: {
        attacks,
        missed: missed.length,
        'clean copies': CLEAN[extent],
        'false alarms': alarms.length,
        ...(Object.fromEntries(told) as Record<string, number>),
      },
      complaints: [
        ...[...missed, ...alarms].slice(0, 5),
        ...(Math.min(...speeds) < ROWS_A_SECOND
          ? [`only ${Math.round(Math.min(...speeds))} rows a second`]
          : []),
      ],
    };
  },
};

/** A log that grows by chance, sealed now and then, looked at with all anchors so far. */
async function falseAlarms(looks: number, { random }: Circumstances): Promise<string[]> {
  const test = await TestDatabase.open('sqlite');
  const [logs, seals] = [new ApiLogRepository(test.database), new AuditSealRepository(test.database)];
  const sealer = new SealAudit(
    seals,
    test.transactions,
    configOf({ audit_seal_seconds: 5 }),
    new FakeClock(),
  );
  const alarms: string[] = [];
  const anchors = [];
  for (let look = 0; look < looks; look += 1) {
    const rows = Array.from({ length: 1 + Math.floor(random() * MOST_NEW_ROWS) }, () => logRow(newUuid()));
    await test.run((tx) => logs.append(tx, rows));
    if (random() < 0.7) await sealer.seal();
    if (random() < 0.3) anchors.push(...(await currentAnchors(test.database, new Date(0))));
    alarms.push(...(await new VerifyAudit(seals).verify(anchors)).faults);
  }
  await test.close();
  return alarms;
}

/** Rows that one second of CPU verifies. */
async function speedOf(kind: DatabaseKind, count: number): Promise<number> {
  const test = await TestDatabase.open(kind);
  const [logs, seals] = [new ApiLogRepository(test.database), new AuditSealRepository(test.database)];
  for (let made = 0; made < count; made += BATCH)
    await test.run((tx) =>
      logs.append(
        tx,
        Array.from({ length: BATCH }, () => logRow(newUuid())),
      ),
    );
  await new SealAudit(seals, test.transactions, configOf({ audit_seal_seconds: 5 }), new FakeClock()).seal();
  const before = process.cpuUsage();
  const { sealedRows, faults } = await new VerifyAudit(seals).verify();
  const { user, system } = process.cpuUsage(before);
  await test.close();
  if (sealedRows !== count)
    throw new Error(`${sealedRows} of ${count} rows are sealed: ${faults.join('; ')}`);
  return count / ((user + system) / 1_000_000);
}
