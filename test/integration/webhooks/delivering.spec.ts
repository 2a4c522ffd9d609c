import { Webhook } from 'standardwebhooks';
import { toWire } from '#libs/http';
import { ChildScript, eventually, FakeClock } from '#libs/testing';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { DeliveryDetailOut } from '../../../src/webhooks/delivery.dto.js';
import { JITTER, RETRY_DELAYS_MS } from '../../../src/webhooks/retry-schedule.js';
import { type Answering, Receiver, status } from './receiver.js';
import { ADMIN, client, WebhookBench } from './webhook-bench.js';
import { LEASE_MS } from './webhook-service.js';
import { describeOnDatabases } from '../../harness/databases.js';

const [MINUTE_MS, HOUR_MS, DAY_MS] = [60_000, 3_600_000, 86_400_000];

describeOnDatabases('a delivery', (database) => {
  let bench: WebhookBench;
  const receivers: Receiver[] = [];
  beforeEach(() => {
    bench = new WebhookBench(database());
  });
  afterEach(async () => {
    await Promise.all(receivers.splice(0).map((one) => one.close()));
    await bench.clear();
  });
  const receiver = async (answer?: Answering): Promise<Receiver> => {
    const made = await Receiver.listen('127.0.0.1', answer);
    receivers.push(made);
    return made;
  };

  it('brings a signed message that the library of receivers takes, and is logged', async () => {
    const [there, service] = [await receiver(), await bench.started()];
    const { secret } = await service.secrets.rotate(client(2), { overlapHours: 24 });
    const orderId = '5f0c7a1e-1f3f-4a0e-9a63-2d2f1f8f7c11';
    const id = await bench.enqueue(service, there.url(), { orderId });
    const [message] = await there.until(1);
    if (message === undefined) throw new Error('a message arrived');
    expect(new Webhook(secret).verify(message.body, message.headers)).toEqual({
      type: 'prediction.completed',
      timestamp: new Date(bench.clock.now()).toISOString(),
      data: { prediction_id: orderId, symbol: 'EURUSD' },
    });
    expect(message.headers['webhook-id']).toBe(id);
    expect(() => new Webhook(secret).verify(message.body.replace('EUR', 'GBP'), message.headers)).toThrow(
      'No matching signature found',
    );
    const now = new Date(bench.clock.now());
    const done = await bench.until(service, id, 'it is delivered', (one) => one.status === 'delivered');
    expect(toWire(DeliveryDetailOut, done)).toEqual({
      id,
      user_id: 2,
      prediction_id: orderId,
      event_type: 'prediction.completed',
      url: there.url(),
      status: 'delivered',
      attempts: 1,
      next_attempt_at: null,
      last_response_status: 204,
      last_error: null,
      created_at: now,
      finished_at: now,
      message: JSON.parse(message.body),
      attempt_log: [{ number: 1, started_at: now, duration_ms: 0, response_status: 204, error: null }],
    });
  });

  it('is made when the transaction commits, and not at all when it does not', async () => {
    const [there, service] = [await receiver(), await bench.started()];
    const event = {
      type: 'prediction.failed',
      userId: 2,
      orderId: 'p',
      url: there.url(),
      payload: {},
    } as const;
    let inside = -1;
    const lost = bench.test.run(async (tx) => {
      await service.outbox.enqueue(tx, event);
      throw new Error('taken back');
    });
    await expect(lost).rejects.toThrow('taken back');
    const id = await bench.test.run(async (tx) => {
      const made = await service.outbox.enqueue(tx, event);
      inside = there.messages.length;
      return made;
    });
    await bench.until(service, id, 'it is delivered', (one) => one.status === 'delivered');
    expect([inside, there.messages.length]).toEqual([0, 1]);
    await expect(bench.test.query('SELECT id FROM webhook_deliveries')).resolves.toEqual([{ id }]);
  });

  it('is tried ten times within three days or so, under one id, and then given up', async () => {
    const [there, service] = [await receiver(status(500)), await bench.started()];
    const beganMs = bench.clock.now();
    const id = await bench.enqueue(service, there.url());
    for (const [index, delayMs] of RETRY_DELAYS_MS.entries()) {
      const tried = await bench.untilAttempts(service, id, index + 1);
      expect(tried).toMatchObject({ status: 'pending', lastError: 'http_error', lastResponseStatus: 500 });
      const waitMs = (tried.nextAttemptAt?.getTime() ?? 0) - bench.clock.now();
      expect(waitMs).toBeGreaterThanOrEqual(delayMs);
      expect(waitMs).toBeLessThanOrEqual(delayMs * (1 + JITTER));
      await expect(bench.test.query(`SELECT run_at FROM jobs WHERE finished_at IS NULL`)).resolves.toEqual([
        { run_at: tried.nextAttemptAt?.toISOString() },
      ]);
      await bench.toNextAttempt(service, id);
    }
    const given = await bench.until(service, id, 'it is given up', (one) => one.status === 'failed');
    expect(given).toMatchObject({ attempts: 10, nextAttemptAt: null, lastError: 'http_error' });
    expect(given.attemptLog.map(({ number }) => number)).toEqual([10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
    const days = (bench.clock.now() - beganMs) / DAY_MS;
    expect(days).toBeGreaterThan(3);
    expect(days).toBeLessThan(4);
    expect(there.messages).toHaveLength(10);
    expect(new Set(there.messages.map(({ headers, body }) => headers['webhook-id'] + body)).size).toBe(1);
    expect(new Set(there.messages.map(({ headers }) => headers['webhook-timestamp'])).size).toBe(10);
    await expect(bench.test.query(`SELECT id FROM jobs WHERE finished_at IS NULL`)).resolves.toEqual([]);
  });

  it('waits as long as Retry-After asks, for a day at most and no shorter than otherwise', async () => {
    const asked = ['7200', '8640000', '1'];
    const there = await receiver((response, _, count) =>
      status(429, { 'Retry-After': asked[count - 1] ?? '0' })(response, _, count),
    );
    const service = await bench.started();
    const id = await bench.enqueue(service, there.url());
    const waits: number[] = [];
    for (const [index] of asked.entries()) {
      const tried = await bench.untilAttempts(service, id, index + 1);
      waits.push((tried.nextAttemptAt?.getTime() ?? 0) - bench.clock.now());
      await bench.toNextAttempt(service, id);
    }
    expect(waits.slice(0, 2)).toEqual([2 * HOUR_MS, DAY_MS]);
    expect(waits[2]).toBeGreaterThanOrEqual(30 * MINUTE_MS);
  });

  it('is over at once when the receiver is gone, or was never allowed', async () => {
    const [there, service] = [await receiver(status(410)), await bench.started()];
    const gone = await bench.enqueue(service, there.url());
    const refused = await bench.enqueue(service, 'http://10.0.0.1/');
    for (const [id, error, code] of [
      [gone, 'gone', 410],
      [refused, 'target_refused', null],
    ] as const) {
      const done = await bench.until(service, id, 'it is over', (one) => one.status === 'failed');
      expect(done).toMatchObject({ attempts: 1, lastError: error, lastResponseStatus: code });
    }
  });

  it('succeeds when the receiver comes back', async () => {
    const there = await receiver((response, _, count) => status(count < 3 ? 503 : 200)(response, _, count));
    const service = await bench.started();
    const id = await bench.enqueue(service, there.url());
    for (const attempts of [1, 2]) {
      await bench.untilAttempts(service, id, attempts);
      await bench.toNextAttempt(service, id);
    }
    const done = await bench.until(service, id, 'it is delivered', (one) => one.status === 'delivered');
    expect(done.attemptLog.map(({ responseStatus: code, error }) => [code, error])).toEqual([
      [200, null],
      [503, 'http_error'],
      [503, 'http_error'],
    ]);
  });

  it('that two processes make is recorded once; the receiver sees the same id twice', async () => {
    const held: (() => void)[] = [];
    const there = await receiver((response) => void held.push(() => response.writeHead(200).end()));
    const suspended = await bench.started({ clock: new FakeClock(bench.clock.now()) });
    const id = await bench.enqueue(suspended, there.url());
    await there.until(1);
    bench.clock.jump(2 * LEASE_MS); // the first process sleeps; for the other its lease is over
    const other = await bench.started();
    await there.until(2);
    held[1]?.();
    await bench.until(other, id, 'it is delivered', (one) => one.status === 'delivered');
    held[0]?.(); // the first one wakes up with an answer that no longer counts
    await eventually('both calls are over', () => there.open === 0);
    await suspended.engine.stop(60_000);
    expect(await other.log.one(id, ADMIN)).toMatchObject({ attempts: 1, status: 'delivered' });
    expect(there.messages.map(({ headers }) => headers['webhook-id'])).toEqual([id, id]);
    expect([...suspended.failures, ...other.failures]).toEqual([]);
  });

  it('of a process that was killed is made by another one', async () => {
    const there = await receiver(() => undefined);
    const service = bench.service();
    const id = await bench.enqueue(service, there.url());
    const script = 'test/integration/webhooks/delivering-process.ts';
    const child = new ChildScript(script, JSON.stringify(database().location));
    await there.until(1, 60_000);
    await child.kill();
    there.answer = status(200);
    bench.clock.jump(2 * LEASE_MS + Date.now() - bench.clock.now()); // the child's lease is over
    await service.engine.start();
    const done = await bench.until(service, id, 'it is delivered', (one) => one.status === 'delivered');
    expect(done.attempts).toBe(1);
    expect(there.messages.map(({ headers }) => headers['webhook-id'])).toEqual([id, id]);
  }, 120_000);

  it('whose runs are lost three times goes on by its schedule', async () => {
    const there = await receiver(() => undefined);
    const lost = new FakeClock(bench.clock.now());
    const id = await bench.enqueue(await bench.started({ clock: lost }), there.url());
    for (const runs of [1, 2, 3]) {
      await there.until(runs);
      bench.clock.jump(2 * LEASE_MS);
      if (runs < 3) await bench.started({ clock: new FakeClock(bench.clock.now()) });
    }
    const other = await bench.started();
    const tried = await bench.untilAttempts(other, id, 1);
    expect(tried).toMatchObject({ status: 'pending', lastError: 'interrupted', lastResponseStatus: null });
    there.answer = status(200);
    await bench.toNextAttempt(other, id);
    const done = await bench.until(other, id, 'it is delivered', (one) => one.status === 'delivered');
    expect(done.attempts).toBe(2);
  });

  it('to a receiver that never answers leaves room for the others', async () => {
    const [silent, there] = [await receiver(() => undefined), await receiver()];
    const service = await bench.started({ flags: { job_concurrency: 8 } });
    const stuck: string[] = [];
    for (let made = 0; made < 6; made += 1) stuck.push(await bench.enqueue(service, silent.url()));
    const id = await bench.enqueue(service, there.url(), { userId: 3 });
    await bench.until(service, id, 'it is delivered', (one) => one.status === 'delivered');
    expect(silent.messages).toHaveLength(2); // a quarter of the runners for one user
    const postponed = await Promise.all(stuck.map((one) => service.log.one(one, ADMIN)));
    expect(postponed.every(({ attempts, status: state }) => attempts === 0 && state === 'pending')).toBe(
      true,
    );
    await eventually('each had its turn', async () => {
      await bench.clock.advance(500);
      return new Set(silent.messages.map(({ headers }) => headers['webhook-id'])).size === stuck.length;
    });
    const tried = await bench.untilAttempts(service, stuck[0] ?? '', 1);
    expect(tried.attemptLog.at(-1)).toMatchObject({ error: 'timeout', responseStatus: null });
  });
});
