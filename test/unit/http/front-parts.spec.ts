import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { UseInterceptors } from '@nestjs/common';
import { INTERCEPTORS_METADATA } from '@nestjs/common/internal';
import { Idempotent, IdempotencyInterceptor, problemOf, RouteTable } from '#libs/http';
import { AppError, invalid, valueFault } from '#libs/kernel';
import { Exchange, normalizeRequest, addressReader } from '../../../src/app/http/exchange.js';

function request(url: string, headers: Record<string, string> = {}, peer = '10.0.0.1'): IncomingMessage {
  const socket = new Socket();
  Object.defineProperty(socket, 'remoteAddress', { value: peer });
  const message = new IncomingMessage(socket);
  return Object.assign(message, { url, headers, method: 'GET' });
}

describe('the address of a caller', () => {
  const forwarded = (chain: string, peer?: string) => request('/', { 'x-forwarded-for': chain }, peer);

  it('is the peer when no proxy is trusted, whatever it claims', () => {
    expect(addressReader([])(forwarded('1.2.3.4'))).toBe('10.0.0.1');
    expect(addressReader(['192.0.2.0/24'])(forwarded('1.2.3.4'))).toBe('10.0.0.1');
  });

  it('is the last one that no trusted proxy has', () => {
    const read = addressReader(['10.0.0.0/8', '2001:db8::/32']);
    expect(read(forwarded('6.6.6.6, 1.2.3.4, 10.1.1.1'))).toBe('1.2.3.4');
    expect(read(forwarded('1.2.3.4', '::ffff:10.0.0.9'))).toBe('1.2.3.4');
    expect(read(forwarded('1.2.3.4', '2001:db8::1'))).toBe('1.2.3.4');
    expect(read(forwarded('<script>'))).toBe('10.0.0.1');
    expect(read(forwarded('10.1.1.1'))).toBe('10.1.1.1');
    expect(read(request('/'))).toBe('10.0.0.1');
  });

  it.each([
    ['203.0.113.9:4711', '203.0.113.9'],
    ['[2001:db8:0::1]:443', '2001:db8::1'],
    ['[2001:DB8::1]', '2001:db8::1'],
    ['2001:0db8:0000:0:0:0:0:0001', '2001:db8::1'],
    ['::ffff:203.0.113.9', '203.0.113.9'],
    ['[::FFFF:CB00:7109]:80', '203.0.113.9'],
    ['fe80::1%eth0', 'fe80::1'],
    [' 203.0.113.9 ', '203.0.113.9'],
  ])('is read from the entry "%s" of a proxy', (entry, address) => {
    expect(addressReader(['10.0.0.1'])(forwarded(`6.6.6.6, ${entry}`))).toBe(address);
  });

  it.each([
    'unknown',
    '',
    ' ',
    '_hidden',
    '203.0.113.9:99999',
    '203.0.113',
    '2001:db8::1:443x',
    '[203.0.113.9]',
  ])('is the peer, not what stands before it, when its proxy wrote "%s"', (entry) => {
    expect(addressReader(['10.0.0.1'])(forwarded(`6.6.6.6, ${entry}`))).toBe('10.0.0.1');
    expect(addressReader(['10.0.0.0/24'])(forwarded(`6.6.6.6, ${entry}, 10.0.0.2:80`))).toBe('10.0.0.2');
  });

  it('is told to limits as the /64 of an IPv6 address, to logs as it is', () => {
    const exchange = (address: string) =>
      new Exchange(request('/'), normalizeRequest(request('/')), address, 0, 0);
    expect(exchange('2001:db8:1:2:3::4')).toMatchObject({
      clientAddress: '2001:db8:1:2:3::4',
      callerNetwork: '2001:db8:1:2::/64',
    });
    expect(exchange('::1').callerNetwork).toBe('0:0:0:0::/64');
    expect(exchange('192.0.2.7').callerNetwork).toBe('192.0.2.7');
    expect(exchange('unknown').callerNetwork).toBe('unknown');
  });

  it('ignores the header Forwarded', () => {
    expect(addressReader(['10.0.0.1'])(request('/', { forwarded: 'for=1.2.3.4' }))).toBe('10.0.0.1');
  });
});

