import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Database } from '#libs/database';
import { assertPresent, OutageError } from '#libs/kernel';
import { eventually, gate } from '#libs/testing';
import { GatedResponse } from '../../../src/app/http/gated-response.js';
import { AuditRecorder } from '../../../src/audit/audit.port.js';
import { RateLimitStorage } from '../../../src/auth/rate-limit-storage.js';
import { startTestApp, type TestApp } from '../../harness/app.js';
import {
  askOn,
  lastLines,
  lastRows,
  type PlainAnswer,
  type PostedQuestion,
} from '../../harness/both-ways.js';
import { DATABASE_KINDS } from '../../harness/databases.js';
import { offlineSettings, seedOriginalAccounts } from '../../harness/original.js';

const PATH = '/api/v1/predict';
const BODY = { symbol: 'AAPL', interval: '1h' };
const WAIT = { Prefer: 'wait=10' };

interface Question extends Omit<PostedQuestion, 'path' | 'body'> {
  readonly path?: string;
  readonly body?: unknown;
  /** It takes the usual way in either form. */
  readonly isUsual?: boolean;
}

/** Each is asked twice: with its length, which lets it take the short way, and in chunks, which does not. */
const QUESTIONS: Readonly<Record<string, Question>> = {
  'one that is waited for': { headers: WAIT },
  'one that is not waited for': {},
  'one that waits no longer than it may': { headers: { Prefer: 'wait=99999' } },
  'one at the newer path': { path: '/api/v1/predictions', headers: WAIT },
  'one of a user': { path: '/api/v1/secure/predictions', headers: { ...WAIT, 'X-API-KEY': 'client_key' } },
  'one without a key where there must be one': { path: '/api/v1/secure/predictions', headers: WAIT },
  'one of an administrator': { headers: { ...WAIT, 'X-API-KEY': 'admin_key' } },
  'a wrong key': { headers: { ...WAIT, 'X-API-KEY': 'wrong' } },
  'horizons, calibrated': { headers: WAIT, body: { ...BODY, horizons: [1, 5], calibrate: true } },
  'ignored fields': { headers: WAIT, body: { ...BODY, intervall: '1d' } },
  'a predictor that is not there': { headers: WAIT, body: { ...BODY, predictor_plugin: 'nobody' } },
  'a plugin that fails': { headers: WAIT, body: { ...BODY, baseline_datetime: '1900-01-01T00:00:00Z' } },
  'a wrong type': { headers: WAIT, body: { symbol: 7, horizons: 'x' } },
  'half of a text': { headers: WAIT, body: '{"symbol": ' },
  'an id and an origin of its own': {
    headers: { ...WAIT, 'X-Request-Id': 'mine-1', Origin: 'https://a.example' },
  },
  'a wrong Idempotency-Key': { headers: { ...WAIT, 'Idempotency-Key': 'ä' }, isUsual: true },
};

/** Numbers and moments of one prediction. */
const ofAny = (text: string): string =>
  text
    .replaceAll(/"((?:prediction_)?id)":\d+/g, '"$1":0')
    .replaceAll(/\/predictions\/\d+/g, '/predictions/ID')
    .replaceAll(/"(\w+_ms)":[\d.]+/g, '"$1":0')
    .replaceAll(/"(created_at|updated_at|started_at|completed_at|timestamp)":"[^"]+"/g, '"$1":"NOW"');

const plain = ({ status, headers, body }: PlainAnswer): PlainAnswer => ({
  status,
  headers: ofAny(headers.join('\n'))
    .replace(/(content-length\n)\d+/, '$1N')
    .split('\n'),
  body: ofAny(body),
});

describe.each(DATABASE_KINDS)('a prepared prediction and one on the usual way [%s]', (database) => {
  let app: TestApp;
  let answered: { readonly mock: { readonly calls: unknown[] }; mockClear(): void; mockRestore(): void };
  beforeAll(async () => {
    answered = jest.spyOn(GatedResponse.prototype, 'answer');
    const config = { ...offlineSettings(), allowed_origins: ['https://a.example'] };
    app = await startTestApp({ config, database, seed: seedOriginalAccounts });
  }, 60_000);
  afterAll(() => app.close());
  afterAll(() => answered.mockRestore());

  const both = async ({ path = PATH, body = BODY, headers = {} }: Question) => {
    const answers = [];
    for (const way of ['short', 'usual'] as const) {
      await app.app.get(RateLimitStorage).clear();
      answers.push(plain(await askOn(app, way, { path, body, headers })));
    }
    return answers;
  };

  it.each(Object.entries(QUESTIONS))('answer, record and log %s alike', async (_, question) => {
    answered.mockClear();
    const [short, usual] = await both(question);
    expect(short).toEqual(usual);
    const isShort = short?.status === 201 && !short.body.includes('ignored_field');
    expect(answered.mock.calls).toHaveLength(isShort ? 1 : 0);
    const [first, second] = (await lastRows(app)).map(({ response_size_bytes: _bytes, ...row }) => row);
    expect(first).toEqual(second);
    expect(lastLines(app)[0]).toEqual(lastLines(app)[1]);
  });

  it('run once with an Idempotency-Key, on whichever way', async () => {
    const headers = { ...WAIT, 'Idempotency-Key': 'once' };
    const [first, second] = await both({ headers });
    expect([first?.status, second?.status]).toEqual([201, 201]);
    expect(second?.headers).toContain('idempotency-replayed');
  });
});

