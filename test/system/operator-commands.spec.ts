import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { nameOfSecret } from '#libs/kernel';
import { Webhook } from 'standardwebhooks';
import { startTestApp, type TestApp } from '../harness/app.js';
import { DATABASE_KINDS, type DatabaseKind, TestDatabase } from '../harness/databases.js';
import { BuiltCommand, type Ended } from './built-command.js';

/** As the harness starts applications. */
const SECRET = 'a-secret-of-the-tests-that-nobody-keeps';

const urlOf = ({ location }: Pick<TestDatabase, 'location'>): string =>
  location.kind === 'sqlite' ? `sqlite:///${location.path}` : location.url;

describe.each(DATABASE_KINDS)('commands beside a running service [%s]:', (kind: DatabaseKind) => {
  let folder: string;
  let command: BuiltCommand;
  let app: TestApp;
  const keys = new Map<string, string>();
  const run = (...args: readonly string[]): Promise<Ended> =>
    command.run(...args, '--database_url', urlOf(app.database));
  const asClient = () => ({ headers: { 'X-API-KEY': keys.get('demo-client') ?? '' } });

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'operator-'));
    command = new BuiltCommand(folder, kind === 'postgres' ? { SECRET_KEY: SECRET } : {});
    app = await startTestApp({
      database: kind,
      config: { data_source: 'file', data_file_path: resolve('examples/data/synthetic_fx_1h_2023.csv') },
    });
    const { location } = app.database;
    if (location.kind === 'sqlite') {
      writeFileSync(`${location.path}.secret`, `${SECRET}\n`);
      chmodSync(`${location.path}.secret`, 0o600);
    }
  }, 180_000);
  afterAll(async () => {
    await command.end();
    await app?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('users create --demo makes the parties of the marketplace, with keys that open what they say', async () => {
    const { status, stdout } = await run('users', 'create', '--demo');
    expect(status).toBe(0);
    for (const [, name = '', key = ''] of stdout.matchAll(/^(demo-\w+) +(pp_\S+)/gm)) keys.set(name, key);
    expect([...keys.keys()]).toEqual(['demo-client', 'demo-evaluator', 'demo-provider']);
    const made = await app.post(
      '/api/v1/predict',
      { symbol: 'SYNTHFX' },
      {
        headers: { ...asClient().headers, Prefer: 'wait=20' },
      },
    );
    expect(made.body).toMatchObject({ status: 'completed' });
    const ordered = await app.post(
      '/api/v1/client/predict',
      {
        symbol: 'SYNTHFX',
        prediction_type: 'short_term',
        datetime_requested: new Date(Date.now() + 1_800_000).toISOString(),
      },
      asClient(),
    );
    expect(ordered.status).toBe(200);
    expect((await run('users', 'create', '--demo')).status).toBe(1);
  });

  it('orders list and show tell orders, and predictions tail what ended', async () => {
    const { stdout } = await run('orders', 'list');
    expect(stdout).toMatch(/^ID +STATUS +SYMBOL .*\n\S{36} +pending +SYNTHFX +short_term .*\n1 of 1\n$/);
    const [id = ''] = /\S{36}/.exec(stdout) ?? [];
    const shown = await run('orders', 'show', id);
    expect(shown.stdout).toMatch(/client +demo-client\n.*SYNTHFX, \d+ bars of 1h.*price +\d+\.\d+ USD/s);
    expect((await run('orders', 'list', '--username', 'nobody')).status).toBe(1);
    const tail = command.launch('predictions', 'tail', '--database_url', urlOf(app.database));
    await tail.wrote(/ completed .*SYNTHFX 1h /);
    expect(await tail.end('SIGTERM')).toBe(0);
  });

  it('webhooks send-test sends a message that the secret of the account verifies', async () => {
    const made = await app.post('/api/v1/client/webhooks/secret', {}, asClient());
    const got: { headers: IncomingHttpHeaders; body: string }[] = [];
    const receiver = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (text: string) => (body += text));
      request.on('end', () => {
        got.push({ headers: request.headers, body });
        response.writeHead(got.length === 1 ? 204 : 500).end();
      });
    }).listen(0, '127.0.0.1');
    await new Promise((done) => receiver.once('listening', done));
    const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
    const send = (...more: readonly string[]) =>
      run('webhooks', 'send-test', url, '--username', 'demo-client', ...more);
    expect(await send()).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('not a public address'),
    });
    const allowed = ['--webhook_allowed_networks', '127.0.0.1'];
    expect(await send(...allowed)).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^Delivered: HTTP 204/),
    });
    const [message] = got;
    const verifier = new Webhook((made.body as { secret: string }).secret);
    expect(verifier.verify(message?.body ?? '', message?.headers as Record<string, string>)).toMatchObject({
      type: 'webhook.test',
    });
    expect(await send(...allowed)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('http_error, HTTP 500'),
    });
    receiver.close();
  });

  it('receipts export, verify, rotate and replay prove what was forecast', async () => {
    const asked = { symbol: 'SYNTHFX', predictor_plugin: 'random_walk_predictor' };
    const { body: forecast } = await app.post('/api/v1/predict', asked, {
      headers: { ...asClient().headers, Prefer: 'wait=20' },
    });
    const made = join(folder, 'receipts');
    expect(await run('receipts', 'export', made)).toMatchObject({ status: 0 });
    expect((await run('receipts', 'export', made)).stderr).toMatch('must be a new folder');
    const [first = '', ...others] = readdirSync(made);
    expect([first, others.at(-1)]).toEqual(['jwks.json', expect.stringMatching(/^receipt-0+\d+\.json$/)]);
    const whole = await command.run('receipts', 'verify', made);
    expect(whole).toMatchObject({ status: 0, stdout: expect.stringContaining('are what was signed') });
    const one = join(made, 'receipt-000000001.json');
    const text = readFileSync(one, 'utf8');
    writeFileSync(one, text.replace('"number":1,', '"number":2,'));
    const changed = await command.run('receipts', 'verify', one);
    expect(changed).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('the signature does not fit'),
    });
    writeFileSync(one, text);
    const data = [
      '--data_source',
      'file',
      '--data_file_path',
      resolve('examples/data/synthetic_fx_1h_2023.csv'),
    ];
    const again = await run('receipts', 'replay', String(forecast.id), ...data);
    expect(again).toMatchObject({ status: 0, stdout: expect.stringContaining('equal bit for bit') });
    const missing = await run('receipts', 'replay', '999999', ...data);
    expect(missing).toMatchObject({ status: 1, stderr: expect.stringContaining('There is no receipt') });
    expect((await run('receipts', 'rotate')).stdout).toMatch('older keys stay published');
    const newest = join(folder, 'keys.json');
    const { body } = await app.get('/.well-known/jwks.json');
    expect(body.keys).toHaveLength(2);
    writeFileSync(newest, JSON.stringify({ keys: body.keys.slice(0, 1) }));
    const unknown = await command.run('receipts', 'verify', one, '--keys', newest);
    expect(unknown.stderr).toMatch('is not among those that were given');
  });

  it('backup copies the database in use, and restore brings it back whole', async () => {
    expect(await run('backup', 'copy')).toMatchObject({ status: 0 });
    expect(await run('backup', 'copy')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('not empty'),
    });
    const copy = join(folder, 'copy');
    const file = join(copy, kind === 'sqlite' ? 'database.sqlite' : 'rows.gz');
    for (const name of readdirSync(copy)) expect(statSync(join(copy, name)).mode & 0o777).toBe(0o600);
    expect(readdirSync(copy).includes('secret')).toBe(kind === 'sqlite');

    const empty = kind === 'postgres' ? await TestDatabase.open('postgres') : null;
    const target = empty === null ? `sqlite:///${join(folder, 'restored.db')}` : urlOf(empty);
    const there = (...args: readonly string[]) => command.run(...args, '--database_url', target);
    const restored = await there('restore', 'copy');
    expect([restored.status, restored.stdout.split('\n').length]).toEqual([0, 2]);
    for (const check of ['audit verify', 'billing verify'])
      expect([check, (await there(...check.split(' '))).status]).toEqual([check, 0]);
    expect((await there('orders', 'list')).stdout).toContain('1 of 1');
    expect((await there('users', 'create', 'later', '--email', 'later@example.com')).status).toBe(0);
    expect(await there('restore', 'copy')).toMatchObject({ status: expect.any(Number), stdout: '' });

    const bytes = readFileSync(file);
    writeFileSync(
      file,
      kind === 'sqlite' ? bytes.subarray(0, -1) : gzipSync(gunzipSync(bytes).subarray(0, -9)),
    );
    expect(await there('restore', 'copy')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('not whole'),
    });
    await empty?.close();
  }, 180_000);

  it('secrets rotate brings all under a new key, refuses one that reads nothing, and forget lets it in', async () => {
    const [next, lost] = ['next-X5b1pQ8wZ0kTn2Yc7LrVhM4sJdGfE9aU', 'lost-X5b1pQ8wZ0kTn2Yc7LrVhM4sJdGfE9aU'];
    const flags = ['--secret_key', next, '--previous_secret_keys', SECRET];
    expect(await run('secrets', 'rotate', ...flags.slice(0, 2))).toMatchObject({
      status: 2,
      stderr: expect.stringContaining(nameOfSecret(SECRET)),
    });
    const rotated = await run('secrets', 'rotate', ...flags);
    expect(rotated).toMatchObject({ status: 0, stderr: expect.stringContaining('database') });
    expect(rotated.stdout).toMatch(/^webhook_secrets.secret: 1 encrypted anew, 0 unreadable$/m);
    expect((await run('secrets', 'rotate', ...flags)).stdout).toMatch(/^webhook_secrets.secret: 0 /m);
    expect(await run('secrets', 'rotate', '--secret_key', lost)).toMatchObject({ status: 2 });
    expect(await run('secrets', 'forget', '--secret_key', lost)).toMatchObject({
      status: 0,
      stdout: expect.stringContaining(nameOfSecret(next)),
    });
    const after = await run('secrets', 'rotate', '--secret_key', lost);
    expect(after).toMatchObject({ status: 1 });
    expect(after.stdout).toMatch(/^webhook_secrets.secret: 0 encrypted anew, 1 unreadable$/m);
  }, 180_000);

  it('a restored database has every row as it was', async () => {
    if (kind === 'sqlite') return; // its copy is the file
    await app.server.stop();
    const linesOf = (name: string) =>
      gunzipSync(readFileSync(join(folder, name, 'rows.gz')))
        .toString()
        .split('\n')
        .toSorted();
    await run('backup', 'first');
    const target = await TestDatabase.open('postgres');
    expect((await command.run('restore', 'first', '--database_url', urlOf(target))).status).toBe(0);
    expect((await command.run('backup', 'second', '--database_url', urlOf(target))).status).toBe(0);
    expect(linesOf('second')).toEqual(linesOf('first'));
    expect(linesOf('first').length).toBeGreaterThan(20);
    await target.close();
  }, 180_000);
});