describe('a request for', () => {
  const isAudited = (url: string): boolean => {
    const message = request(url);
    return new Exchange(message, normalizeRequest(message), '', 0, 0).isAudited;
  };

  it.each([
    '/api/v1/predict',
    '/api/x?y',
    '/%61pi/v1/predict',
    'http://host/api/v1',
    '/predict',
    '/predict/',
    '/status/7',
  ])('%s is audited', (url) => expect(isAudited(url)).toBe(true));
  it.each(['/', '/health', '/metrics', '/docs', '/apix', '/predictions'])('%s is not audited', (url) =>
    expect(isAudited(url)).toBe(false),
  );
});

describe('the route table', () => {
  it('knows the methods of a path in both slash forms', () => {
    const table = new RouteTable();
    for (const method of ['GET', 'PUT']) table.add({ method, template: '/a/{id}' });
    table.add({ method: 'POST', template: '/a/b' });
    expect(table.methodsOf('/a/7')).toEqual(['GET', 'HEAD', 'PUT']);
    expect(table.methodsOf('/a/b/')).toEqual(['GET', 'HEAD', 'POST', 'PUT']);
    expect(table.methodsOf('/a/')).toEqual([]);
    expect(table.methodsOf('/a/7/8')).toEqual([]);
  });
});

describe('problem details', () => {
  const where = { instance: '/x', requestId: 'r' };

  it('carry the code in their type and the violations in their detail', () => {
    const lost = new AppError('conflict', 'The lease was lost', { code: 'lease_lost' });
    expect(problemOf(lost, where)).toMatchObject({
      type: 'urn:prediction-provider:problem:lease-lost',
      status: 409,
      detail: 'The lease was lost',
    });
    expect(problemOf(new AppError('invalid', 'no'), where).detail).toEqual([
      { type: 'value_error', loc: ['body'], msg: 'Value error, no', ctx: { error: {} } },
    ]);
  });

  it('show the text that was sent, not what was made of it', () => {
    const made = invalid(
      valueFault(['body', 'when'], 'must be in the future', '2020-01-01T00:00:00.000Z'),
      valueFault(['body', 'list', 1], 'must be small', 2),
      valueFault(['body', 'absent'], 'must be there', 'a default'),
      valueFault(['query', 'when'], 'must be later', 'as it is'),
      valueFault(['body', 'password'], 'must be longer', 'hidden'),
    );
    const body = { when: '2020-01-01', list: [1, '2'], password: 'short' };
    const inputs = (sent?: unknown) =>
      (problemOf(made, where, 'problem', sent).detail as readonly { input?: unknown }[]).map(
        ({ input }) => input,
      );
    expect(inputs(body)).toEqual(['2020-01-01', '2', 'a default', 'as it is', undefined]);
    expect(inputs()).toEqual(['2020-01-01T00:00:00.000Z', 2, 'a default', 'as it is', undefined]);
  });

  it('do not echo a large input', () => {
    const error = invalid({
      type: 'missing',
      loc: ['body', 'a'],
      msg: 'Field required',
      input: 'x'.repeat(70_000),
    });
    expect(problemOf(error, where).detail).toEqual([
      { type: 'missing', loc: ['body', 'a'], msg: 'Field required' },
    ]);
  });
});

describe('an idempotent route', () => {
  it('keeps the other interceptors inside, wherever their decorators stand', () => {
    class Inner {
      intercept = (_: unknown, next: { handle(): never }) => next.handle();
    }
    class Routes {
      @Idempotent()
      @UseInterceptors(Inner)
      above() {}
      @UseInterceptors(Inner)
      @Idempotent()
      below() {}
    }
    for (const handler of [Routes.prototype.above, Routes.prototype.below]) {
      expect(Reflect.getMetadata(INTERCEPTORS_METADATA, handler)).toEqual([IdempotencyInterceptor, Inner]);
    }
  });
});
