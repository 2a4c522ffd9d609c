import { Webhook } from 'standardwebhooks';
import { eventually } from '#libs/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TransactionRunner } from '#libs/database';
import { AppError, newUuid } from '#libs/kernel';
import { UsersModule } from '../../../src/users/users.module.js';
import { WebhooksModule } from '../../../src/webhooks/webhooks.module.js';
import { type WebhookEvent, Webhooks } from '../../../src/webhooks/webhooks.port.js';
import { Receiver } from './receiver.js';
import { ADMIN_KEY, startTestApp, type TestApp } from '../../harness/app.js';
import type { DatabaseKind } from '../../harness/databases.js';
import { seedOriginalAccounts } from '../../harness/original.js';

const SECRET = '/api/v1/client/webhooks/secret';
const DELIVERIES = '/api/v1/client/webhooks/deliveries';

describe.each(['sqlite', 'postgres'] as const)('webhooks over HTTP [%s]:', (database: DatabaseKind) => {
  let app: TestApp;
  let there: Receiver;
  let clientId: number;
  beforeAll(async () => {
    there = await Receiver.listen();
    app = await startTestApp({
      database,
      config: {
        database_pool_size: 4,
        database_max_overflow: 0,
        webhook_allowed_networks: ['127.0.0.1'],
      },
      domains: [UsersModule, WebhooksModule],
      seed: seedOriginalAccounts,
    });
    const rows = await app.database.query<{ id: number; username: string }>('SELECT id, username FROM users');
    clientId = rows.find(({ username }) => username === 'client1')?.id ?? 0;
  }, 60_000);
  afterAll(async () => {
    await app.close();
    await there.close();
  });
  const port = (): Webhooks => app.app.get<Webhooks>(Webhooks, { strict: false });
  const enqueue = (event: Partial<WebhookEvent> = {}): Promise<string> =>
    app.app.get(TransactionRunner, { strict: false }).run((tx) =>
      port().enqueue(tx, {
        type: 'prediction.completed',
        userId: clientId,
        orderId: newUuid(),
        url: there.url(),
        payload: { symbol: 'EURUSD' },
        ...event,
      }),
    );
  const delivered = async (id: string, attempts = 1): Promise<void> =>
    eventually('it is delivered', async () => {
      const { body } = await app.get(`${DELIVERIES}/${id}`, { apiKey: 'client1_key' });
      return body.status === 'delivered' && body.attempts === attempts;
    });

  it('the whole way: a secret, a message that it verifies, the log, a replay', async () => {
    const made = await app.post(SECRET, {}, { apiKey: 'client1_key' });
    expect([made.status, made.body]).toEqual([
      201,
      {
        secret: expect.stringMatching(/^whsec_/),
        created_at: expect.any(String),
        previous_valid_until: null,
      },
    ]);
    const id = await enqueue();
    await delivered(id);
    const [message] = await there.until(1);
    const { body = '', headers = {} } = message ?? {};
    expect(new Webhook(made.body.secret).verify(body, headers)).toMatchObject({
      type: 'prediction.completed',
      data: { symbol: 'EURUSD' },
    });
    const listed = await app.get(`${DELIVERIES}?status=delivered`, { apiKey: 'client1_key' });
    expect([listed.headers.get('x-total-count'), listed.body]).toEqual([
      '1',
      [expect.objectContaining({ id, user_id: clientId, attempts: 1, last_response_status: 204 })],
    ]);
    const replayed = await app.post(`${DELIVERIES}/${id}/replay`, undefined, { apiKey: 'client1_key' });
    expect(replayed).toMatchObject({ status: 200, body: { id, status: 'pending' } });
    await delivered(id, 2);
    expect(there.messages.map((one) => one.headers['webhook-id'])).toEqual([id, id]);
  });

  it('a secret is never seen again: not in answers, the audit log, kept answers or lines of the log', async () => {
    const key = { 'Idempotency-Key': newUuid() };
    const options = { apiKey: 'client1_key', headers: key };
    const made = await app.post(SECRET, { overlap_hours: 1 }, options);
    const again = await app.post(SECRET, { overlap_hours: 1 }, options);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(again.body).toEqual(made.body);
    const told = await app.get(SECRET, { apiKey: 'client1_key' });
    expect(Object.keys(told.body)).toEqual(['created_at', 'previous_valid_until']);
    const secret = String(made.body.secret).slice('whsec_'.length);
    const tables = await Promise.all(
      ['api_logs', 'idempotency_keys', 'webhook_secrets', 'webhook_deliveries', 'events'].map((table) =>
        app.database.query(`SELECT * FROM ${table}`),
      ),
    );
    expect(tables[0]?.length).toBeGreaterThan(0);
    expect(tables[1]?.length).toBeGreaterThan(0);
    expect(JSON.stringify([tables, app.logLines])).not.toContain(secret);
    expect(JSON.stringify(tables)).not.toContain('whsec_');
  });

  it('the empty body is the usual overlap; a wrong one is named', async () => {
    const none = await app.post(SECRET, {}, { apiKey: 'client1_key' });
    const hours = (Date.parse(none.body.previous_valid_until) - Date.parse(none.body.created_at)) / 3_600_000;
    expect([none.status, hours]).toEqual([201, 24]);
    const wrong = await app.post(SECRET, { overlap_hours: 200 }, { apiKey: 'client1_key' });
    expect(wrong).toMatchObject({ status: 422, body: { detail: [{ loc: ['body', 'overlap_hours'] }] } });
  });

  it("deliveries are their owner's; administrators reach all; others are turned away", async () => {
    const id = await enqueue();
    await delivered(id);
    for (const path of [`${DELIVERIES}/${id}`, `${DELIVERIES}/${newUuid()}`]) {
      const answer = await app.get(path, { apiKey: 'client2_key' });
      expect(answer).toMatchObject({ status: 404, body: { detail: 'Webhook delivery not found' } });
    }
    expect((await app.post(`${DELIVERIES}/${id}/replay`, {}, { apiKey: 'client2_key' })).status).toBe(404);
    expect((await app.get(DELIVERIES, { apiKey: 'client2_key' })).body).toEqual([]);
    expect((await app.get(`${DELIVERIES}/${id}`, { apiKey: ADMIN_KEY })).body).toMatchObject({ id });
    expect((await app.get(`${DELIVERIES}?user_id=${clientId}`, { apiKey: ADMIN_KEY })).body).toHaveLength(2);
    expect((await app.get(DELIVERIES, { apiKey: 'provider_key' })).status).toBe(403);
    expect((await app.get(DELIVERIES)).status).toBe(401);
    expect((await app.get(`${DELIVERIES}/not-an-id`, { apiKey: ADMIN_KEY })).status).toBe(422);
  });

  it.each([
    ['start_date=2026-01-02&end_date=2026-01-01', 'end_date'],
    ['status=lost', 'status'],
    ['event_type=prediction.started', 'event_type'],
    ['limit=101', 'limit'],
  ])('a filter that makes no sense is named: %s', async (query, field) => {
    const answer = await app.get(`${DELIVERIES}?${query}`, { apiKey: ADMIN_KEY });
    expect(answer).toMatchObject({ status: 422, body: { detail: [{ loc: ['query', field] }] } });
  });

  it('a receiver that is not allowed is a fault of its field, and not echoed', () => {
    expect(() => port().checkTarget('https://desk.example.com/hooks')).not.toThrow();
    const refused = (field?: string): unknown => {
      try {
        port().checkTarget('https://user:hunter2@desk.example.com/', field);
      } catch (error) {
        return error;
      }
      return null;
    };
    const error = refused();
    expect(error).toBeInstanceOf(AppError);
    expect(error).toMatchObject({
      kind: 'invalid',
      violations: [
        {
          loc: ['body', 'notification_webhook'],
          msg: 'Value error, notification_webhook must not contain a user name or password',
        },
      ],
    });
    expect(JSON.stringify(error)).not.toContain('hunter2');
    expect(refused('url')).toMatchObject({ violations: [{ loc: ['body', 'url'] }] });
  });
});
