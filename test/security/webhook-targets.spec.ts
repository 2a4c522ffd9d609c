import { FakeClock } from '#libs/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { TargetRules } from '../../src/webhooks/target-rules.service.js';
import { Receiver, status } from '../integration/webhooks/receiver.js';
import {
  goOn,
  messageTo,
  ScriptedResolver,
  senderTo,
  webhookConfig,
} from '../integration/webhooks/sending.js';

/** URLs that lead to this machine or to something that is not public by what is written; PORT is the canary's. */
const WRITTEN = [
  // this machine
  'http://127.0.0.1:PORT/',
  'http://127.0.0.1.:PORT/',
  'http://127.0.0.1..:PORT/',
  'http://127.1:PORT/',
  'http://127.0.1:PORT/',
  'http://127.255.255.254:PORT/',
  'http://2130706433:PORT/',
  'http://0x7f000001:PORT/',
  'http://0x7f.1:PORT/',
  'http://0X7F.0.0.0x1:PORT/',
  'http://017700000001:PORT/',
  'http://0177.0.0.01:PORT/',
  'http://%31%32%37.0.0.1:PORT/',
  'http://①②⑦.⓪.⓪.①:PORT/',
  'http://127。0。0。1:PORT/',
  'http://0:PORT/',
  'http://0.0.0.0:PORT/',
  'http://localhost:PORT/',
  'http://LOCALHOST:PORT/',
  'http://localhost.:PORT/',
  'http://localhost..:PORT/',
  'http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ:PORT/',
  'http://loc%61lhost:PORT/',
  'http://canary.localhost:PORT/',
  'http://canary.localhost.:PORT/',
  'http://[::1]:PORT/',
  'http://[::]:PORT/',
  'http://[0:0:0:0:0:0:0:1]:PORT/',
  'http://[::127.0.0.1]:PORT/',
  'http://[::ffff:127.0.0.1]:PORT/',
  'http://[::ffff:7f00:1]:PORT/',
  'http://[::ffff:0:127.0.0.1]:PORT/',
  'http://[64:ff9b::127.0.0.1]:PORT/',
  'http://[64:ff9b:1::7f00:1]:PORT/',
  'http://[2002:7f00:1::]:PORT/',
  'http://[2001:0:7f00:1::80ff:fffe]:PORT/',
  // its neighbours
  'http://10.0.0.1:PORT/',
  'http://172.16.0.1:PORT/',
  'http://172.31.255.255:PORT/',
  'http://192.168.1.1:PORT/',
  'http://100.64.0.1:PORT/',
  'http://169.254.169.254/latest/meta-data/',
  'http://0xa9fea9fe/latest/meta-data/',
  'http://[::ffff:169.254.169.254]/',
  'http://168.63.129.16/',
  'http://[fe80::1]:PORT/',
  'http://[fec0::1]:PORT/',
  'http://[fd00:ec2::254]/',
  'http://[fc00::1]:PORT/',
  // nobody in particular
  'http://192.0.0.1:PORT/',
  'http://192.0.2.1:PORT/',
  'http://192.88.99.1:PORT/',
  'http://198.18.0.1:PORT/',
  'http://198.51.100.1:PORT/',
  'http://203.0.113.1:PORT/',
  'http://224.0.0.1:PORT/',
  'http://240.0.0.1:PORT/',
  'http://255.255.255.255:PORT/',
  'http://[ff02::1]:PORT/',
  'http://[100::1]:PORT/',
  'http://[2001:db8::1]:PORT/',
  'http://[3fff::1]:PORT/',
  'http://[5f00::1]:PORT/',
  // not what it seems, or not for webhooks at all
  'http://example.com@127.0.0.1:PORT/',
  'http://user:password@example.com/',
  'http://@example.com/',
  'http://127.0.0.1:PORT#@example.com/',
  'http://example.com/#fragment',
  'http://127.0.0.1:PORT\\@example.com/',
  'http:/127.0.0.1:PORT/',
  'http:127.0.0.1:PORT',
  '//127.0.0.1:PORT/',
  'http:///127.0.0.1:PORT/',
  ' http://127.0.0.1:PORT/',
  'http://127.0.0.1:PORT/\r\nX-Injected: 1',
  'http://127.0.\n0.1:PORT/',
  'http://[fe80::1%25lo]:PORT/',
  'http://example.com:22/',
  'http://example.com:25/',
  'http://example.com:0/',
  'https://example.com:80/',
  'http://example.com:99999/',
  'ftp://127.0.0.1:PORT/',
  'file:///etc/passwd',
  'gopher://127.0.0.1:PORT/_POST',
  'javascript:alert(1)',
  'data:text/plain,hello',
  'unix:///var/run/docker.sock',
  'http://',
  '',
  'PORT',
  `http://example.com/${'a'.repeat(2_048)}`,
];

