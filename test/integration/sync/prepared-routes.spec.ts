import { connect } from 'node:net';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '#libs/testing';
import { RateLimitStorage } from '../../../src/auth/rate-limit-storage.js';
import { GatedResponse } from '../../../src/app/http/gated-response.js';
import { ADMIN_KEY, startTestApp, type TestApp } from '../../harness/app.js';
import { askOn, lastLines, lastRows, type PlainAnswer } from '../../harness/both-ways.js';

const TIME = '01.03.2023 08:00:00.000';
const ENTRY = { datetime: TIME, tp: 150, sl: 100 };
const EXIT = { datetime: TIME, direction: 'buy', tp_price: 1.0815, sl_price: 1.079 };
const LIMIT = 60;

interface Question {
  readonly path: 'entry' | 'exit' | '%65ntry';
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** It has fields that are ignored: what it is warned of is said on the usual way. */
  readonly isWarnedOf?: boolean;
}

/** Each is asked twice: with its length, which lets it take the short way, and in chunks, which does not. */
const QUESTIONS: Readonly<Record<string, Question>> = {
  'an entry': { path: 'entry', body: ENTRY },
  'an exit': { path: 'exit', body: EXIT },
  'a path in another form': { path: '%65ntry', body: ENTRY },
  'an exit in capitals': { path: 'exit', body: { ...EXIT, direction: 'SELL' } },
  'text for numbers': { path: 'entry', body: { datetime: TIME, tp: '150', sl: ' 1e2 ', spread_pips: true } },
  'unknown members, secret ones too': {
    path: 'entry',
    body: { ...ENTRY, note: 'Bearer abcdefgh1', password: 'p', deep: [{ token: 'abcdefghijklmnop1' }] },
    isWarnedOf: true,
  },
  'a prototype': { path: 'entry', body: `{"__proto__":{"tp":1},"datetime":"${TIME}"}` },
  'a body larger than its copy': {
    path: 'entry',
    body: { ...ENTRY, note: 'x'.repeat(20_000) },
    isWarnedOf: true,
  },
  'an administrator': { path: 'entry', body: ENTRY, headers: { 'X-API-KEY': ADMIN_KEY } },
  'a wrong key': { path: 'entry', body: ENTRY, headers: { 'X-API-KEY': 'wrong' } },
  'an empty key': { path: 'entry', body: ENTRY, headers: { 'X-API-KEY': '' } },
  'a wrong token': { path: 'entry', body: ENTRY, headers: { Authorization: 'Bearer wrong' } },
  'another scheme': { path: 'entry', body: ENTRY, headers: { Authorization: 'Basic eDp5' } },
  'a page of a listed origin': { path: 'entry', body: ENTRY, headers: { Origin: 'https://a.example' } },
  'a page of another origin': { path: 'entry', body: ENTRY, headers: { Origin: 'https://b.example' } },
  'an id and an agent of its own': {
    path: 'entry',
    body: ENTRY,
    headers: { 'X-Request-Id': 'mine-1', 'User-Agent': 'bot/1 token=abcdefgh12' },
  },
  'a character set': {
    path: 'entry',
    body: ENTRY,
    headers: { 'Content-Type': 'application/json; charset=utf-8' },
  },
  'lines in place of an object': {
    path: 'entry',
    body: JSON.stringify(ENTRY),
    headers: { 'Content-Type': 'application/x-ndjson' },
  },
  'no media type': { path: 'entry', body: ENTRY, headers: { 'Content-Type': 'nonsense' } },
  'a coding': { path: 'entry', body: ENTRY, headers: { 'Content-Encoding': 'gzip' } },
  'a moment of another form': { path: 'entry', body: { ...ENTRY, datetime: '2023-03-01' } },
  'a wrong direction': { path: 'exit', body: { ...EXIT, direction: 'up' } },
  'missing members': { path: 'exit', body: {} },
  'a wrong type': { path: 'entry', body: { ...ENTRY, tp: [] } },
  'a list': { path: 'entry', body: [ENTRY] },
  null: { path: 'entry', body: null },
  'half of a text': { path: 'entry', body: '{"datetime": ' },
  'too many levels': { path: 'entry', body: '['.repeat(70) + ']'.repeat(70) },
  'bytes that are no text': { path: 'entry', body: Buffer.from([0x7b, 0xff, 0x7d]) },
};

