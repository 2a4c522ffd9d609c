import { LOOK_BACK, openIds, rangesOf } from '#libs/database';
import { afterAll, beforeEach, expect, it } from '@jest/globals';
import { configOf, FakeClock } from '#libs/testing';
import { ApiLogRepository, type NewApiLog } from '../../../src/audit/api-log.repository.js';
import { AuditSealRepository } from '../../../src/audit/seal/audit-seal.repository.js';
import { SealAudit } from '../../../src/audit/seal/seal-audit.service.js';
import { VerifyAudit } from '../../../src/audit/seal/verify-audit.service.js';
import { describeOnDatabases, TestDatabase } from '../../harness/databases.js';
import { logRow } from './log-rows.js';

let next = 0;
const request = (payload?: string | null, route?: string | null): NewApiLog => {
  next += 1;
  const id = `00000000-0000-4000-8000-${String(next).padStart(12, '0')}`;
  return logRow(id, payload, route);
};

describeOnDatabases('sealing the audit log', (_, kind) => {
  let database: TestDatabase;
  let opened: TestDatabase | null = null;
  let sealing: SealAudit;
  let verifying: VerifyAudit;

  beforeEach(async () => {
    await opened?.close();
    database = opened = await TestDatabase.open(kind);
    const seals = new AuditSealRepository(database.database);
    sealing = new SealAudit(
      seals,
      database.transactions,
      configOf({ audit_seal_seconds: 5 }),
      new FakeClock(),
    );
    verifying = new VerifyAudit(seals);
  });

  afterAll(() => opened?.close());

  const log = (...rows: NewApiLog[]) =>
    database.run((tx) => new ApiLogRepository(database.database).append(tx, rows));
  /** What an intruder with the owner's rights does: switches the guards off first. */
  const tamper = (statement: string) =>
    database.run(async (tx) => {
      for (const guard of GUARDS[kind].off) await tx.manager.query(guard);
      await tx.manager.query(statement);
    });

  it('numbers and chains every row; later rows wait for the next link', async () => {
    await log(request(), request(null), request('[1,2]'));
    expect(await sealing.seal()).toBe(3);
    await log(request());
    expect(await verifying.verify()).toMatchObject({ faults: [], sealedRows: 3, unsealedRows: 1 });
    expect(await sealing.seal()).toBe(1);
    expect(await verifying.verify()).toMatchObject({ faults: [], sealedRows: 4, unsealedRows: 0 });
    const links = await database.query<{ first_sequence: string }>(
      'SELECT first_sequence FROM audit_seals ORDER BY id',
    );
    expect(links.map((link) => Number(link.first_sequence))).toEqual([1, 4]);
  });

  it('seals more than one link in a run, and nothing twice when two run at once', async () => {
    await log(...Array.from({ length: 1201 }, () => request()));
    const sealed = await Promise.all([sealing.seal(), sealing.seal()]);
    expect(sealed[0] + sealed[1]).toBe(1201);
    expect(await verifying.verify()).toMatchObject({ faults: [], sealedRows: 1201, unsealedRows: 0 });
  });

  it('finds a changed row', async () => {
    await log(request(), request());
    await sealing.seal();
    await tamper('UPDATE api_logs SET response_status_code = 200 WHERE id = 2');
    expect((await verifying.verify()).faults).toEqual([
      'link 1 (rows 1 to 2): its rows are not what was sealed',
    ]);
  });

  it('reads rows from before routes were kept, and finds a route that was put in, changed or taken away', async () => {
    // SHA-256 of the chain over one row as version 0.1.0 hashed it, worked out apart from this program
    next = 0;
    await log(request('{}', null));
    await sealing.seal();
    expect(await verifying.verify()).toMatchObject({ faults: [], hash: HASH_WITHOUT_ROUTE });
    await log(request());
    await sealing.seal();
    expect((await verifying.verify()).faults).toEqual([]);
    for (const [id, route] of [
      [1, "'/x'"],
      [2, "'/x'"],
      [2, 'NULL'],
    ] as const) {
      const [was] = await database.query<{ route: string | null }>(
        `SELECT route FROM api_logs WHERE id = ${id}`,
      );
      await tamper(`UPDATE api_logs SET route = ${route} WHERE id = ${id}`);
      expect((await verifying.verify()).faults[0]).toContain(`link ${id}`);
      await database.run(async (tx) => {
        const before = was?.route === null ? 'NULL' : `'${was?.route}'`;
        await tx.manager.query(`UPDATE api_logs SET route = ${before} WHERE id = ${id}`);
      });
      expect((await verifying.verify()).faults).toEqual([]);
    }
  });

  it('finds a removed row', async () => {
    await log(request(), request(), request());
    await sealing.seal();
    await tamper('DELETE FROM api_logs WHERE id = 2');
    expect((await verifying.verify()).faults[0]).toContain('1 of the rows with ids 1 to 3 are missing');
  });

  it('finds a removed link', async () => {
    await log(request());
    await sealing.seal();
    await log(request());
    await sealing.seal();
    await tamper('DELETE FROM audit_seals WHERE id = 1');
    expect((await verifying.verify()).faults[0]).toContain('does not begin with row 1');
  });

  it('seals no row again after a commit that came later than all the links that it looks back on', async () => {
    const insert = (id: number) =>
      database.run(async (tx) => {
        const row = request();
        await new ApiLogRepository(database.database).append(tx, [row]);
        await tx.manager.query(`UPDATE api_logs SET id = ${id} WHERE request_id = '${row[0]}'`);
      });
    for (const statement of GUARDS[kind].off) await database.run((tx) => tx.manager.query(statement));
    for (let id = 1000; id < 1010 + LOOK_BACK; id += 1) {
      await insert(id);
      await sealing.seal();
    }
    await insert(500);
    await sealing.seal();
    await insert(2000);
    await sealing.seal();
    const verdict = await verifying.verify();
    expect(verdict.notes.filter((note) => note.includes('two links'))).toEqual([]);
    expect(verdict).toMatchObject({ sealedRows: LOOK_BACK + 11, unsealedRows: 1 });
  });

  it('refuses to change or delete a link', async () => {
    await log(request());
    await sealing.seal();
    for (const statement of ["UPDATE audit_seals SET hash = 'x'", 'DELETE FROM audit_seals']) {
      await expect(database.run((tx) => tx.manager.query(statement))).rejects.toThrow('append-only');
    }
  });
});