/** Names that lead there by what the name servers say. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  'loopback.example': ['127.0.0.1'],
  'loopback6.example': ['::1'],
  'mapped.example': ['::ffff:127.0.0.1'],
  'compatible.example': ['::127.0.0.1'],
  'translated.example': ['64:ff9b::7f00:1'],
  'any.example': ['0.0.0.0'],
  'private.example': ['10.1.2.3'],
  'metadata.example': ['169.254.169.254'],
  'carrier.example': ['100.100.100.200'],
  'local.example': ['fe80::1'],
  'zone.example': ['fe80::1%lo'],
  'unique.example': ['fd12:3456::1'],
  'mixed.example': ['93.184.216.34', '127.0.0.1'],
  'mixed6.example': ['2606:4700::1111', '::1'],
  'nonsense.example': ['127.1'],
  'empty.example': [''],
  metadata: ['169.254.169.254'],
  'xn--bcher-kva.example': ['127.0.0.1'],
};

describe('a receiver that is not public', () => {
  const clock = new FakeClock();
  let canary: Receiver;
  beforeAll(async () => {
    canary = await Receiver.listen('::'); // every address of this machine
  });
  beforeEach(() => {
    expect(canary.connections).toBe(0);
  });
  afterAll(() => canary.close());
  const withPort = (url: string): string => url.replaceAll('PORT', String(canary.port));
  const names = () => new ScriptedResolver((host) => NAMES[host] ?? []);

  it.each(WRITTEN)('is neither accepted nor called: %j', async (text) => {
    const url = withPort(text);
    const resolver = names();
    const rules = new TargetRules(webhookConfig());
    expect(rules.check(url)).toEqual({ fault: expect.stringMatching(/^must /) });
    const attempt = await senderTo([], clock, resolver).send(messageTo(url), goOn());
    expect(attempt).toMatchObject({ error: 'target_refused', responseStatus: null });
    expect(resolver.asked).toEqual([]);
    expect(canary.connections).toBe(0);
  });

  it.each(Object.keys(NAMES))('is not called by its name: %s', async (host) => {
    const url = withPort(`http://${host}:PORT/`);
    const attempt = await senderTo([], clock, names()).send(messageTo(url), goOn());
    expect(attempt).toMatchObject({ error: 'address_refused', responseStatus: null });
    expect(canary.connections).toBe(0);
  });

  it('is found by its international name too', async () => {
    const resolver = names();
    const url = withPort('http://bücher.example.:PORT/');
    const attempt = await senderTo([], clock, resolver).send(messageTo(url), goOn());
    expect(attempt.error).toBe('address_refused');
    expect(resolver.asked).toEqual(['xn--bcher-kva.example']);
  });

  it('stays closed when other private networks are opened', async () => {
    for (const url of ['http://[::ffff:10.0.0.1]/', 'http://127.0.0.1:PORT/', 'http://[::10.0.0.1]/']) {
      const attempt = await senderTo(['10.0.0.0/8', 'fd00::/8'], clock).send(
        messageTo(withPort(url)),
        goOn(),
      );
      expect([url, attempt.error]).toEqual([url, 'target_refused']);
    }
  });

  it('is not reached through proxies of the environment', async () => {
    const { HTTP_PROXY, http_proxy } = process.env;
    Object.assign(process.env, { HTTP_PROXY: canary.url(), http_proxy: canary.url() });
    try {
      const open = await Receiver.listen('127.0.0.2');
      const attempt = await senderTo(['127.0.0.2'], clock).send(messageTo(open.url('127.0.0.2')), goOn());
      expect([attempt.responseStatus, open.messages.length]).toEqual([204, 1]);
      await open.close();
    } finally {
      delete process.env['HTTP_PROXY'];
      delete process.env['http_proxy'];
      if (HTTP_PROXY !== undefined) Object.assign(process.env, { HTTP_PROXY });
      if (http_proxy !== undefined) Object.assign(process.env, { http_proxy });
    }
  });

  it.each([301, 302, 303, 307, 308])('is not reached by a redirect (%i)', async (code) => {
    const open = await Receiver.listen('127.0.0.2', status(code, { Location: canary.url() }));
    const attempt = await senderTo(['127.0.0.2'], clock).send(messageTo(open.url('127.0.0.2')), goOn());
    expect(attempt).toMatchObject({ error: 'redirect', responseStatus: code });
    expect(canary.connections).toBe(0);
    await open.close();
  });

  it('is not reached by a name that leads elsewhere when it is asked again', async () => {
    const open = await Receiver.listen('127.0.0.2');
    // once the receiver's own address, from then on the canary's
    const resolver = new ScriptedResolver((_, count) => (count === 1 ? ['127.0.0.2'] : ['127.0.0.1']));
    const sender = senderTo(['127.0.0.2'], clock, resolver);
    const url = `http://rebinding.example:${open.port}/`;
    const first = await sender.send(messageTo(url), goOn());
    expect(first).toMatchObject({ error: null, responseStatus: 204 });
    expect([open.messages.length, open.messages[0]?.headers['host']]).toEqual([
      1,
      `rebinding.example:${open.port}`,
    ]);
    expect(resolver.asked).toHaveLength(1);
    const second = await sender.send(messageTo(withPort('http://rebinding.example:PORT/')), goOn());
    expect(second).toMatchObject({ error: 'address_refused', responseStatus: null });
    expect(canary.connections).toBe(0);
    await open.close();
  });
});

it('the server that must not be reached records a call when it is reached', async () => {
  const canary = await Receiver.listen('::');
  const open = ['127.0.0.0/8', '::1'];
  for (const host of ['127.0.0.1', '2130706433', '[::1]', 'localhost', 'loopback.example']) {
    const sender = senderTo(open, new FakeClock(), new ScriptedResolver(() => ['127.0.0.1']));
    const attempt = await sender.send(messageTo(canary.url(host)), goOn());
    expect([host, attempt.responseStatus]).toEqual([host, 204]);
  }
  expect(canary.messages).toHaveLength(5);
  await canary.close();
});

describe('a receiver that is public', () => {
  const inProduction = new TargetRules(
    webhookConfig({
      environment: 'production',
      secret_key: 'q8Zr1vN4xT7bK0mC3dF6gH9jL2pS5wYa',
      webhook_allowed_networks: ['10.1.0.0/16'],
    }),
  );

  it.each([
    'https://desk.example.com/hooks/predictions?desk=1',
    'https://desk.example.com:443/',
    'https://desk.example.com:1024/',
    'https://desk.example.com:65535',
    'HTTPS://DESK.EXAMPLE.COM./',
    'https://bücher.example/',
    'https://8.8.8.8/',
    'https://172.32.0.1/',
    'https://100.128.0.1/',
    'https://[2606:4700:4700::1111]/',
    'https://10.1.2.3/',
  ])('is accepted: %s', (url) => {
    expect(inProduction.check(url)).toEqual({ url: expect.any(URL), host: expect.any(String) });
  });

  it('is accepted over http outside of production only', () => {
    expect(new TargetRules(webhookConfig()).check('http://desk.example.com/')).toHaveProperty('url');
    const development = new TargetRules(webhookConfig({ environment: 'development' }));
    expect(development.check('http://desk.example.com/')).toHaveProperty('url');
    expect(inProduction.check('http://desk.example.com/')).toEqual({
      fault: 'must begin with https:// and a host',
    });
  });
});
