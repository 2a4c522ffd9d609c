import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { newUuid } from '#libs/kernel';
import { configOf, eventually, FakeClock } from '#libs/testing';
import { addAnchors, readAnchors } from '../../../src/app/anchors.js';
import { KeepAnchors } from '../../../src/app/keep-anchors.js';
import { ReceiptKeys } from '../../../src/outcomes/receipts/receipt-keys.service.js';
import { ReceiptRepository } from '../../../src/outcomes/receipts/receipt.repository.js';
import { ApiLogRepository } from '../../../src/audit/api-log.repository.js';
import { AuditSealRepository } from '../../../src/audit/seal/audit-seal.repository.js';
import { SealAudit } from '../../../src/audit/seal/seal-audit.service.js';
import { describeOnDatabases } from '../../harness/databases.js';
import { logRow } from './log-rows.js';

/** Another character of base64url. */
const swapped = (one: string): string => (one === 'A' ? 'B' : 'A');

describeOnDatabases('the file of anchors', (shared) => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'anchors-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const read = (audit_anchor: string | null, audit_anchor_keys: string | null = null) =>
    readAnchors({ audit_anchor, audit_anchor_keys });

  it('gets a line whenever a chain has grown, and none otherwise', async () => {
    const path = join(folder, 'anchors.jsonl');
    const clock = new FakeClock();
    const config = configOf({
      audit_anchor: path,
      audit_anchor_minutes: 60,
      audit_seal_seconds: 5,
      secret_key: 'a-secret-of-the-specs-that-nobody-keeps',
    });
    const receipts = new ReceiptRepository(shared().database);
    const keys = new ReceiptKeys(receipts, shared().transactions, clock, config);
    const keeping = new KeepAnchors(shared().database, config, clock, keys);
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
    const kept = join(folder, 'jwks.json');
    writeFileSync(kept, JSON.stringify(await keys.published()));
    const anchors = await read(path, kept);
    expect(anchors).toMatchObject([
      { chain: 'audit', rows: 1 },
      { chain: 'audit', rows: 2, hash: (await seals.store.head())?.hash },
    ]);
  });

  it.each([
    ['rows', (line: string) => line.replace('"rows":2', '"rows":3'), 'is signed for another anchor'],
    ['the signature', (line: string) => line.replace(/,"signature":"[^"]*"/, ''), 'is not signed'],
    ['a character of it', (line: string) => line.replace(/.(?=..."}$)/, swapped), 'has a false signature'],
  ])('is refused with the public keys beside it when somebody changes %s', async (_, change, fault) => {
    const [first, second = ''] = readFileSync(join(folder, 'anchors.jsonl'), 'utf8').split('\n');
    const path = join(folder, 'changed.jsonl');
    writeFileSync(path, `${first}\n${change(second)}\n`);
    await expect(read(path, join(folder, 'jwks.json'))).rejects.toThrow(`line 2 ${fault}`);
  });

  it('may be kept by somebody else, who is told each minute and asked for all', async () => {
    const lines: string[] = [];
    const keeper = createServer((request, response) => {
      request.setEncoding('utf8').on('data', (text: string) => lines.push(text));
      request.on('end', () => response.end(request.method === 'GET' ? lines.join('') : ''));
    });
    await once(keeper.listen(0, '127.0.0.1'), 'listening');
    const url = `http://127.0.0.1:${(keeper.address() as AddressInfo).port}/anchors?key=secret`;
    const anchor = { chain: 'audit', rows: 1, hash: 'x', at: '2026-01-31' };
    await addAnchors(url, [anchor]);
    expect(await read(url)).toEqual([anchor]);
    keeper.removeAllListeners('request').on('request', (_, response) => response.writeHead(500).end());
    const refused = addAnchors(url, [anchor]);
    await expect(refused).rejects.toThrow(/^audit_anchor: http:\/\/127\.0\.0\.1:\d+ answered 500$/);
    await expect(read(url)).rejects.toThrow(/127\.0\.0\.1:\d+ cannot be read: it answered 500$/);
    keeper.closeAllConnections();
    keeper.close();
  });

  it('is refused with the line that is no anchor', async () => {
    const path = join(folder, 'broken.jsonl');
    writeFileSync(path, '{"chain":"audit","rows":1,"hash":"x","at":"2026-01-31"}\n\n{"chain":"audit"}\n');
    await expect(read(path)).rejects.toThrow(`audit_anchor: ${path}, line 3 is no anchor`);
    await expect(read(join(folder, 'none'))).rejects.toThrow('cannot be read');
    expect(await read(null)).toEqual([]);
  });
});
