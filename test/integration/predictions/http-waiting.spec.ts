import { eventually, type HttpAnswer } from '#libs/testing';
import { describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { describeOnServers } from './prediction-server.js';

const DOORS = [
  '/api/v1/predict',
  '/api/v1/predictions/',
  '/api/v1/secure/predictions/',
  '/api/v1/auth/predictions',
];

describeOnServers('submitting once and waiting for the answer', (server) => {
  describe('Prefer: wait', () => {
    it.each(DOORS)('holds the answer of %s until the prediction has ended', async (path) => {
      const { status, body, headers } = await server().submit({
        path,
        apiKey: 'test_key',
        headers: { Prefer: 'wait=10' },
      });
      expect(status).toBe(201);
      expect(headers.get('preference-applied')).toBe('wait=10');
      expect(body).toMatchObject({
        status: 'completed',
        result: {
          prediction: expect.any(Array),
          uncertainty: expect.any(Array),
          output: { predictions: body.result.prediction },
          explanation: { source: { source: 'file' }, attempt: 1 },
        },
      });
      expect(body).toEqual(await server().row(body.id as number));
    });

    it('waits no longer than the server allows', async () => {
      const { headers } = await server().submit({ headers: { Prefer: 'respond-async, wait=99999' } });
      expect(headers.get('preference-applied')).toBe('wait=30');
    });

    it('is not applied when it asks for nothing', async () => {
      for (const Prefer of ['wait=0', 'return=minimal']) {
        const { status, body, headers } = await server().submit({ headers: { Prefer } });
        expect([status, body.status, headers.get('preference-applied')]).toEqual([201, 'pending', null]);
      }
    });

    it('keeps the prediction of a client that hung up while it waited', async () => {
      server().hold();
      const gone = new AbortController();
      const waiting = server().submit({
        body: { symbol: 'HANGUP' },
        headers: { Prefer: 'wait=10' },
        signal: gone.signal,
      });
      await eventually('it is stored', async () => (await server().countOf('HANGUP')) === 1);
      gone.abort();
      await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
      server().proceed();
      const { body } = await server().app.get('/api/v1/predictions/');
      const { id } = (body as { id: number; symbol: string }[]).find(({ symbol }) => symbol === 'HANGUP') ?? {
        id: 0,
      };
      await server().until(id, 'completed');
    });
  });

  describe('Idempotency-Key', () => {
    const submit = (key: string, symbol: string, headers: Record<string, string> = {}, path?: string) =>
      server().submit({
        apiKey: 'client_key',
        body: { symbol },
        headers: { 'Idempotency-Key': key, ...headers },
        ...(path !== undefined && { path }),
      });
    const isReplay = ({ headers }: HttpAnswer) => headers.get('idempotency-replayed') === 'true';

    it.each(DOORS)(
      'makes a repeat at %s answer byte for byte as the first, even after the prediction has ended',
      async (path) => {
        const [key, symbol] = [randomUUID(), `R${DOORS.indexOf(path)}`];
        const first = await submit(key, symbol, {}, path);
        expect(first.status).toBe(201);
        expect(isReplay(first)).toBe(false);
        await server().until(first.body.id as number, 'completed');
        const second = await submit(key, symbol, {}, path);
        expect(isReplay(second)).toBe(true);
        expect([second.status, second.text]).toEqual([201, first.text]);
        expect(await server().countOf(symbol)).toBe(1);
      },
    );

    it('answers 409 while the first still waits, and afterwards what the first got', async () => {
      server().hold();
      const key = randomUUID();
      const first = submit(key, 'WAITED', { Prefer: 'wait=20' });
      await eventually('the first is stored', async () => (await server().countOf('WAITED')) === 1);
      const meanwhile = await submit(key, 'WAITED', { Prefer: 'wait=20' });
      expect([meanwhile.status, meanwhile.headers.get('retry-after')]).toEqual([409, '1']);
      server().proceed();
      const answer = await first;
      expect(answer.body.status).toBe('completed');
      const later = await submit(key, 'WAITED', { Prefer: 'wait=20' });
      expect([later.status, later.text, isReplay(later)]).toEqual([201, answer.text, true]);
      expect(await server().countOf('WAITED')).toBe(1);
    });

    it('happens once however many repeats come at the same moment', async () => {
      const key = randomUUID();
      const answers = await Promise.all(Array.from({ length: 12 }, () => submit(key, 'ONCE')));
      const taken = answers.filter(({ status }) => status === 201);
      expect(answers.filter(({ status }) => status !== 201 && status !== 409)).toEqual([]);
      expect(new Set(taken.map(({ text }) => text)).size).toBe(1);
      expect(taken.filter((answer) => !isReplay(answer))).toHaveLength(1);
      expect(await server().countOf('ONCE')).toBe(1);
    });

    it('refuses a repeat that asks for something else', async () => {
      const key = randomUUID();
      expect((await submit(key, 'FIRST')).status).toBe(201);
      const other = await submit(key, 'SECOND');
      expect(other.status).toBe(422);
      expect(other.body.detail).toEqual([expect.objectContaining({ type: 'idempotency_key_reused' })]);
      const elsewhere = await submit(key, 'FIRST', {}, '/api/v1/predict');
      expect(elsewhere.status).toBe(422);
      expect(await server().countOf('SECOND')).toBe(0);
    });

    it('belongs to its caller', async () => {
      const key = randomUUID();
      const mine = await submit(key, 'MINE');
      const theirs = await server().submit({
        apiKey: 'client1_key',
        body: { symbol: 'MINE' },
        headers: { 'Idempotency-Key': key },
      });
      expect([theirs.status, isReplay(theirs)]).toEqual([201, false]);
      expect(theirs.body.id).not.toBe(mine.body.id);
    });

    it('is given back when the submit fails', async () => {
      const key = randomUUID();
      const headers = { 'Idempotency-Key': key };
      expect((await server().submit({ headers, body: { predictor_plugin: 'nope' } })).status).toBe(422);
      const { status, body } = await server().submit({ headers, body: { symbol: 'AGAIN' } });
      expect([status, body.symbol]).toEqual([201, 'AGAIN']);
    });

    it('works for the legacy endpoint', async () => {
      const ask = () =>
        server().app.request('POST', '/predict', {
          body: { instrument: 'LEGACY', prediction_id: `task-${server().app.url.length}` },
          headers: { 'Idempotency-Key': 'legacy-1' },
        });
      const first = await ask();
      const second = await ask();
      expect([first.status, second.status, second.text]).toEqual([200, 200, first.text]);
    });

    it('must be printable', async () => {
      expect((await submit('x'.repeat(256), 'BAD')).status).toBe(400);
      expect((await submit('', 'BAD')).status).toBe(400);
    });
  });
});
