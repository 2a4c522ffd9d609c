import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import Sqlite from 'better-sqlite3';
import { ORIGINAL_DEFAULTS } from '../harness/original-installation.js';
import { BuiltCommand } from './built-command.js';

let folder: string;
let command: BuiltCommand;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'command-'));
  command = new BuiltCommand(folder, { ADMIN_PASSWORD: 'a-password-for-this-test' });
});
afterAll(async () => {
  await command.end();
  rmSync(folder, { recursive: true, force: true });
});

const start = (...args: string[]) => command.start(args);
const run = (...args: string[]) => command.run(...args);
const database = (name: string) => `sqlite:///${join(folder, name)}`;
const file = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

describe('the command', () => {
  it('shows its help and version', async () => {
    expect((await run('--help')).stdout).toContain('--load_config');
    expect((await run('--version')).stdout.trim()).toMatch(/^\d+\.\d+\.\d+$/);
  });

  it('reports every wrong setting together, with what is allowed, and ends with 2', () => {
    const { status, stderr } = start('serve', '--port', '70000', '--http_adapter=koa', '--workers', 'many');
    expect(status).toBe(2);
    for (const part of ['port', '65535', 'http_adapter', 'fastify', 'workers'])
      expect(stderr).toContain(part);
    expect(stderr).not.toContain('    at ');
  });

  it('ends on a signal although a plugin left a timer behind', () => {
    const plugin = file(
      'lingering.mjs',
      `import { definePredictor } from 'prediction-provider/plugin-sdk';
       export default definePredictor({
         id: 'lingering', apiVersion: 1, version: '1.0.0', description: 'Leaves a timer behind.',
         parameters: {}, capabilities: ['forecast'],
         create: () => {
           setInterval(() => undefined, 1_000_000);
           process.kill(process.pid, 'SIGINT');
           return { forecast: () => { throw new Error('not asked'); } };
         },
       });`,
    );
    const { status, stdout } = start(
      'serve',
      '--plugins',
      plugin,
      '--predictor_plugin',
      'lingering',
      '--port',
      '0',
      '--database_url',
      database('lingering.db'),
    );
    expect(stdout).toContain('Stopping');
    expect(status).toBe(0);
  });

  it('starts on a dump of the original’s settings and says which of them have no effect', async () => {
    const dump = file('dump.json', ORIGINAL_DEFAULTS);
    const lists = ['--correlated_instruments', '^GSPC', '^VIX'];
    const running = command.launch('--load_config', dump, ...lists, '--port', '0');
    await running.wrote(/listens on/);
    expect(await running.end('SIGTERM')).toBe(0);
    const warnings = [...running.output.matchAll(/"WARNING".*?"msg":"(\w+): (.*?)"/g)];
    expect(warnings.map(([, name]) => name)).toEqual([
      'endpoints_db_path',
      'n_batches',
      'use_gpu',
      'gpu_memory_limit',
      'enable_mixed_precision',
      'pipeline_db_path',
      'secret_key',
    ]);
    for (const [, name, text] of warnings)
      expect(text).toContain(name === 'secret_key' ? 'the value is an example' : 'has no effect');
  });

  it('names the nearest command for a mistyped one', async () => {
    const { status, stderr } = await run('serv');
    expect(status).toBe(2);
    expect(stderr).toContain('serve');
  });

  it('says which plugin is unknown and which there are', async () => {
    const { status, stderr } = await run(
      'serve',
      '--predictor_plugin',
      'crystal_ball',
      '--database_url',
      database('a.db'),
    );
    expect(status).toBe(1);
    expect(stderr).toContain('crystal_ball');
    expect(stderr).toContain('random_walk_predictor');
  });

  it('says when the port is in use', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((done) => other.once('listening', done));
    const { port } = other.address() as AddressInfo;
    const { status, stderr } = start('serve', '--port', String(port), '--database_url', database('b.db'));
    other.close();
    expect(status).toBe(1);
    expect(stderr).toContain(`Port ${port}`);
    expect(stderr).toContain('in use');
    expect(stderr).not.toContain('    at ');
  });

  it('refuses an empty CSV, a missing one and one of 2 GB for an oracle, at once and by name', async () => {
    const huge = join(folder, 'huge.csv');
    const handle = openSync(huge, 'w');
    ftruncateSync(handle, 2 * 1024 ** 3);
    closeSync(handle);
    for (const csv of [file('empty.csv', ''), huge, join(folder, 'missing.csv')]) {
      const { status, stderr } = await run(
        'serve',
        '--predictor_plugin=binary_ideal_oracle',
        `--csv_file=${csv}`,
        '--database_url',
        database('c.db'),
      );
      expect(status).toBe(1);
      expect(stderr).toContain('binary_ideal_oracle');
      expect(stderr).toContain(csv.split('/').at(-1));
      expect(stderr).not.toContain('    at ');
    }
  });

  it('says that the database is no database', async () => {
    file('notes.db', 'this is a text, not a database, and long enough to be looked at');
    const { status, stderr } = await run('migrate', '--database_url', database('notes.db'));
    expect(status).toBe(1);
    expect(stderr).toContain('notes.db');
    expect(stderr).not.toContain('    at ');
  });

  it('makes, activates and re-keys accounts; secrets are shown once', async () => {
    const at = ['--database_url', database('users.db')];
    const created = await run(
      'users',
      'create',
      'alice',
      '--email',
      'alice@example.com',
      '--role',
      'operator',
      ...at,
    );
    expect(created.stderr).toBe(`database: SQLite ${join(folder, 'users.db')}\n`);
    expect(created.status).toBe(0);
    expect(created.stdout).toMatch(/API key: pp_[\w-]{43}/);
    expect((await run('users', 'activate', 'alice', ...at)).status).toBe(0);
    expect((await run('users', 'reset-password', 'alice', ...at)).stdout).toMatch(/Password: \S{16}/);
    const again = await run('users', 'create', 'alice', '--email', 'alice@example.com', ...at);
    expect(again.status).toBe(1);
    expect(again.stderr).toContain('Username already exists');
    expect((await run('users', 'activate', 'nobody', ...at)).stderr).toContain('User not found');
  });

  it('checks an audit log that nobody touched', async () => {
    const { status, stdout } = await run('audit', 'verify', '--database_url', database('users.db'));
    expect(status).toBe(0);
    expect(stdout).toContain('is unaltered');
  });

  it('proves that the money adds up, and says what does not', async () => {
    const at = ['--database_url', database('money.db')];
    expect((await run('migrate', ...at)).status).toBe(0);
    const clean = await run('billing', 'verify', ...at);
    expect(clean.stderr).toBe(`database: SQLite ${join(folder, 'money.db')}\n`);
    expect(clean).toMatchObject({
      status: 0,
      stdout: "The books add up: 0 transactions and 0 orders checked against the marketplace's own state.\n",
    });
    const books = new Sqlite(join(folder, 'money.db'));
    books.exec(`INSERT INTO transactions (transaction_type, user_id, amount_micros, currency, created_at)
      VALUES ('credit', 7, 5000000, 'USD', '2026-01-05T00:00:00.000Z')`);
    books.close();
    const { status, stdout, stderr } = await run('billing', 'verify', ...at);
    expect(status).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain('wrong_amount: transaction 1 states 5000000 micro-units and moves 0');
    expect(stderr).toContain('The books do not add up');
    expect(stderr).not.toContain('    at ');
  });

  it('lists plugins with their parameters', async () => {
    const { status, stdout } = await run('plugins', 'list');
    expect(status).toBe(0);
    expect(stdout).toContain('predictor random_walk_predictor');
    expect(stdout).toContain('horizon_mode');
  });

  it('does not run workers on SQLite', async () => {
    expect(await run('worker', '--database_url', database('d.db'))).toMatchObject({ status: 1 });
    expect(await run('serve', '--workers', '2', '--database_url', database('d.db'))).toMatchObject({
      status: 2,
    });
  });
});
