import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Database, linesOf, TransactionRunner } from '#libs/database';
import { DAY_MS, newUuid } from '#libs/kernel';
import { ChildScript, configOf } from '#libs/testing';
import { ArchiveOrders } from '../../../src/marketplace/archive/archive-orders.service.js';
import { OrderArchiveRepository } from '../../../src/marketplace/archive/order-archive.repository.js';
import { OrderCounts } from '../../../src/marketplace/marketplace-statistics.port.js';
import { ADMINISTRATOR, client, KINDS, MarketplaceBench } from './marketplace-bench.js';

const DAYS = 30;
const PAGE = { sort: 'created_at', order: 'desc', limit: 100, offset: 0 } as const;

describe.each(KINDS)('ended orders that are old [%s]', (kind) => {
  let bench: MarketplaceBench;
  const folder = mkdtempSync(join(tmpdir(), 'order-archive-'));

  const database = () => bench.test.app.get(Database, { strict: false });
  const archiving = (archives = new OrderArchiveRepository(database())) =>
    new ArchiveOrders(
      archives,
      bench.test.app.get(TransactionRunner, { strict: false }),
      configOf({ order_history_days: DAYS, archive_folder: folder }),
      bench.clock,
    );
  const files = () => readdirSync(folder).filter((name) => name.endsWith('.gz'));
  const idsLeft = async () =>
    (await bench.query<{ id: string }>('SELECT id FROM prediction_jobs')).map(({ id }) => id);

  async function cancelled(clientId: number): Promise<string> {
    const { id } = await bench.submit(clientId);
    await bench.clients.cancel(client(clientId), id);
    return id;
  }

  beforeAll(async () => {
    bench = await MarketplaceBench.start(kind);
  }, 60_000);
  afterEach(() => files().forEach((name) => rmSync(join(folder, name))));
  afterAll(async () => {
    await bench.close();
    rmSync(folder, { recursive: true });
  });

  it('move into a file with their claims and files, and leave what money and owners need', async () => {
    const completed = await bench.submit(201);
    await bench.claim(901, completed.id);
    await bench.release(901, completed.id);
    await bench.claim(902, completed.id);
    await bench.answer(902, completed.id);
    const text = Buffer.from('step,time\r\n');
    await bench.files.keep({
      orderId: completed.id,
      fileType: 'result_csv',
      fileName: 'results.csv',
      mimeType: 'text/csv',
      content: text,
    });
    bench.clock.jump(1); // the file has them in the order of their ends
    const ended = await cancelled(201);
    bench.clock.jump(DAYS * DAY_MS);
    const young = await cancelled(201);
    const open = (await bench.submit(201)).id;
    bench.clock.jump(1);

    const { orders, files: made } = await archiving().archive();
    expect([orders, made]).toEqual([2, files()]);
    expect((await idsLeft()).sort()).toEqual([young, open].sort());
    for (const table of ['prediction_claims', 'prediction_files'])
      expect(await bench.query(`SELECT id FROM ${table}`)).toEqual([]);
    const lines: Record<string, unknown>[] = [];
    for await (const line of linesOf(join(folder, made[0] ?? ''))) lines.push(JSON.parse(line) as never);
    expect(lines).toMatchObject([
      { archive: 'orders', version: 1, orders: 2 },
      {
        order: { id: completed.id, status: 'completed', estimated_cost: completed.estimatedCost },
        claims: [
          { evaluator_id: 901, outcome: 'released' },
          { evaluator_id: 902, outcome: 'completed' },
        ],
        files: [{ file_name: 'results.csv', content: text.toString('base64') }],
      },
      { order: { id: ended, status: 'cancelled', cancelled_by: 201 }, claims: [], files: [] },
    ]);

    const gone = {
      kind: 'gone',
      code: 'archived',
      message: expect.stringContaining(`archived in ${made[0]}`),
    };
    const { clients } = bench;
    for (const actor of [client(201), ADMINISTRATOR, { ...client(902), role: 'evaluator' }])
      await expect(clients.find(actor, completed.id)).rejects.toMatchObject(gone);
    await expect(clients.claims(client(201), completed.id)).rejects.toMatchObject(gone);
    await expect(clients.cancel(client(201), ended)).rejects.toMatchObject(gone);
    await expect(clients.update(client(201), ended, { priority: 1 })).rejects.toMatchObject(gone);
    await expect(clients.find(client(202), completed.id)).rejects.toMatchObject({ kind: 'forbidden' });
    await expect(clients.cancel(client(202), completed.id)).rejects.toMatchObject({ kind: 'forbidden' });
    await expect(clients.find(client(201), newUuid())).rejects.toMatchObject({ kind: 'not_found' });
    await expect(clients.list(client(201), {}, PAGE)).resolves.toMatchObject({ total: 2 });

    expect(await bench.verify()).toMatchObject({ violations: [], orders: 4, work: 'compared' });
    const counts = bench.test.app.get<OrderCounts>(OrderCounts, { strict: false });
    expect((await counts.countByClient([201])).get(201)).toBe(4);
    expect(await archiving().archive()).toEqual({ orders: 0, files: [] });
  });

  it('are archived once, whoever else archives at the same time', async () => {
    const ids = [await cancelled(203), await cancelled(203)];
    bench.clock.jump(DAYS * DAY_MS + 1);
    const runs = await Promise.allSettled([archiving().archive(), archiving().archive()]);
    await archiving().archive();
    expect(runs.some(({ status }) => status === 'fulfilled')).toBe(true);
    const kept = await bench.query<{ id: string }>('SELECT id FROM archived_orders WHERE user_id = 203');
    expect(kept.map(({ id }) => id).sort()).toEqual(ids.toSorted());
    expect((await bench.verify()).violations).toEqual([]);
  });

  it('stay while their file is not what was written', async () => {
    const id = await cancelled(204);
    bench.clock.jump(DAYS * DAY_MS + 1);
    const archives = new OrderArchiveRepository(database());
    archives.drop = () => Promise.reject(new Error('killed'));
    await expect(archiving(archives).archive()).rejects.toThrow('killed');
    const [name = ''] = files();
    const whole = readFileSync(join(folder, name));
    writeFileSync(join(folder, name), whole.subarray(1));
    await expect(archiving().archive()).rejects.toThrow('its SHA-256 differs');
    expect(await idsLeft()).toContain(id);
    await expect(bench.find(id)).resolves.toMatchObject({ status: 'cancelled' });
    writeFileSync(join(folder, name), whole);
    await archiving().archive();
    expect(await idsLeft()).not.toContain(id);
  });

  it('leave rows that nobody can change or take away', async () => {
    for (const sql of [
      `UPDATE archived_orders SET status = 'failed'`,
      'DELETE FROM archived_orders',
      `UPDATE order_archives SET file = 'other'`,
      'UPDATE order_archives SET dropped_orders = dropped_orders - 1',
      'DELETE FROM order_archives',
    ])
      await expect(bench.execute(sql)).rejects.toThrow('append-only');
  });

  it('are neither lost nor doubled, at whatever step the process is killed', async () => {
    const before = (await bench.verify()).orders;
    const ids: string[] = [];
    for (let count = 0; count < 25; count += 1) ids.push(await cancelled(205));
    bench.clock.jump(DAYS * DAY_MS + 1);
    const location = JSON.stringify(bench.test.database.location);
    // before anything; behind the draft, the record; behind the name, the look at the file, some deletions
    for (const deadly of ['0', '1', '2', '1', '2', '3', 'never']) {
      const script = 'test/integration/audit/archiving-process.ts';
      const child = new ChildScript(script, location, folder, String(bench.clock.now()), deadly, 'orders');
      expect([deadly, await child.exited]).toEqual([deadly, deadly === 'never' ? 0 : null]);
      expect(await bench.verify()).toMatchObject({ violations: [], orders: before + ids.length });
      expect(files().length).toBeLessThanOrEqual(1);
    }
    const kept = await bench.query<{ id: string }>('SELECT id FROM archived_orders WHERE user_id = 205');
    expect(kept.map(({ id }) => id).sort()).toEqual(ids.toSorted());
    expect(await bench.query('SELECT id FROM prediction_jobs WHERE user_id = 205')).toEqual([]);
  }, 240_000);
});
