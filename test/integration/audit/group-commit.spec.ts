import { ConsoleLogger, Logger } from '@nestjs/common';
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { TransactionRunner, type Transaction } from '#libs/database';
import { newUuid } from '#libs/kernel';
import { eventually, gate } from '#libs/testing';
import { ApiLogRepository } from '../../../src/audit/api-log.repository.js';
import type { AuditEntry } from '../../../src/audit/audit.port.js';
import { GroupCommitRecorder } from '../../../src/audit/group-commit-recorder.js';
import { describeOnDatabases } from '../../harness/databases.js';

const entry = (more: Partial<AuditEntry> = {}): AuditEntry => ({
  id: newUuid(),
  requestId: 'r',
  userId: null,
  address: '127.0.0.1',
  userAgent: null,
  method: 'POST',
  endpoint: '/api/x',
  route: '/api/{x}',
  query: '?token=t',
  payload: { password: 'p' },
  receivedAt: 0,
  status: 200,
  durationMs: 1,
  bytes: 2,
  ...more,
});

describeOnDatabases('the group commit of audit rows', (database) => {
  let commits: number;
  let transactions: TransactionRunner;
  let logs: ApiLogRepository;

  beforeAll(() => Logger.overrideLogger(false));
  afterAll(() => Logger.overrideLogger(new ConsoleLogger()));
  beforeEach(() => {
    commits = 0;
    logs = new ApiLogRepository(database().database);
    transactions = {
      run: <T>(work: (tx: Transaction) => Promise<T>) => {
        commits += 1;
        return database().transactions.run(work);
      },
    } as TransactionRunner;
  });

  const recorder = (options = {}) =>
    new GroupCommitRecorder(transactions, logs, { batchRows: 256, payloadBytes: 1000, ...options });
  const isStored = async ({ id }: AuditEntry) =>
    (await database().query(`SELECT id FROM api_logs WHERE request_id = '${id}'`)).length === 1;

  it('is durable when it resolves, and shares commits among concurrent requests', async () => {
    const [log, entries] = [recorder(), Array.from({ length: 500 }, () => entry())];
    await Promise.all(entries.map((one) => log.record(one)));
    for (const one of [entries[0], entries[255], entries[499]]) expect(await isStored(one!)).toBe(true);
    expect(commits).toBeLessThan(6);
  });

  it('takes secrets out before it writes', async () => {
    const one = entry();
    await recorder().record(one);
    const [row] = await database().query(`SELECT * FROM api_logs WHERE request_id = '${one.id}'`);
    expect(row).toMatchObject({
      request_payload: '{"password":"[redacted]"}',
      query_string: 'token=[redacted]',
    });
  });

  it('refuses every row of a commit that fails, and goes on with the next', async () => {
    const log = recorder();
    const twice = entry();
    await log.record(twice);
    const both = await Promise.allSettled([log.record(twice), log.record(entry())]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    const next = entry();
    await log.record(next);
    expect(await isStored(next)).toBe(true);
  });

  it('does not join the transaction of a request that is still open', async () => {
    const log = recorder();
    const one = entry();
    const rolledBack = database().run(async () => {
      const recorded = log.record(one);
      if (database().kind === 'postgres') await recorded;
      throw Object.assign(new Error('roll back'), { recorded });
    });
    const error: { recorded: Promise<void> } = await rolledBack.then(
      () => Promise.reject(new Error('it did not roll back')),
      (reason: { recorded: Promise<void> }) => reason,
    );
    await error.recorded;
    expect(await isStored(one)).toBe(true);
  });

  it('is bounded, and says so before it is full', async () => {
    const held = gate();
    const blocked = { run: () => held.opened.then(() => Promise.reject(new Error('no database'))) };
    const log = new GroupCommitRecorder(blocked as unknown as TransactionRunner, logs, {
      batchRows: 10,
      payloadBytes: 100,
      maxWaiting: 4,
    });
    const waiting = [1, 2, 3].map(() => log.record(entry()));
    expect(log.overloaded).toBe(true);
    waiting.push(log.record(entry()));
    await expect(log.record(entry())).rejects.toThrow(/accepts no more rows/);
    held.open();
    expect((await Promise.allSettled(waiting)).every(({ status }) => status === 'rejected')).toBe(true);
    await eventually('the queue is empty', () => !log.overloaded);
  });

  it('writes what waits when it is closed, and takes nothing more', async () => {
    const [log, one] = [recorder(), entry()];
    const recorded = log.record(one);
    await log.close();
    await recorded;
    expect(await isStored(one)).toBe(true);
    await expect(log.record(entry())).rejects.toThrow(/accepts no more rows/);
    expect(log.overloaded).toBe(true);
  });
});
