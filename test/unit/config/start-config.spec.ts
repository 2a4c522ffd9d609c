import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { loadConfig, startConfig, type LoadConfigOptions } from '#libs/config';
import { givenValues } from './given-values.js';
import { temporaryFolders } from './temporary-folder.js';

const folderWith = temporaryFolders();

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

interface Answer {
  readonly status?: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A server on the loopback interface that gives one answer and keeps what it was sent. */
async function remote(answer: Answer = {}) {
  const seen: { method: string; authorization: string | undefined; body: string }[] = [];
  const server = createServer((request: IncomingMessage, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', headers } = request;
      seen.push({ method, authorization: headers.authorization, body: Buffer.concat(chunks).toString() });
      response.writeHead(answer.status ?? 200, { connection: 'close', ...answer.headers });
      response.end(answer.body ?? '{}');
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const stop = () => new Promise<void>((resolve) => void server.close(() => resolve()));
  stops.push(stop);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/config`, seen, stop };
}

const start = (options: LoadConfigOptions) => startConfig({ env: {}, cwd: folderWith(), ...options });

describe('a remote document', () => {
  it('is read below the config file, with the credentials', async () => {
    const { url, seen } = await remote({ body: '{"port": 1, "workers": 1, "noise_std": 0.5}' });
    const cwd = folderWith({ 'a.json': '{"port": 2}' });
    const flags = { remote_load_config: url, username: 'ann', password: 'pw', load_config: 'a.json' };
    const config = await start({ cwd, flags });
    expect(config).toMatchObject({ port: 2, workers: 1 });
    expect([config.source('workers'), config.source('port')]).toEqual(['remote', 'file']);
    expect(config.extras).toEqual({ noise_std: 0.5 });
    expect(seen).toEqual([
      { method: 'GET', authorization: `Basic ${Buffer.from('ann:pw').toString('base64')}`, body: '' },
    ]);
  });

  it.each<[string, Answer, RegExp]>([
    ['an error status', { status: 404 }, /remote_load_config: 127\.0\.0\.1:\d+ answered 404/],
    ['no JSON', { body: '<html>' }, /remote_load_config: the answer of 127\.0\.0\.1:\d+ is not JSON/],
    ['a list', { body: '[]' }, /must contain one JSON object/],
    ['too much', { body: `"${'x'.repeat(1_048_576)}"` }, /is longer than 1048576 bytes/],
    [
      'an unknown place to load from',
      { body: '{"load_config": "x"}' },
      /is not allowed in the remote document/,
    ],
    [
      'a faulty value',
      { body: '{"port": "x"}' },
      /port: "x" is not allowed; .* \(from the remote document\)/,
    ],
  ])('with %s stops the start', async (_, answer, fault) => {
    const { url } = await remote(answer);
    await expect(start({ flags: { remote_load_config: url } })).rejects.toThrow(fault);
  });

  it('is not followed to another place', async () => {
    const elsewhere = await remote();
    const { url } = await remote({ status: 302, headers: { location: elsewhere.url } });
    await expect(start({ flags: { remote_load_config: url } })).rejects.toThrow(/cannot be reached/);
    expect(elsewhere.seen).toEqual([]);
  });

  it('that cannot be had is reported with all other faults', async () => {
    const { url, stop } = await remote();
    await stop();
    stops.length = 0;
    const started = start({ flags: { remote_load_config: url, port: 'x' } });
    await expect(started).rejects.toMatchObject({
      faults: [expect.stringMatching(/cannot be reached/), expect.stringMatching(/^port/)],
    });
  });

  it('is not asked for while its address breaks a rule', async () => {
    const { url, seen } = await remote();
    const withPassword = url.replace('http://', 'http://ann:pw@');
    await expect(start({ flags: { remote_load_config: withPassword } })).rejects.toMatchObject({
      faults: [expect.stringMatching(/must not contain a user name or password/)],
    });
    expect(seen).toEqual([]);
  });
});

describe('saving the configuration', () => {
  const flags = {
    port: 9_000,
    window_size: 124,
    csv_file: 'a.csv',
    broker_token: 'hidden-token',
    admin_password: 'hidden-admin',
    database_url: 'postgres://u:hidden-pw@h/d',
  };

  it('writes a file that loads again with the same effect, without secrets and orders', async () => {
    const cwd = folderWith();
    const config = await start({ cwd, flags: { ...flags, save_config: 'saved.json' } });
    const text = readFileSync(join(cwd, 'saved.json'), 'utf8');
    expect(text).not.toMatch(/hidden|save_config/);
    expect(JSON.parse(text)).toMatchObject({
      port: 9_000,
      _left_out: ['database_url', 'admin_password', 'broker_token'],
      _defaults: { host: '127.0.0.1', prediction_horizon: 6 },
    });
    const again = loadConfig({ cwd, env: {}, argv: ['--load_config', 'saved.json'] });
    const names = ['port', 'window_size', 'prediction_horizon', 'csv_file'];
    expect(givenValues(again, names)).toEqual(givenValues(config, names));
    expect(readdirSync(cwd)).toEqual(['saved.json']);
  });

  it('keeps the path of a SQLite database', async () => {
    const cwd = folderWith();
    await start({ cwd, flags: { database_url: 'sqlite:///a.db', save_config: 'saved.json' } });
    expect(JSON.parse(readFileSync(join(cwd, 'saved.json'), 'utf8'))).toMatchObject({
      database_url: 'sqlite:///a.db',
    });
  });

  it('says when the file cannot be written, and leaves no draft', async () => {
    const cwd = folderWith();
    await expect(start({ cwd, flags: { save_config: 'none/saved.json' } })).rejects.toThrow(
      /save_config: none\/saved\.json cannot be written \(ENOENT\)/,
    );
    await expect(start({ cwd, flags: { save_config: '.' } })).rejects.toThrow(
      /save_config: \. cannot be written/,
    );
    expect(readdirSync(cwd)).toEqual([]);
  });

  it('sends the same document to a remote address', async () => {
    const { url, seen } = await remote();
    await start({ flags: { ...flags, remote_save_config: url } });
    expect(seen.map(({ method }) => method)).toEqual(['PUT']);
    expect(seen[0]?.body).not.toContain('hidden');
    expect(JSON.parse(seen[0]?.body ?? '')).toMatchObject({ port: 9_000, csv_file: 'a.csv' });
  });

  it('reports a remote address that refuses it', async () => {
    const { url } = await remote({ status: 500 });
    await expect(start({ flags: { remote_save_config: url } })).rejects.toThrow(
      /remote_save_config: .* answered 500/,
    );
  });
});
