import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { tinyPlugins } from '#libs/testing';
import { AuditModule } from '../../../src/audit/audit.module.js';
import { ADMIN_KEY, startTestApp, type TestApp } from '../../harness/app.js';
import { DATABASE_KINDS } from '../../harness/databases.js';
import { ProbeModule } from '../http/probe.js';
import { sentRequest } from './sent-secrets.js';

describe.each(DATABASE_KINDS)('secrets that callers send where none are expected [%s]', (kind) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({
      database: kind,
      plugins: tinyPlugins,
      domains: [ProbeModule, AuditModule],
    });
  }, 60_000);
  afterAll(() => app?.close());

  it('are in no audit row, no log line and no answer', async () => {
    const sent = fc.sample(sentRequest, { numRuns: 40, seed: 11 });
    const answers: string[] = [];
    for (const { path, query, body, userAgent } of sent) {
      const options = { apiKey: ADMIN_KEY, body, headers: { 'User-Agent': userAgent, 'X-Request-Id': path } };
      answers.push((await app.request('POST', `/api/probe/orders?${query}`, options)).text);
      answers.push((await app.request('PUT', `/api/probe/orders/${path}?${query}`, options)).text);
      answers.push((await app.get(`/api/probe/orders/${path}`)).text);
    }
    const rows = await app.database.query<{ method: string; request_payload: string | null }>(
      'SELECT * FROM api_logs',
    );
    expect(rows.length).toBeGreaterThanOrEqual(3 * sent.length);
    expect(rows.filter(({ request_payload }) => request_payload !== null)).toHaveLength(2 * sent.length);
    const kept = {
      rows: JSON.stringify(rows),
      log: JSON.stringify(app.logLines),
      answers: answers.join('\n'),
    };
    for (const { secrets } of sent)
      for (const secret of secrets)
        for (const [place, text] of Object.entries(kept))
          expect([place, text.includes(secret) ? secret : null]).toEqual([place, null]);
  }, 60_000);

  it('a body of 80,000 members is refused before it is copied, checked or hashed', async () => {
    const body = Object.fromEntries(Array.from({ length: 80_000 }, (_, i) => [`k${i}`, 1]));
    const answer = await app.post('/api/probe/orders', body);
    expect([answer.status, answer.text]).toEqual([
      422,
      expect.stringContaining('More than 10000 members of objects'),
    ]);
  });
});