const HASH_WITHOUT_ROUTE = '8a4870278b53f9d4768ea68717e21fe70c746f9afc1c22e167c4c7882c2612c8';

const GUARDS = {
  sqlite: {
    off: ['api_logs_no_update', 'api_logs_no_delete', 'audit_seals_no_delete'].map(
      (name) => `DROP TRIGGER IF EXISTS ${name}`,
    ),
  },
  postgres: {
    off: ['ALTER TABLE api_logs DISABLE TRIGGER ALL', 'ALTER TABLE audit_seals DISABLE TRIGGER ALL'],
  },
};

it('sealing the audit log looks again into the gaps that late commits leave', () => {
  const link = (...idRanges: [number, number][]) => ({ idRanges }) as never;
  expect(openIds([])).toEqual({ after: 0, gaps: [] });
  expect(openIds([link([12, 14]), link([1, 5], [7, 9])])).toEqual({
    after: 14,
    gaps: [
      [6, 6],
      [10, 11],
    ],
  });
  const links = Array.from({ length: 64 }, (_, i) => link([2001 + i, 2001 + i]));
  const late = [link([7, 7]), ...links.toReversed().slice(0, -1)];
  expect(openIds(late)).toEqual({ after: 2064, gaps: [] }); // not 8 to 2001, which older links have
  expect(rangesOf([1, 2, 3, 7])).toEqual([
    [1, 3],
    [7, 7],
  ]);
});
