import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ADMIN_KEY, describeOnAdapters, startTestApp, type TestApp } from '../../harness/app.js';

describeOnAdapters('what a request asks for in vain', (adapter) => {
  let app: TestApp;
  let asAdmin: { headers: Record<string, string> };
  beforeAll(async () => {
    app = await startTestApp({
      adapter,
      config: { data_source: 'file', data_file_path: resolve('examples/data/synthetic_fx_1h_2023.csv') },
    });
    asAdmin = { headers: { 'X-API-KEY': ADMIN_KEY } };
  }, 60_000);
  afterAll(() => app?.close());

  const desk = (username: string, more: object = {}) => ({
    username,
    email: `${username}@example.com`,
    password: 'quite-a-password-1',
    role: 'client',
    ...more,
  });
  const warning = (name: string, help: string, field = name) => ({
    code: 'ignored_field',
    field,
    message: `"${name}" is not known here and was ignored; ${help}`,
  });

  it('is said at the top of the answer, with the nearest name', async () => {
    const { status, text, body } = await app.post(
      '/api/v1/admin/users',
      desk('desk1', { billing_adress: {} }),
      asAdmin,
    );
    expect(status).toBe(201);
    expect(text.startsWith('{"warnings":')).toBe(true);
    expect(body).toMatchObject({ warnings: [warning('billing_adress', 'did you mean billing_address?')] });
    const known = await app.post('/api/v1/admin/users', desk('desk2'), asAdmin);
    expect(known.body).not.toHaveProperty('warnings');
  });

  it('is said with all names when none is near, and not of parameters that may be anything', async () => {
    const legacy = await app.post('/predict', {
      instrument: 'EURUSD',
      interval: '7h',
      parameters: { anything: 'x' },
    });
    expect(legacy.body).toMatchObject({
      warnings: [warning('interval', 'what is known: instrument, timeframe, prediction_id, parameters')],
    });
  });

  it('is said by a header of lists', async () => {
    const list = await app.get('/api/v1/admin/users?is_activ=true', asAdmin);
    expect(Array.isArray(list.body)).toBe(true);
    expect(JSON.parse(list.headers.get('x-warnings') ?? '')).toEqual([
      {
        code: 'ignored_parameter',
        field: 'is_activ',
        message: '"is_activ" is not known here and was ignored; did you mean is_active?',
      },
    ]);
  });

  it('keeps secrets and odd names out, and is bounded', async () => {
    const odd = { pp_0123456789abcdef0123456789abcdef: 1, 'a\u20ac\n': 2, ['x'.repeat(500)]: 3 };
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`q${index}`, index]));
    const answer = await app.post('/api/v1/admin/users', desk('desk3', { ...odd, ...many }), asAdmin);
    const { warnings } = answer.body as { warnings: { field: string; message: string }[] };
    expect(warnings).toHaveLength(21);
    expect(warnings[2]?.field).toBe('x'.repeat(64));
    expect(warnings[20]).toMatchObject({ message: '483 more were ignored, this one first' });
    expect((await app.get('/api/v1/admin/users?%E2%82%AC=1', asAdmin)).headers.get('x-warnings')).toContain(
      '\\u20ac',
    );
  });

  it('is said again by a repeated request with the same key', async () => {
    const headers = { 'Idempotency-Key': 'again' };
    const send = () => app.post('/api/v1/predictions/', { symbol: 'EURUSD', intervall: '1h' }, { headers });
    const [first, second] = [await send(), await send()];
    expect(second.text).toBe(first.text);
    expect([first.status, first.body]).toEqual([
      201,
      expect.objectContaining({ warnings: [warning('intervall', 'did you mean interval?')] }),
    ]);
  });

  it('stands beside the field that is missing, whose message stays as it was', async () => {
    const { status, body } = await app.post('/api/v1/predictions', { symbl: 'EURUSD' });
    expect([status, body]).toMatchObject([
      422,
      {
        detail: [{ msg: 'Value error, Either symbol or ticker must be provided' }],
        warnings: [warning('symbl', 'did you mean symbol?')],
      },
    ]);
    const order = await app.post('/api/v1/admin/users', { usernam: 'desk9' }, asAdmin);
    expect(order.body).toMatchObject({ warnings: [warning('usernam', 'did you mean username?')] });
    const clean = await app.post('/api/v1/predictions', {});
    expect(clean.body).not.toHaveProperty('warnings');
  });

  it('is said of rows once a name, with the first row and how many there were', async () => {
    const row = { symbol: 'EURUSD', interval: '1h', column: 'CLOSE', time: '2019-01-16T00:00:00Z', value: 1 };
    const { status, body } = await app.post(
      '/api/v1/outcomes',
      [row, { ...row, colum: 'CLOSE' }, { ...row, colum: 'OPEN', note: 1 }],
      asAdmin,
    );
    expect(status).toBe(200);
    expect(body).toMatchObject({
      warnings: [
        warning('colum', 'did you mean column? (2 rows have it, this one first)', '1.colum'),
        warning('note', 'what is known: symbol, interval, column, time, value', '2.note'),
      ].map((one) => ({ ...one, message: expect.stringContaining(one.message.slice(0, 40)) as unknown })),
    });
  });

  it('is said by a header of a stream of events, and of a route that reads no query', async () => {
    const made = await app.post('/api/v1/predictions', { symbol: 'EURUSD' });
    const { id } = made.body as { id: number };
    const stream = await app.get(`/api/v1/predictions/${id}/events?since=3`);
    expect(stream.headers.get('content-type')).toContain('text/event-stream');
    const ignored = [
      {
        code: 'ignored_parameter',
        field: 'since',
        message: '"since" is not known here and was ignored; no parameter is known',
      },
    ];
    expect(JSON.parse(stream.headers.get('x-warnings') ?? '')).toEqual(ignored);
    expect((await app.get(`/api/v1/predictions/${id}?since=3`)).body).toMatchObject({ warnings: ignored });
    expect((await app.get(`/api/v1/predictions/${id}/events`)).headers.has('x-warnings')).toBe(false);
  });

  it('tells bars that are put together and horizons that are cut', async () => {
    const asked = { symbol: 'EURUSD', interval: '4h' };
    const aggregated = await app.post('/api/v1/predictions', asked);
    expect(aggregated.body).toMatchObject({
      warnings: [
        {
          code: 'interval_aggregated',
          field: 'interval',
          message: 'the data has bars of 1h; bars of 4h are put together from them',
        },
      ],
    });
    const own = await app.post('/api/v1/predictions', { ...asked, interval: '1h' });
    expect([own.status, own.body]).toEqual([
      201,
      expect.not.objectContaining({ warnings: expect.anything() }),
    ]);
  });
});
