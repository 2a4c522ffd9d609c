import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { type Answering, Receiver, status } from './receiver.js';
import { ADMIN, client, isSignedWith, WebhookBench } from './webhook-bench.js';
import type { WebhookService } from './webhook-service.js';
import { describeOnDatabases } from '../../harness/databases.js';

const [HOUR_MS, DAY_MS] = [3_600_000, 86_400_000];

describeOnDatabases('a secret', (database) => {
  let bench: WebhookBench;
  let there: Receiver;
  let service: WebhookService;
  beforeEach(async () => {
    bench = new WebhookBench(database());
    there = await Receiver.listen();
    service = await bench.started();
  });
  afterEach(async () => {
    await there.close();
    await bench.clear();
  });
  /** Which of the secrets the next message is signed with. */
  const signedBy = async (...secrets: string[]): Promise<boolean[]> => {
    const count = there.messages.length + 1;
    const id = await bench.enqueue(service, there.url());
    await bench.until(service, id, 'it is delivered', (one) => one.status === 'delivered');
    const message = (await there.until(count))[count - 1];
    return secrets.map((secret) => message !== undefined && isSignedWith(secret, message));
  };

  it('signs beside the next one for the time that was asked', async () => {
    const first = await service.secrets.rotate(client(2), { overlapHours: 24 });
    expect(first).toEqual({
      secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/),
      createdAt: new Date(bench.clock.now()),
      previousValidUntil: null,
    });
    const second = await service.secrets.rotate(client(2), { overlapHours: 24 });
    const until = new Date(bench.clock.now() + DAY_MS);
    expect(second.previousValidUntil).toEqual(until);
    expect(second.secret).not.toBe(first.secret);
    expect(await signedBy(first.secret, second.secret)).toEqual([true, true]);
    bench.clock.jump(DAY_MS - 1);
    expect(await signedBy(first.secret, second.secret)).toEqual([true, true]);
    bench.clock.jump(1);
    expect(await signedBy(first.secret, second.secret)).toEqual([false, true]);
    await expect(service.secrets.describe(client(2))).resolves.toMatchObject({ previousValidUntil: null });
  });

  it('that has leaked signs no more', async () => {
    const leaked = await service.secrets.rotate(client(2), { overlapHours: 24 });
    const next = await service.secrets.rotate(client(2), { overlapHours: 0 });
    expect(next.previousValidUntil).toBeNull();
    expect(await signedBy(leaked.secret, next.secret)).toEqual([false, true]);
  });

  it("is the user's own", async () => {
    const [own, other] = await Promise.all(
      [2, 3].map((userId) => service.secrets.rotate(client(userId), { overlapHours: 0 })),
    );
    expect(await signedBy(own?.secret ?? '', other?.secret ?? '')).toEqual([true, false]);
  });

  it('is made when there is none, and signs beside the first that is asked for', async () => {
    await expect(service.secrets.describe(client(2))).rejects.toMatchObject({ kind: 'not_found' });
    await signedBy();
    expect(there.messages[0]?.headers['webhook-signature']).toMatch(/^v1,[A-Za-z0-9+/]{43}=$/);
    await expect(service.secrets.describe(client(2))).resolves.toMatchObject({ previousValidUntil: null });
    const { secret } = await service.secrets.rotate(client(2), { overlapHours: 24 });
    expect(await signedBy(secret)).toEqual([true]);
    expect(there.messages[1]?.headers['webhook-signature']?.split(' ')).toHaveLength(2);
  });

  it('of two that are made at the same time is the one that is shown', async () => {
    const made = await Promise.all(
      Array.from({ length: 4 }, () => service.secrets.rotate(client(2), { overlapHours: 24 })),
    );
    const signs = await signedBy(...made.map(({ secret }) => secret));
    expect(signs.filter(Boolean)).toHaveLength(2); // the last one and the one before
  });

  it('cannot be read in the database', async () => {
    const secrets = [
      await service.secrets.rotate(client(2), { overlapHours: 24 }),
      await service.secrets.rotate(client(2), { overlapHours: 24 }),
    ];
    const rows = JSON.stringify(await bench.test.query('SELECT * FROM webhook_secrets'));
    for (const { secret } of secrets) expect(rows).not.toContain(secret.slice('whsec_'.length));
    expect(rows).not.toContain('whsec_');
  });

  it('of another secret key of the service sends nothing until it is replaced', async () => {
    const warned = jest.spyOn(Logger.prototype, 'warn').mockReturnValue();
    await service.secrets.rotate(client(2), { overlapHours: 24 });
    await service.engine.stop(0);
    service = await bench.started({ flags: { secret_key: 'another-secret-of-the-tests-that-nobody-keeps' } });
    const id = await bench.enqueue(service, there.url());
    expect(await bench.untilAttempts(service, id, 1)).toMatchObject({
      status: 'pending',
      lastError: 'secret_unreadable',
    });
    expect(there.connections).toBe(0);
    expect(warned.mock.calls).toEqual([[expect.stringContaining('user 2')]]);
    warned.mockRestore();
    const { secret } = await service.secrets.rotate(client(2), { overlapHours: 24 });
    await bench.toNextAttempt(service, id);
    const [message] = await there.until(1);
    expect(message !== undefined && isSignedWith(secret, message)).toBe(true);
  });
});