describe('a prepared route and the usual one', () => {
  let app: TestApp;
  const answered = jest.spyOn(GatedResponse.prototype, 'answer');

  beforeAll(async () => {
    app = await startTestApp({
      config: {
        core_plugin: 'sync_core',
        predictor_plugin: 'binary_ideal_oracle',
        csv_file: resolve('examples/data/synthetic_fx_1h_2023.csv'),
        allowed_origins: ['https://a.example'],
        rate_limits: { sync: LIMIT },
      },
    });
  });
  afterAll(() => app.close());
  afterAll(() => answered.mockRestore());

  const ask = ({ path, ...question }: Question, way: 'short' | 'usual'): Promise<PlainAnswer> =>
    askOn(app, way, { ...question, path: `/api/v1/predict/${path}` });

  const both = async (question: Question) => {
    await app.app.get(RateLimitStorage).clear();
    const short = await ask(question, 'short');
    await app.app.get(RateLimitStorage).clear();
    return { short, usual: await ask(question, 'usual') };
  };

  it.each(Object.entries(QUESTIONS))('answer, record and log %s alike', async (_, question) => {
    answered.mockClear();
    const { short, usual } = await both(question);
    expect(short).toEqual(usual);
    const isShort = short.status === 200 && question.isWarnedOf !== true;
    expect(answered.mock.calls).toHaveLength(isShort ? 1 : 0);
    const [first, second] = await lastRows(app);
    expect(first).toEqual(second);
    expect(lastLines(app)[0]).toEqual(lastLines(app)[1]);
  });

  it('say alike how much of a limit is left, and refuse alike', async () => {
    const seen: PlainAnswer[][] = [];
    for (const way of ['short', 'usual'] as const) {
      await app.app.get(RateLimitStorage).clear();
      const answers: PlainAnswer[] = [];
      for (let hit = 0; hit <= LIMIT; hit += 1) answers.push(await ask({ path: 'entry', body: ENTRY }, way));
      seen.push(answers);
    }
    const [short = [], usual = []] = seen;
    expect(short).toEqual(usual);
    expect(short.map(({ status }) => status)).toEqual([...Array.from({ length: LIMIT }, () => 200), 429]);
  });

  it('count a refused question once', async () => {
    await app.app.get(RateLimitStorage).clear();
    const wrong = { path: 'entry', body: { ...ENTRY, datetime: 'x' } } as const;
    const left = async () => /r=(\d+)/.exec((await ask(wrong, 'short')).headers.join('\n'))?.[1];
    expect([await left(), await left()]).toEqual([String(LIMIT - 1), String(LIMIT - 2)]);
  });

  it('are counted as one route', async () => {
    const { text } = await app.get('/metrics');
    const routes = [...text.matchAll(/http_requests_total\{method="POST",route="([^"]+)",status="200"\}/g)];
    expect(routes.map(([, route]) => route).sort()).toEqual([
      '/api/v1/predict/entry',
      '/api/v1/predict/exit',
    ]);
  });

  it.each(['Content-Length: 50', 'Transfer-Encoding: chunked'])(
    'record a client that went away inside of its body (%s)',
    async (length) => {
      const socket = connect(app.server.port, '127.0.0.1');
      const agent = `gone ${length.slice(0, 7)}`;
      socket.end(
        `POST /api/v1/predict/entry HTTP/1.1\r\nHost: x\r\nUser-Agent: ${agent}\r\n${length}\r\n\r\n1\r\n{\r\n`,
      );
      const rows = () => app.database.query(`SELECT * FROM api_logs WHERE user_agent = '${agent}'`);
      await eventually('the row is there', async () => (await rows()).length === 1);
      const [row] = await rows();
      expect(row).toMatchObject({
        response_status_code: 499,
        route: '/api/v1/predict/entry',
        request_payload: null,
      });
      socket.destroy();
    },
  );

  it('take the usual way for any other form of the path', async () => {
    answered.mockClear();
    for (const path of ['entry/', 'entry?x=1'])
      expect((await app.post(`/api/v1/predict/${path}`, ENTRY)).status).toBe(200);
    expect(answered).not.toHaveBeenCalled();
  });
});

describe('audit_synchronous=false', () => {
  it.each(['fastify', 'express'] as const)(
    'leaves no row of answers, but of refusals [%s]',
    async (adapter) => {
      const app = await startTestApp({
        adapter,
        config: {
          core_plugin: 'sync_core',
          predictor_plugin: 'binary_ideal_oracle',
          csv_file: resolve('examples/data/synthetic_fx_1h_2023.csv'),
          audit_synchronous: false,
        },
      });
      try {
        expect((await app.post('/api/v1/predict/entry', ENTRY)).status).toBe(200);
        expect((await app.post('/api/v1/predict/exit/', EXIT)).status).toBe(200);
        expect((await app.post('/api/v1/predict/entry', {})).status).toBe(422);
        expect((await app.get('/api/v1/model/info')).status).toBe(200);
        const rows = await app.database.query<{ route: string }>('SELECT route FROM api_logs ORDER BY id');
        expect(rows.map(({ route }) => route)).toEqual(['/api/v1/predict/entry', '/api/v1/model/info']);
      } finally {
        await app.close();
      }
    },
  );
});
