import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { UNRATED } from '../../../src/outcomes/standings.port.js';
import { OrderCounts } from '../../../src/marketplace/marketplace-statistics.port.js';
import { client, HOUR, KINDS, MarketplaceBench, MINUTE, USD } from './marketplace-bench.js';

describe.each(KINDS)('what the marketplace knows of itself [%s]', (kind) => {
  let bench: MarketplaceBench;
  let start: Date;
  beforeAll(async () => {
    bench = await MarketplaceBench.start(kind);
    start = new Date(bench.clock.now());
  }, 60_000);
  afterAll(() => bench.close());

  const complete = async (evaluatorId: number, clientId: number, minutes: number): Promise<string> => {
    const { id } = await bench.submit(clientId);
    bench.clock.jump(MINUTE);
    await bench.claim(evaluatorId, id);
    bench.clock.jump(minutes * MINUTE);
    await bench.answer(evaluatorId, id);
    return id;
  };

  it('is nothing before anything happened', async () => {
    await expect(bench.statistics.of(401, start)).resolves.toEqual({
      period: { completed: 0, released: 0, timedOut: 0, successRate: null, meanProcessingMs: null },
      earnings: 0,
      currencies: [],
      lastWeek: { completed: 0, earnings: 0 },
      ranks: { speed: null, reliability: null, quality: null, evaluators: 0 },
      standing: UNRATED,
    });
    await expect(bench.figures.since(start)).resolves.toMatchObject({
      created: 0,
      meanWaitMs: null,
      meanProcessingMs: null,
    });
    await expect(bench.turnover.totals({ from: start }, 'cost')).resolves.toEqual([]);
  });

  it('counts, times and ranks evaluators by their claims alone', async () => {
    await complete(401, 31, 30);
    await complete(401, 31, 15);
    await complete(402, 32, 6);
    const order = await bench.submit(32);
    await bench.claim(402, order.id);
    await bench.release(402, order.id);
    await bench.claim(403, order.id);
    bench.clock.jump(31 * MINUTE);
    await bench.upkeep.sweep();
    await expect(bench.statistics.of(401, start)).resolves.toEqual({
      period: {
        completed: 2,
        released: 0,
        timedOut: 0,
        successRate: 1,
        meanProcessingMs: 22.5 * MINUTE,
      },
      earnings: 7.175 * USD,
      currencies: [{ currency: 'USD', amount: 7.175 * USD, orders: 2 }],
      lastWeek: { completed: 2, earnings: 7.175 * USD },
      ranks: { speed: 2, reliability: 1, quality: null, evaluators: 2 },
      standing: UNRATED,
    });
    await expect(bench.statistics.of(402, start)).resolves.toMatchObject({
      period: { completed: 1, released: 1, successRate: 0.5, meanProcessingMs: 6 * MINUTE },
      ranks: { speed: 1, reliability: 2, evaluators: 2 },
    });
    await expect(bench.statistics.of(403, start)).resolves.toMatchObject({
      period: { completed: 0, timedOut: 1, successRate: 0 },
      ranks: { speed: null, reliability: null },
    });
    await expect(bench.statistics.best(start, 2)).resolves.toMatchObject([
      { evaluatorId: 401, completed: 2, successRate: 1, earnings: 7.175 * USD },
      { evaluatorId: 402, completed: 1 },
    ]);
    bench.clock.jump(8 * 24 * HOUR);
    await expect(bench.statistics.of(401, start)).resolves.toMatchObject({
      period: { completed: 2 },
      lastWeek: { completed: 0, earnings: 0 },
    });
  });

  it('counts orders by state and type, and what happened since', async () => {
    await bench.upkeep.sweep();
    const cancelled = await bench.submit(33, { predictionType: 'custom' });
    await bench.clients.cancel(client(33), cancelled.id);
    await expect(bench.figures.countByStatus()).resolves.toEqual({
      completed: 3,
      failed: 1,
      cancelled: 1,
    });
    await expect(bench.figures.countByType()).resolves.toEqual({ short_term: 4, custom: 1 });
    const activity = await bench.figures.since(start);
    expect(activity).toMatchObject({
      created: 5,
      createdAndCompleted: 3,
      completed: 3,
      failed: 1,
      cancelled: 1,
      meanProcessingMs: 17 * MINUTE,
    });
    await expect(bench.turnover.totals({ from: start }, 'cost')).resolves.toMatchObject([
      { amount: 15 * USD },
    ]);
    expect(Math.round((activity.meanWaitMs ?? 0) / 10)).toBe(MINUTE / 10);
  });

  it('tells the listing of accounts how much they asked for', async () => {
    const counts = bench.test.app.get<OrderCounts>(OrderCounts, { strict: false });
    await expect(counts.countByClient([31, 33, 34])).resolves.toEqual(
      new Map([
        [31, 2],
        [33, 1],
      ]),
    );
    await expect(counts.countByClient([])).resolves.toEqual(new Map());
  });

  it('keeps a file as it was first made', async () => {
    const orderId = await complete(401, 34, 1);
    const file = { orderId, fileName: 'plot.png', fileType: 'plot', mimeType: 'image/png' } as const;
    await expect(bench.files.find(orderId, 'plot.png')).resolves.toBeNull();
    const bytes = Uint8Array.from([0, 255, 128, 10]);
    const [kept, again] = await Promise.all([
      bench.files.keep({ ...file, content: bytes }),
      bench.files.keep({ ...file, content: Uint8Array.from([1]) }),
    ]);
    const stored = await bench.files.find(orderId, 'plot.png');
    expect(kept).toEqual(again);
    expect(stored).toEqual(kept);
    expect(kept.fileSize).toBe(kept.content.byteLength);
    expect(kept.fileHash).toBe(createHash('sha256').update(kept.content).digest('hex'));
  });
});
