import { FakeClock } from '#libs/testing';
import { describe, expect, it } from '@jest/globals';
import { describeOnServers, type PredictionServer } from './prediction-server.js';

interface ServerEvent {
  readonly id?: string;
  readonly event?: string;
  readonly data?: Record<string, unknown>;
  readonly comment?: string;
}

/** Reads a stream of server-sent events one by one. */
class EventReader {
  #text = '';
  #chunks: AsyncIterator<Uint8Array> | null = null;
  readonly #decoder = new TextDecoder();

  constructor(readonly response: Response) {}

  /** The next event; null when the server has ended the stream. */
  async next(): Promise<ServerEvent | null> {
    for (;;) {
      const end = this.#text.indexOf('\n\n');
      if (end >= 0) {
        const block = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 2);
        if (block.trim() !== '') return parse(block);
        continue;
      }
      this.#chunks ??= (this.response.body as unknown as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
      const { done, value } = await this.#chunks.next();
      if (done) return null;
      this.#text += this.#decoder.decode(value, { stream: true });
    }
  }

  async rest(): Promise<ServerEvent[]> {
    const events: ServerEvent[] = [];
    for (let event = await this.next(); event !== null; event = await this.next()) events.push(event);
    return events;
  }
}

function parse(block: string): ServerEvent {
  const event: Record<string, unknown> = {};
  for (const line of block.trim().split('\n')) {
    const [, name = '', value = ''] = /^([a-z]*): ?(.*)$/.exec(line) ?? [];
    event[name === '' ? 'comment' : name] = name === 'data' ? JSON.parse(value) : value;
  }
  return event;
}

async function follow(
  server: PredictionServer,
  id: number,
  options: { apiKey?: string; lastEventId?: string; signal?: AbortSignal } = {},
): Promise<EventReader> {
  const { apiKey, lastEventId, signal } = options;
  return new EventReader(
    await server.app.fetch('GET', `/api/v1/predictions/${id}/events`, {
      ...(apiKey !== undefined && { apiKey }),
      ...(signal !== undefined && { signal }),
      headers: {
        Accept: 'text/event-stream',
        ...(lastEventId !== undefined && { 'Last-Event-ID': lastEventId }),
      },
    }),
  );
}

describeOnServers('following a prediction over HTTP', (server) => {
  it('tells every step in order with durable ids and ends after the last', async () => {
    server().hold();
    const { id } = (await server().submit()).body;
    const reader = await follow(server(), id as number);
    expect(reader.response.status).toBe(200);
    expect(reader.response.headers.get('content-type')).toMatch(/^text\/event-stream/);
    const seen = [await reader.next(), await reader.next()];
    server().proceed();
    const events = [...seen, ...(await reader.rest())];
    expect(events.map((event) => event?.event)).toEqual(['pending', 'processing', 'completed']);
    const ids = events.map((event) => Number(event?.id));
    expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
    expect(events[2]?.data).toMatchObject({
      prediction_id: id,
      status: 'completed',
      prediction: await server().row(id as number),
    });
  });

  it('goes on after a cut where the client stopped reading', async () => {
    server().hold();
    const { id } = (await server().submit()).body;
    const cut = new AbortController();
    const first = await follow(server(), id as number, { signal: cut.signal });
    const seen = await first.next();
    cut.abort();
    server().proceed();
    await server().until(id as number, 'completed');
    const second = await follow(server(), id as number, { lastEventId: seen?.id ?? '' });
    const resumed = await second.rest();
    expect([seen, ...resumed].map((event) => event?.event)).toEqual(['pending', 'processing', 'completed']);
    const all = await (await follow(server(), id as number)).rest();
    expect([seen, ...resumed]).toEqual(all);
    const none = await (await follow(server(), id as number, { lastEventId: all[2]?.id ?? '' })).rest();
    expect(none).toEqual([]);
  });

  it('tells why a prediction failed', async () => {
    const { id } = (await server().submit({ body: { target_column: 'NOPE' } })).body;
    const events = await (await follow(server(), id as number)).rest();
    const last = events.at(-1);
    expect(last).toMatchObject({
      event: 'failed',
      data: { status: 'failed', prediction: { result: { error_code: expect.any(String) } } },
    });
    expect(JSON.stringify(last)).not.toMatch(/\/home\/|\/work\/|\/tmp\/|node_modules|\bat .*:\d+/);
  });

  describe('before the stream', () => {
    it.each([
      ['an unknown prediction', 'client1_key', 404],
      ['another’s prediction', 'client2_key', 403],
      ['another’s prediction without a key', undefined, 403],
      ['a bad key', 'bad_key', 403],
    ])('refuses %s with a problem', async (what, apiKey, expected) => {
      const { id } = (await server().submit({ apiKey: 'client1_key' })).body;
      const asked = what === 'an unknown prediction' ? 2_147_483_647 : (id as number);
      const { response } = await follow(server(), asked, apiKey === undefined ? {} : { apiKey });
      expect(response.status).toBe(expected);
      expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
      expect(await response.json()).toMatchObject({ status: expected, detail: expect.any(String) });
    });

    it('refuses an id that is no number', async () => {
      const { response } = await follow(server(), 'x' as unknown as number);
      expect(response.status).toBe(422);
      await response.text();
    });
  });
});

const clock = new FakeClock();

/** Turns the clock until the promise is kept, half a second of it for each answer of the server. */
async function turnedUntil<T>(server: PredictionServer, promise: Promise<T>): Promise<T> {
  const state = { settled: false };
  const kept = promise.finally(() => (state.settled = true));
  while (!state.settled) {
    await clock.advance(500);
    await server.app.get('/health');
  }
  return kept;
}

describeOnServers(
  'following and waiting while nothing happens',
  (server) => {
    it('sends a comment so that nobody on the way cuts the connection', async () => {
      server().hold();
      const { id } = (await server().submit()).body;
      const reader = await follow(server(), id as number);
      await reader.next();
      await reader.next();
      expect(await turnedUntil(server(), reader.next())).toEqual({ comment: 'still waiting' });
      server().proceed();
      expect((await reader.rest()).at(-1)).toMatchObject({ event: 'completed' });
    });

    it('answers with the prediction as it stands when the time that was asked for is over', async () => {
      server().hold();
      const submitted = server().submit({ headers: { Prefer: 'wait=10' } });
      const answer = await turnedUntil(server(), submitted);
      expect(answer.status).toBe(201);
      expect(answer.body.status).toBe('processing');
      server().proceed();
      await server().until(answer.body.id as number, 'completed');
    });
  },
  { clock },
);
