import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { newUuid } from '#libs/kernel';
import { configOf, eventually, FakeClock } from '#libs/testing';
import { KeepAnchors, readAnchors } from '../../../src/app/anchors.js';
import { ApiLogRepository } from '../../../src/audit/api-log.repository.js';
import { AuditSealRepository } from '../../../src/audit/seal/audit-seal.repository.js';
import { SealAudit } from '../../../src/audit/seal/seal-audit.service.js';
import { describeOnDatabases } from '../../harness/databases.js';
import { logRow } from './log-rows.js';

describeOnDatabases('the file of anchors', (shared) => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'anchors-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('gets a line whenever a chain has grown, and none otherwise', async () => {
    const path = join(folder, 'anchors.jsonl');
    const clock = new FakeClock();
    const config = configOf({ audit_anchor: path, audit_anchor_minutes: 60, audit_seal_seconds: 5 });
    const keeping = new KeepAnchors(shared().database, config, clock);
    const seals = new AuditSealRepository(shared().database);
    const sealing = new SealAudit(seals, shared().transactions, config, clock);
    const grow = async () => {
      await shared().run((tx) => new ApiLogRepository(shared().database).append(tx, [logRow(newUuid())]));
      await sealing.seal();
    };
    const lines = () => readFileSync(path, { encoding: 'utf8', flag: 'a+' }).split('\n').length - 1;
    await grow();
    keeping.onApplicationBootstrap();
    await clock.advance(3_600_000);
    await eventually('the first anchor is there', () => lines() === 1);
    await clock.advance(3_600_000);
    await grow();
    await clock.advance(3_600_000);
    await eventually('the second anchor is there', () => lines() === 2);
    await keeping.onApplicationShutdown();
    const anchors = await readAnchors(path);
    expect(anchors).toMatchObject([
      { chain: 'audit', rows: 1 },
      { chain: 'audit', rows: 2, hash: (await seals.store.head())?.hash },
    ]);
  });

  it('is refused with the line that is no anchor', async () => {
    const path = join(folder, 'broken.jsonl');
    writeFileSync(path, '{"chain":"audit","rows":1,"hash":"x","at":"2026-01-31"}\n\n{"chain":"audit"}\n');
    await expect(readAnchors(path)).rejects.toThrow(`audit_anchor: ${path}, line 3 is no anchor`);
    await expect(readAnchors(join(folder, 'none'))).rejects.toThrow('cannot be read');
    expect(await readAnchors(null)).toEqual([]);
  });
});
