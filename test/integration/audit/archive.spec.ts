import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { type Anchor, ArchiveFolder, linesOf, openArchive, runSql, verifyArchive } from '#libs/database';
import { DAY_MS, HOUR_MS, newUuid } from '#libs/kernel';
import { ChildScript, configOf, eventually, FakeClock } from '#libs/testing';
import { currentAnchors } from '../../../src/app/anchors.js';
import { ApiLogRepository } from '../../../src/audit/api-log.repository.js';
import { ArchiveAudit } from '../../../src/audit/archive/archive-audit.service.js';
import { AuditArchiveRepository } from '../../../src/audit/archive/audit-archive.repository.js';
import { LoggedRequests } from '../../../src/audit/logged-requests.repository.js';
import { AuditSealRepository } from '../../../src/audit/seal/audit-seal.repository.js';
import { SealAudit } from '../../../src/audit/seal/seal-audit.service.js';
import { VerifyAudit } from '../../../src/audit/seal/verify-audit.service.js';
import { describeOnDatabases, TestDatabase } from '../../harness/databases.js';
import { unguard } from '../billing/unguard.js';
import { logRow } from './log-rows.js';

const OLD = 12;
const NEW = 5;
const ROWS_A_LINK = 90;

describeOnDatabases('an archive of the audit log', (_, kind) => {
  let test: TestDatabase;
  let folder: string;
  let clock: FakeClock;
  let anchors: Anchor[];

  const seals = () => new AuditSealRepository(test.database);
  const archiving = (archives = new AuditArchiveRepository(test.database)) =>
    new ArchiveAudit(
      archives,
      seals(),
      new LoggedRequests(test.database),
      test.transactions,
      configOf({ audit_history_days: 30, archive_folder: folder }),
      clock,
    );
  const faults = async (path: string | null = folder, some: readonly Anchor[] = anchors) =>
    (await new VerifyAudit(seals()).verify(some, path)).faults;
  const rowsLeft = async () =>
    (await test.query<{ id: number }>('SELECT id FROM api_logs ORDER BY id')).map(({ id }) => id);

  async function addLinks(count: number): Promise<void> {
    const logs = new ApiLogRepository(test.database);
    const sealer = new SealAudit(seals(), test.transactions, configOf({ audit_seal_seconds: 5 }), clock);
    for (let link = 0; link < count; link += 1) {
      const rows = Array.from({ length: ROWS_A_LINK }, (__, index) =>
        logRow(newUuid(), '{"a":"ÄÖ \\u2028"}', index % 3 === 0 ? null : '/api/v1/predict'),
      );
      await test.run((tx) => logs.append(tx, rows));
      await sealer.seal();
    }
  }

  beforeEach(async () => {
    test = await TestDatabase.open(kind);
    folder = mkdtempSync(join(tmpdir(), 'archive-'));
    clock = new FakeClock();
    await addLinks(OLD);
    anchors = await currentAnchors(test.database, new Date(0));
    clock.jump(31 * DAY_MS);
    await addLinks(NEW);
    anchors.push(...(await currentAnchors(test.database, new Date(1))));
  });
  afterEach(async () => {
    await test.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('has what is too old, and the log has the rest', async () => {
    const usage = () => new LoggedRequests(test.database).count('requests', null, new Date(0));
    const before = await usage();
    const { files, rows } = await archiving().archive();
    expect(rows).toBe(OLD * ROWS_A_LINK);
    expect(readdirSync(folder)).toEqual(files);
    expect((await rowsLeft())[0]).toBe(OLD * ROWS_A_LINK + 1);
    expect(await usage()).toBe(before);
    expect(await new VerifyAudit(seals()).verify(anchors, folder)).toMatchObject({
      faults: [],
      notes: [],
      sealedRows: (OLD + NEW) * ROWS_A_LINK,
      unsealedRows: 0,
    });
    expect(await new VerifyAudit(seals()).verify(anchors)).toMatchObject({
      faults: [],
      notes: [expect.stringContaining(`${OLD * ROWS_A_LINK} of the rows are in archives`)],
      sealedRows: NEW * ROWS_A_LINK,
    });
    await expect(archiving().archive()).resolves.toEqual({ files: [], rows: 0 });
    clock.jump(31 * DAY_MS);
    await addLinks(1);
    await expect(archiving().archive()).resolves.toMatchObject({ rows: NEW * ROWS_A_LINK });
    expect(await faults()).toEqual([]);
    expect(await rowsLeft()).toHaveLength(ROWS_A_LINK);
  });

  it('is verified without a database, and goes on where the one before it ended', async () => {
    await archiving().archive();
    clock.jump(31 * DAY_MS);
    await archiving().archive();
    const [first = '', second = ''] = readdirSync(folder).map((file) => join(folder, file));
    const one = await verifyArchive(await openArchive(linesOf(first)), anchors);
    const archive = await openArchive(linesOf(second));
    expect(archive.head).toMatchObject({ firstSequence: OLD * ROWS_A_LINK + 1, previousHash: one.hash });
    const other = await verifyArchive(archive, anchors);
    expect([one, other].map((verdict) => [verdict.faults, verdict.sealedRows])).toEqual([
      [[], OLD * ROWS_A_LINK],
      [[], NEW * ROWS_A_LINK],
    ]);
    expect(other.hash).toBe(anchors.at(-1)?.hash);
  });

  it('that was altered is found, by itself and with the log', async () => {
    await archiving().archive();
    const [file = ''] = readdirSync(folder).map((name) => join(folder, name));
    const whole = readFileSync(file);
    const lines = gunzipSync(whole).toString().trimEnd().split('\n');
    const rowAt = (index: number) =>
      lines.flatMap((line, at) => (line.startsWith('[') ? [at] : []))[index] ?? 0;
    const without = (at: number) => lines.filter((__, index) => index !== at);
    const with_ = (at: number, line: string) => lines.map((old, index) => (index === at ? line : old));
    const attacks: readonly (readonly string[])[] = [
      with_(rowAt(7), (lines[rowAt(7)] ?? '').replace('POST', 'GET')),
      without(rowAt(0)),
      without(rowAt(500)),
      [...lines.slice(0, rowAt(3)), lines[rowAt(2)] ?? '', ...lines.slice(rowAt(3))],
      lines.slice(0, -1),
      lines.slice(0, rowAt(100)),
      without(1),
      [lines[0] ?? '', lines.at(-1) ?? ''],
      with_(0, '{}'),
      ['no JSON'],
    ];
    for (const [index, attack] of attacks.entries()) {
      writeFileSync(file, gzipSync(`${attack.join('\n')}\n`));
      const alone = await openArchive(linesOf(file))
        .then((archive) => verifyArchive(archive, anchors))
        .then(({ faults: found }) => found)
        .catch((error: Error) => [error.message]);
      expect([index, alone.length > 0, (await faults()).length > 0]).toEqual([index, true, true]);
    }
    writeFileSync(file, whole.subarray(0, whole.length - 20));
    await expect(openArchive(linesOf(file)).then((archive) => verifyArchive(archive))).rejects.toThrow(
      'unexpected end of file',
    );
    expect(await faults()).not.toEqual([]);
    rmSync(file);
    expect(await faults()).toEqual([expect.stringContaining('cannot be read')]);
    writeFileSync(file, whole);
    expect(await faults()).toEqual([]);
  });

  it('lets only its own rows be deleted', async () => {
    const attempt = (sql: string) => test.run((tx) => runSql(tx, sql));
    await expect(attempt('DELETE FROM api_logs WHERE id = 1')).rejects.toThrow(/append-only/);
    await archiving().archive();
    for (const sql of [
      'DELETE FROM api_logs WHERE id = (SELECT MIN(id) FROM api_logs)',
      'DELETE FROM api_logs',
      'DELETE FROM audit_archives',
      `UPDATE audit_archives SET last_id = 9999`,
      `UPDATE audit_archives SET dropped_id = dropped_id - 1`,
      `UPDATE api_logs SET method = 'GET'`,
    ])
      await expect(attempt(sql)).rejects.toThrow(/append-only/);
  });

  it('and a log that does not go on behind it are found', async () => {
    await archiving().archive();
    await unguard(test);
    const first = OLD * ROWS_A_LINK + 1;
    const attacks = [
      `DELETE FROM api_logs WHERE id = ${first}`,
      `DELETE FROM api_logs WHERE id < ${first + ROWS_A_LINK}`,
      `UPDATE audit_archives SET dropped_id = ${first}, last_id = ${first}`,
      `UPDATE audit_archives SET hash = '0'`,
      `UPDATE audit_archives SET last_sequence = last_sequence + 1`,
      'DELETE FROM audit_archives',
      'DELETE FROM audit_seals WHERE id = 3',
      `DELETE FROM audit_seals WHERE last_sequence < ${first}`,
      `UPDATE audit_seals SET hash = '0' WHERE id = 3`,
      `INSERT INTO api_logs (id, request_id, correlation_id, ip_address, endpoint, method, request_timestamp, response_status_code,
         response_time_ms) SELECT 7, 'again', correlation_id, ip_address, endpoint, method, request_timestamp, response_status_code,
         response_time_ms FROM api_logs WHERE id = ${first}`,
    ];
    for (const attack of attacks) {
      const rolledBack = new Error('the next attack finds everything as it was');
      const tried = test.run(async (tx) => {
        await runSql(tx, attack);
        const found = [await faults(), await faults(null)].map(({ length }) => length > 0);
        // the hash of a link in the midst of what is archived is seen by whoever has the archive only
        const isHidden = attack.includes('audit_seals SET hash');
        expect([attack, ...found]).toEqual([attack, true, !isHidden]);
        throw rolledBack;
      });
      await expect(tried).rejects.toBe(rolledBack);
    }
    expect(await faults()).toEqual([]);
  });

  it('is not written of a log that was altered', async () => {
    await unguard(test);
    await test.run((tx) => runSql(tx, `UPDATE api_logs SET method = 'GET' WHERE id = 7`));
    await expect(archiving().archive()).rejects.toThrow('are not what was sealed, so nothing was archived');
    expect(readdirSync(folder)).toEqual([]);
    expect(await rowsLeft()).toHaveLength((OLD + NEW) * ROWS_A_LINK);
  });

  it('keeps the rows in the log while its file is not whole, and goes on when it is', async () => {
    const archives = new AuditArchiveRepository(test.database);
    const drop = archives.drop.bind(archives);
    const stopped = new Error('stopped');
    let drops = 0;
    archives.drop = (tx, archive) => {
      if ((drops += 1) > 1) throw stopped;
      return drop(tx, archive);
    };
    await expect(archiving(archives).archive()).rejects.toBe(stopped);
    const left = await rowsLeft();
    expect(left.length).toBeLessThan((OLD + NEW) * ROWS_A_LINK);
    expect(left.length).toBeGreaterThan(NEW * ROWS_A_LINK);
    expect([await faults(), await faults(null)]).toEqual([[], []]);
    const [file = ''] = readdirSync(folder).map((name) => join(folder, name));
    const whole = readFileSync(file);
    writeFileSync(file, whole.subarray(1));
    await expect(archiving().archive()).rejects.toThrow('is not the archive that was written');
    rmSync(file);
    await expect(archiving().archive()).rejects.toThrow('cannot be read');
    expect(await rowsLeft()).toEqual(left);
    writeFileSync(file, whole);
    await archiving().archive();
    expect(await rowsLeft()).toHaveLength(NEW * ROWS_A_LINK);
    expect(await faults()).toEqual([]);
  });

  it('is one of two that are written at once', async () => {
    const { write, discard, publish } = ArchiveFolder.prototype;
    let [written, discarded] = [0, 0];
    // both write the same rows before one is recorded, and the other's file goes before that one has its name
    const spies = [
      jest.spyOn(ArchiveFolder.prototype, 'write').mockImplementation(async function (
        this: ArchiveFolder,
        ...given
      ) {
        const file = await write.apply(this, given);
        written += 1;
        await eventually('both have written', () => written === 2);
        return file;
      }),
      jest.spyOn(ArchiveFolder.prototype, 'discard').mockImplementation(async function (
        this: ArchiveFolder,
        file,
      ) {
        await discard.call(this, file);
        discarded += 1;
      }),
      jest.spyOn(ArchiveFolder.prototype, 'publish').mockImplementation(async function (
        this: ArchiveFolder,
        file,
      ) {
        await eventually('one is discarded', () => discarded === 1);
        await publish.call(this, file);
      }),
    ];
    const runs = await Promise.allSettled([archiving().archive(), archiving().archive()]);
    for (const spy of spies) spy.mockRestore();
    expect(runs.filter(({ status }) => status === 'rejected')).toEqual([]);
    expect(await rowsLeft()).toHaveLength(NEW * ROWS_A_LINK);
    const records = await new AuditArchiveRepository(test.database).all();
    expect(readdirSync(folder).sort()).toEqual(records.map(({ file }) => file).sort());
    expect(await faults()).toEqual([]);
  });

  it('loses and doubles nothing, at whatever step its process is killed', async () => {
    const now = String(clock.now() + HOUR_MS);
    // before anything; behind the figures, the draft, the record; behind the name, the look at the file, the first deletion
    for (const deadly of ['0', '1', '2', '3', '1', '2', '3', 'never']) {
      const location = JSON.stringify(test.location);
      const script = 'test/integration/audit/archiving-process.ts';
      const child = new ChildScript(script, location, folder, now, deadly);
      expect([deadly, await child.exited]).toEqual([deadly, deadly === 'never' ? 0 : null]);
      expect(await faults()).toEqual([]);
      const records = await new AuditArchiveRepository(test.database).all();
      expect(records.length).toBeLessThanOrEqual(1);
      const named = readdirSync(folder).filter((name) => name.endsWith('.gz'));
      expect(records.map(({ file }) => file)).toEqual(expect.arrayContaining(named));
    }
    expect(await rowsLeft()).toHaveLength(NEW * ROWS_A_LINK);
    expect(await new VerifyAudit(seals()).verify(anchors, folder)).toMatchObject({
      faults: [],
      sealedRows: (OLD + NEW) * ROWS_A_LINK,
    });
  }, 240_000);
});
