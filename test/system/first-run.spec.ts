import { existsSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { HttpClient } from '#libs/testing';
import { afterAll, describe, expect, it } from '@jest/globals';
import { runFolder } from '../harness/test-resources.js';
import { BuiltCommand } from './built-command.js';

const PASSWORD = 'a-password-for-this-test';
const commands: BuiltCommand[] = [];
/** A folder of its own, as somebody finds it who has just installed the program. */
const newcomer = (env: Readonly<Record<string, string>> = {}) => {
  const folder = mkdtempSync(join(runFolder(), 'newcomer-'));
  const command = new BuiltCommand(folder, env);
  commands.push(command);
  return { folder, command };
};
afterAll(() => Promise.all(commands.map((command) => command.end())));

/** Not the secret beside it, which the next start uses. */
const databasesIn = (folder: string) => readdirSync(folder).filter((name) => /\.db(-wal|-shm)?$/.test(name));

describe('a first run', () => {
  it('stops at names that nobody has, with the nearest one, and goes on with those of the original', () => {
    const { folder, command } = newcomer();
    writeFileSync(
      join(folder, 'config.json'),
      JSON.stringify({ predicton_timeout: 100, auth_type: 'api_key', csv_fil: 'bars.csv' }),
    );
    const { status, stderr, stdout } = command.start(['--prot', '0', '--load_config', 'config.json']);
    const said = stdout + stderr;
    expect([status, said]).toEqual([2, expect.stringContaining('has 3 faults')]);
    expect(said).toMatch(/prot \(from the flags\).*did you mean port/);
    expect(said).toMatch(/predicton_timeout \(from the config file\).*did you mean prediction_timeout/);
    expect(said).toMatch(/csv_fil \(from the config file\).*did you mean csv_file/);
    expect(said).not.toContain('auth_type (');
  });

  it('finds a port that is taken before it makes a database', async () => {
    const { folder, command } = newcomer({ ADMIN_PASSWORD: PASSWORD });
    const other = createServer();
    await new Promise<void>((listens) => other.listen(0, '127.0.0.1', listens));
    const port = String((other.address() as AddressInfo).port);
    const { status, stdout, stderr } = command.start(['--port', port]);
    expect([status, stdout + stderr]).toEqual([
      1,
      expect.stringContaining(`Port ${port} on 127.0.0.1 is in use`),
    ]);
    expect(databasesIn(folder)).toEqual([]);
    await new Promise((closed) => other.close(closed));
  });

  it('does not make a database for a command that looks into one', async () => {
    const { folder, command } = newcomer();
    for (const line of ['users activate ann', 'users reset-password ann', 'audit verify', 'billing verify']) {
      const { status, stdout, stderr } = await command.run(...line.split(' '));
      expect([line, status, stdout]).toEqual([line, 2, '']);
      expect(stderr).toContain(`SQLite ${join(folder, 'predictions.db')} has no database of this service`);
    }
    expect(databasesIn(folder)).toEqual([]);
  });

  it('refuses mistyped flags of commands that load no plugins', async () => {
    const { folder, command } = newcomer();
    const { status, stderr } = await command.run('users', 'create', 'ann', '--emial', 'ann@example.com');
    expect([status, stderr]).toEqual([
      2,
      expect.stringContaining('--emial: there is no such flag; did you mean --email?'),
    ]);
    expect(databasesIn(folder)).toEqual([]);
  });

  it('makes the administrator of the environment, although another account was made before', async () => {
    const { folder, command } = newcomer({
      ADMIN_USERNAME: 'root',
      ADMIN_PASSWORD: PASSWORD,
      LOG_LEVEL: 'info',
    });
    const made = await command.run('users', 'create', 'ann', '--email', 'ann@example.com');
    expect(made).toMatchObject({ status: 0, stdout: expect.stringContaining('Account "ann" was created') });
    expect(made.stderr).toContain(`database: SQLite ${join(folder, 'predictions.db')}`);
    expect(existsSync(join(folder, 'predictions.db'))).toBe(true);
    const service = command.launch('--port', '0');
    await service.wrote(/listens on http/);
    const client = new HttpClient(/listens on (http:\/\/[\d.:]+)/.exec(service.output)?.[1] ?? '');
    const login = await client.post('/api/v1/auth/login', { username: 'root', password: PASSWORD });
    expect(login.body).toMatchObject({ token_type: 'bearer' });
    await service.wrote(/POST \/api\/v1\/auth\/login - 200/);
    expect(await service.end('SIGTERM')).toBe(0);
  });

  it('names the variable of the environment that is wrong', async () => {
    const { command } = newcomer({ LOG_LEVEL: 'chatty' });
    const { status, stderr } = await command.run('migrate');
    expect([status, stderr]).toEqual([2, expect.stringMatching(/log_level.*LOG_LEVEL/)]);
  });
});
