import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { CHILD_FLAGS } from '#libs/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DeliveryAttempt } from '../../../src/webhooks/webhook.types.js';

/** Only openssl makes certificates; where it is missing nothing can be shown. */
const describeWithOpenssl = spawnSync('openssl', ['version']).status === 0 ? describe : describe.skip;

describeWithOpenssl('a call over https', () => {
  const folder = mkdtempSync(join(tmpdir(), 'webhook-tls-'));
  const [keyPath, certificatePath] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  const messages: { readonly body: string; readonly serverName: unknown; readonly host: unknown }[] = [];
  let server: Server;
  beforeAll(async () => {
    execFileSync(
      'openssl',
      ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
        .concat(['-subj', '/CN=receiver', '-addext', 'subjectAltName=DNS:receiver.example'])
        .concat(['-keyout', keyPath, '-out', certificatePath]),
      { stdio: 'ignore' },
    );
    const options = { key: readFileSync(keyPath), cert: readFileSync(certificatePath) };
    server = createServer(options, (request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (text: string) => (body += text));
      request.on('end', () => {
        const { servername } = request.socket as TLSSocket & { readonly servername?: unknown };
        messages.push({ body, serverName: servername, host: request.headers.host });
        response.writeHead(204).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(async () => {
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true, force: true });
  });
  const port = (): number => (server.address() as AddressInfo).port;
  /** From a process of its own: which authorities it trusts is settled when it starts. */
  const call = async (
    host: string,
    environment: Readonly<Record<string, string>>,
  ): Promise<DeliveryAttempt> => {
    const script = ['test/integration/webhooks/send-once.ts', `https://${host}:${port()}/hooks`];
    const env = { PATH: process.env['PATH'], ...environment };
    const { stdout } = await promisify(execFile)(process.execPath, [...CHILD_FLAGS, ...script], { env });
    return JSON.parse(stdout) as DeliveryAttempt;
  };

  it('reaches the receiver that its certificate names, at the address that was checked', async () => {
    const attempt = await call('receiver.example', { NODE_EXTRA_CA_CERTS: certificatePath });
    expect(attempt).toMatchObject({ error: null, responseStatus: 204 });
    expect(messages.splice(0)).toEqual([
      {
        body: '{"type":"prediction.completed"}',
        serverName: 'receiver.example',
        host: `receiver.example:${port()}`,
      },
    ]);
  }, 60_000);

  it.each([
    ['by nobody that is trusted', 'receiver.example', {}],
    ['by nobody, whatever the environment wants', 'receiver.example', { NODE_TLS_REJECT_UNAUTHORIZED: '0' }],
    ['for somebody else', 'other.example', 'the authority'],
  ] as const)(
    'says nothing to a receiver whose certificate was made %s',
    async (_, host, trusted) => {
      const environment = trusted === 'the authority' ? { NODE_EXTRA_CA_CERTS: certificatePath } : trusted;
      const attempt = await call(host, environment);
      expect(attempt).toMatchObject({ error: 'tls_failed', responseStatus: null });
      expect(messages).toEqual([]);
    },
    60_000,
  );
});
