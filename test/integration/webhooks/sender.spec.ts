import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { eventually, FakeClock } from '#libs/testing';
import { afterEach, describe, expect, it } from '@jest/globals';
import { AppError } from '#libs/kernel';
import { MAX_ADDRESSES, SEND_LIMIT_MS } from '../../../src/webhooks/webhook-sender.js';
import { type Answering, Receiver, status } from './receiver.js';
import { goOn, messageTo, ScriptedResolver, senderTo } from './sending.js';

const LOOPBACK = ['127.0.0.0/8'];

describe('a call', () => {
  const clock = new FakeClock();
  const closers: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    await Promise.all(closers.splice(0).map((close) => close()));
    expect(clock.pending).toBe(0);
  });
  const receiver = async (answer?: Answering): Promise<Receiver> => {
    const made = await Receiver.listen('127.0.0.1', answer);
    closers.push(() => made.close());
    return made;
  };
  const call = (url: string) => senderTo(LOOPBACK, clock).send(messageTo(url), goOn());

  it('brings the message as it is', async () => {
    const there = await receiver();
    expect(await call(there.url())).toEqual({
      startedAt: new Date(clock.now()),
      durationMs: 0,
      responseStatus: 204,
      error: null,
      retryAfterMs: null,
    });
    expect(there.messages).toEqual([
      {
        method: 'POST',
        path: '/hooks?desk=1',
        body: '{"type":"prediction.completed"}',
        headers: expect.objectContaining({
          host: `127.0.0.1:${there.port}`,
          'content-type': 'application/json',
          'content-length': '31',
          'webhook-id': 'one',
        }),
      },
    ]);
    await eventually('its connection is gone', () => there.open === 0);
  });

  it.each([
    [200, null],
    [299, null],
    [304, 'redirect'],
    [400, 'http_error'],
    [410, 'gone'],
    [429, 'http_error'],
    [503, 'http_error'],
  ])('takes the status %i for %s', async (code, error) => {
    const there = await receiver(status(code));
    expect(await call(there.url())).toMatchObject({ responseStatus: code, error });
  });

  it.each([
    ['120', 120_000],
    ['Mon, 05 Jan 2026 00:10:00 GMT', 600_000],
    ['Mon, 05 Jan 2004 00:10:00 GMT', null],
    ['soon', null],
    ['-5', null],
  ])('hears what Retry-After asks: %s', async (header, retryAfterMs) => {
    const there = await receiver(status(503, { 'Retry-After': header }));
    expect(await call(there.url())).toMatchObject({ error: 'http_error', retryAfterMs });
  });

  it('ends at the time limit when nobody answers', async () => {
    const there = await receiver(() => undefined);
    const attempt = call(there.url());
    await there.until(1);
    await clock.advance(SEND_LIMIT_MS - 1);
    expect(there.open).toBe(1);
    await clock.advance(1);
    expect(await attempt).toMatchObject({
      error: 'timeout',
      responseStatus: null,
      durationMs: SEND_LIMIT_MS,
    });
    await eventually('its connection is gone', () => there.open === 0);
  });

  it('ends at the time limit when the name servers do not answer', async () => {
    const silent = { addressesOf: () => new Promise<never>(() => undefined) };
    const attempt = senderTo(LOOPBACK, clock, silent).send(messageTo('http://a.example/'), goOn());
    await clock.advance(SEND_LIMIT_MS);
    expect(await attempt).toMatchObject({ error: 'timeout' });
  });

  it('does not wait for a body that never ends: the status was the answer', async () => {
    const there = await receiver((response) => void response.writeHead(200).write('a'));
    const headersAreIn = new Promise((resolve) => {
      const hear = (message: unknown): void => {
        unsubscribe('undici:request:headers', hear);
        resolve(message);
      };
      subscribe('undici:request:headers', hear);
    });
    const attempt = call(there.url());
    await headersAreIn;
    await clock.advance(SEND_LIMIT_MS);
    expect(await attempt).toMatchObject({ error: null, responseStatus: 200, durationMs: SEND_LIMIT_MS });
    await eventually('its connection is gone', () => there.open === 0);
  });

  it.each([true, false])('reads no more than 64 KB of a body (announced: %s)', async (isAnnounced) => {
    const huge = 64 * 1024 * 1024;
    const chunk = Buffer.alloc(16_384);
    let sent = 0;
    const there = await receiver((response) => {
      response.writeHead(200, isAnnounced ? { 'Content-Length': huge } : {});
      const more = (): void => {
        while (sent < huge && !response.destroyed) {
          sent += chunk.length;
          if (!response.write(chunk)) return void response.once('drain', more);
        }
      };
      more();
    });
    expect(await call(there.url())).toMatchObject({ error: null, responseStatus: 200 });
    await eventually('its connection is gone', () => there.open === 0);
    expect(sent).toBeLessThan(huge / 4); // what was on its way, in the buffers of both sides
  });

  it('tells apart what else can go wrong', async () => {
    const closed = await Receiver.listen();
    const nobody = closed.url();
    await closed.close();
    expect(await call(nobody)).toMatchObject({ error: 'connection_failed', responseStatus: null });
    const cut = await receiver((response) => void response.destroy());
    expect(await call(cut.url())).toMatchObject({ error: 'connection_failed' });
    const gibberish = await raw('SSH-2.0-OpenSSH_9.2\r\n');
    expect(await call(gibberish)).toMatchObject({ error: 'malformed_answer' });
    const endless = await raw(`HTTP/1.1 200 OK\r\nX: ${'a'.repeat(100_000)}`);
    expect(await call(endless)).toMatchObject({ error: 'malformed_answer' });
    expect(await call((await receiver()).url().replace('http:', 'https:'))).toMatchObject({
      error: 'tls_failed',
    });
    const broken = new ScriptedResolver(() => {
      throw Object.assign(new Error('queryA ESERVFAIL'), { code: 'ESERVFAIL' });
    });
    const asking = senderTo(LOOPBACK, clock, { addressesOf: async (host) => broken.addressesOf(host) });
    expect(await asking.send(messageTo('http://a.example/'), goOn())).toMatchObject({ error: 'dns_failed' });
    const nowhere = senderTo(LOOPBACK, clock, new ScriptedResolver(() => []));
    expect(await nowhere.send(messageTo('http://a.example/'), goOn())).toMatchObject({
      error: 'address_refused',
    });
  });

  it('is given up, without a result, when the service stops', async () => {
    const there = await receiver(() => undefined);
    const stop = new AbortController();
    const attempt = senderTo(LOOPBACK, clock).send(messageTo(there.url()), stop.signal);
    await there.until(1);
    stop.abort(new AppError('unavailable', 'The server is stopping', { code: 'stopping' }));
    await expect(attempt).rejects.toMatchObject({ code: 'stopping' });
    await eventually('its connection is gone', () => there.open === 0);
  });

  it('tries every address of a name', async () => {
    const there = await receiver();
    const resolver = new ScriptedResolver(() => ['127.0.0.77', '127.0.0.1']); // nobody listens on the first
    const sender = senderTo(LOOPBACK, clock, resolver);
    const attempt = await sender.send(messageTo(`http://two.example:${there.port}/`), goOn());
    expect(attempt).toMatchObject({ error: null, responseStatus: 204 });
  });

  it('tries no more than eight addresses of a name', async () => {
    const there = await receiver();
    const nobody = Array.from({ length: MAX_ADDRESSES }, (_, index) => `127.0.0.${index + 70}`);
    const resolver = new ScriptedResolver(() => [...nobody, '127.0.0.1']);
    const sender = senderTo(LOOPBACK, clock, resolver);
    const attempt = await sender.send(messageTo(`http://many.example:${there.port}/`), goOn());
    expect([attempt.error, there.connections]).toEqual(['connection_failed', 0]);
  });

  /** A server that says the same to everybody, whatever it is asked; returns its URL. */
  async function raw(answer: string): Promise<string> {
    const sockets = new Set<Socket>();
    const server: Server = createServer((socket) => {
      sockets.add(socket.on('error', () => undefined));
      socket.once('data', () => socket.write(answer));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closers.push(() => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(resolve));
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  }
});