describeOnDatabases('the delivery log', (database) => {
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

  it('replays a message that was given up, under its old id', async () => {
    const [there, service] = [await receiver(status(410)), await bench.started()];
    const id = await bench.enqueue(service, there.url());
    await bench.until(service, id, 'it is over', (one) => one.status === 'failed');
    there.answer = status(503);
    const begun = await service.log.replay(id, client(2));
    expect(begun).toMatchObject({ id, status: 'pending', attempts: 1, finishedAt: null });
    const tried = await bench.untilAttempts(service, id, 2);
    // the schedule began anew: 5 seconds and some
    expect((tried.nextAttemptAt?.getTime() ?? 0) - bench.clock.now()).toBeLessThanOrEqual(6_000);
    there.answer = status(200);
    await bench.toNextAttempt(service, id);
    const done = await bench.until(service, id, 'it is delivered', (one) => one.status === 'delivered');
    expect(done.attemptLog.map(({ number, responseStatus: code }) => [number, code])).toEqual([
      [3, 200],
      [2, 503],
      [1, 410],
    ]);
    expect(new Set(there.messages.map(({ headers }) => headers['webhook-id']))).toEqual(new Set([id]));
  });

  it('replays at once a message that waits for its next attempt, and one that was delivered', async () => {
    const [there, service] = [await receiver(status(503)), await bench.started()];
    const id = await bench.enqueue(service, there.url());
    await bench.untilAttempts(service, id, 1);
    there.answer = status(200);
    await service.log.replay(id, client(2));
    await bench.until(service, id, 'it is delivered', (one) => one.status === 'delivered');
    await service.log.replay(id, ADMIN);
    const again = await bench.untilAttempts(service, id, 3);
    expect(again).toMatchObject({ status: 'delivered', attempts: 3 });
    expect(there.messages).toHaveLength(3);
    await expect(bench.test.query('SELECT id FROM jobs WHERE finished_at IS NULL')).resolves.toEqual([]);
  });

  it('replays a message while it is being sent: the call under way no longer counts', async () => {
    const [there, service] = [await receiver(() => undefined), await bench.started()];
    const id = await bench.enqueue(service, there.url());
    await there.until(1);
    there.answer = status(200);
    await service.log.replay(id, client(2));
    const done = await bench.until(service, id, 'it is delivered', (one) => one.status === 'delivered');
    expect([done.attempts, there.messages.length]).toEqual([1, 2]);
  });

  it('is one for each client; administrators read all', async () => {
    const [there, service] = [await receiver(), await bench.started()];
    const id = await bench.enqueue(service, there.url());
    const other = await bench.enqueue(service, there.url(), { userId: 3, type: 'prediction.failed' });
    for (const one of [id, other])
      await bench.until(service, one, 'it is delivered', ({ status: state }) => state === 'delivered');
    const missing = { kind: 'not_found', detail: 'Webhook delivery not found' };
    await expect(service.log.one(id, client(3))).rejects.toMatchObject(missing);
    await expect(service.log.replay(id, client(3))).rejects.toMatchObject(missing);
    expect(there.messages).toHaveLength(2);
    const ids = async (query: object, caller = ADMIN) => {
      const page = await service.log.list({ limit: 50, offset: 0, ...query }, caller);
      return page.items.map((one) => one.id).sort();
    };
    expect(await ids({})).toEqual([id, other].sort());
    expect(await ids({ userId: 3 })).toEqual([other]);
    expect(await ids({ userId: 3 }, client(2))).toEqual([id]);
    expect(await ids({}, client(4))).toEqual([]);
  });

  it('is narrowed and paged by the database', async () => {
    const [there, service] = [await receiver(), await bench.started()];
    const began = bench.clock.now();
    const made: string[] = [];
    for (const [index, type] of (['prediction.completed', 'prediction.failed'] as const).entries()) {
      const orderId = `prediction-${index}`;
      made.push(await bench.enqueue(service, there.url(), { type, orderId }));
      await bench.untilAttempts(service, made[index] ?? '', 1);
      await bench.clock.advance(1_000);
    }
    there.answer = status(410);
    made.push(await bench.enqueue(service, there.url(), { type: 'prediction.expired' }));
    await bench.untilAttempts(service, made[2] ?? '', 1);
    const indices = async (query: object) => {
      const page = await service.log.list({ limit: 50, offset: 0, ...query }, client(2));
      return page.items.map((one) => made.indexOf(one.id));
    };
    expect(await indices({})).toEqual([2, 1, 0]);
    expect(await indices({ status: 'failed' })).toEqual([2]);
    expect(await indices({ eventType: 'prediction.failed' })).toEqual([1]);
    expect(await indices({ orderId: 'prediction-0' })).toEqual([0]);
    expect(await indices({ from: new Date(began + 1_000) })).toEqual([2, 1]);
    expect(await indices({ to: new Date(began + 1_000) })).toEqual([1, 0]);
    const page = await service.log.list({ limit: 1, offset: 1 }, client(2));
    expect([page.items.map(({ id }) => made.indexOf(id)), page.total, page.more]).toEqual([[1], 3, true]);
  });

  it('keeps the latest 50 attempts', async () => {
    const [there, service] = [await receiver(status(410)), await bench.started()];
    const id = await bench.enqueue(service, there.url());
    for (let attempts = 1; attempts <= 52; attempts += 1) {
      await bench.untilAttempts(service, id, attempts);
      if (attempts < 52) await service.log.replay(id, client(2));
    }
    const { attemptLog: kept } = await service.log.one(id, ADMIN);
    expect([kept.length, kept[0]?.number, kept.at(-1)?.number]).toEqual([50, 52, 3]);
  });

  it('forgets what ended long ago, and nothing that is still under way', async () => {
    const [there, failing, service] = [await receiver(), await receiver(status(503)), await bench.started()];
    const old = await bench.enqueue(service, there.url());
    const waiting = await bench.enqueue(service, failing.url());
    for (const id of [old, waiting]) await bench.untilAttempts(service, id, 1);
    await service.engine.stop(0);
    bench.clock.jump(30 * DAY_MS);
    const recent = bench.service();
    expect(await recent.history.purge()).toBe(0);
    bench.clock.jump(HOUR_MS);
    expect(await recent.history.purge()).toBe(1);
    await expect(recent.log.one(old, ADMIN)).rejects.toMatchObject({ kind: 'not_found' });
    await expect(recent.log.one(waiting, ADMIN)).resolves.toMatchObject({ status: 'pending', attempts: 1 });
    expect(await bench.test.query('SELECT delivery_id FROM webhook_attempts')).toEqual([
      { delivery_id: waiting },
    ]);
  });
});