describe('the audit row of a prediction that is answered at once', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({ config: offlineSettings(), seed: seedOriginalAccounts });
  }, 60_000);
  const spies: { mockRestore: () => void }[] = [];
  const spied = <T extends { mockRestore: () => void }>(spy: T): T => {
    spies.push(spy);
    return spy;
  };
  afterEach(() => spies.splice(0).forEach((spy) => spy.mockRestore()));
  afterAll(() => app.close());

  const recorder = () => app.app.get<AuditRecorder>(AuditRecorder, { strict: false });
  const file = () => assertPresent(app.app.get(Database).file, 'SQLite has a file');
  const ask = (id: string) =>
    askOn(app, 'short', { path: PATH, body: BODY, headers: { ...WAIT, 'X-Request-Id': id } });
  const rows = (id: string) =>
    app.database.query<{ response_status_code: number }>(
      `SELECT * FROM api_logs WHERE correlation_id = '${id}' ORDER BY id`,
    );
  const predictions = async () => (await app.database.query('SELECT id FROM predictions')).length;

  /** `then` happens when the row was added, before its transaction ends. */
  const whenAdded = (then: () => void) => {
    const { addWithin } = recorder();
    const added = jest.spyOn(recorder(), 'addWithin').mockImplementationOnce(async (entry) => {
      await addWithin.call(recorder(), entry);
      then();
    });
    spied(added);
  };

  it('is written in the transaction of the prediction', async () => {
    const within = spied(jest.spyOn(recorder(), 'addWithin'));
    const apart = spied(jest.spyOn(recorder(), 'add'));
    expect((await ask('together')).status).toBe(201);
    expect([within.mock.calls.length, apart.mock.calls.length]).toEqual([1, 0]);
    const [row, ...others] = await rows('together');
    expect(others).toEqual([]);
    expect(row).toMatchObject({ response_status_code: 201, route: PATH, method: 'POST' });
  });

  it('does not leave before both are on the disk', async () => {
    const { opened, open } = gate();
    const syncLog = file().syncLog.bind(file());
    whenAdded(() => {
      spied(jest.spyOn(file(), 'syncLog')).mockImplementationOnce(() => opened.then(syncLog));
    });
    let isAnswered = false;
    const answer = ask('waits').finally(() => (isAnswered = true));
    await eventually('both are written', async () => (await rows('waits')).length === 1);
    expect(isAnswered).toBe(false);
    open();
    expect((await answer).status).toBe(201);
  });

  it('takes the prediction with it when it cannot be written', async () => {
    const before = await predictions();
    const outage = new OutageError('The disk is full', { code: 'storage_full' });
    spied(jest.spyOn(recorder(), 'addWithin')).mockRejectedValueOnce(outage);
    const answer = await ask('unwritable');
    expect(answer.status).toBe(503);
    expect(answer.headers).not.toContain('location');
    expect(await predictions()).toBe(before);
    expect((await rows('unwritable')).map((row) => row.response_status_code)).toEqual([503]);
  });

  it('is followed by one that says what was answered, when the disk refused the transaction', async () => {
    const refusal = Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' });
    whenAdded(() => {
      spied(jest.spyOn(file(), 'syncLog')).mockRejectedValueOnce(refusal);
    });
    const answer = await ask('refused');
    expect(answer.status).toBe(503);
    expect(answer.headers).not.toContain('location');
    // nobody knows whether what the disk refused is there; what was answered is
    expect((await rows('refused')).at(-1)?.response_status_code).toBe(503);
    await eventually('it serves again', async () => (await ask('again')).status === 201);
  });

  it('is the only one of a client that goes away while it is written', async () => {
    const { opened, open } = gate();
    const syncLog = file().syncLog.bind(file());
    const body = JSON.stringify(BODY);
    const socket = connect(app.server.port, '127.0.0.1');
    whenAdded(() => {
      spied(jest.spyOn(file(), 'syncLog')).mockImplementationOnce(() => opened.then(syncLog));
      socket.destroy();
    });
    socket.write(
      `POST ${PATH} HTTP/1.1\r\nHost: x\r\nPrefer: wait=10\r\nX-Request-Id: gone\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    await eventually('the server noticed', () => Promise.resolve(isLogged('gone')));
    open();
    expect((await ask('next')).status).toBe(201);
    expect((await rows('gone')).map((row) => row.response_status_code)).toEqual([201]);
  });

  const isLogged = (id: string): boolean =>
    app.logLines.some(
      (line) => line.name === 'prediction_provider.access' && JSON.stringify(line).includes(id),
    );
});
