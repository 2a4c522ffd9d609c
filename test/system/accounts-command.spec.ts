import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runFolder } from '../harness/test-resources.js';
import { BuiltCommand } from './built-command.js';

const folder = mkdtempSync(join(runFolder(), 'accounts-'));
const command = new BuiltCommand(folder, { SECRET_KEY: 'a-secret-of-the-tests-that-nobody-keeps' });
afterAll(() => command.end());
const run = (line: string) => command.run(...line.split(' '));
const said = async (line: string) => {
  const { status, stdout, stderr } = await run(line);
  expect([line, status, stderr]).toEqual([line, 0, expect.any(String)]);
  return stdout;
};

describe('the users commands', () => {
  beforeAll(async () => {
    for (const [name, role] of [
      ['root', 'administrator'],
      ['ann', 'client'],
    ])
      await said(`users create ${name} --email ${name}@example.com --role ${role}`);
  });

  it('list and show accounts', async () => {
    await said('users activate root');
    expect((await said('users list')).trim().split('\n')).toEqual([
      'NAME  ROLE           STATE     LAST LOGIN  E-MAIL',
      'root  administrator  active    never       root@example.com',
      'ann   client         inactive  never       ann@example.com',
    ]);
    expect(await said('users list --role client')).not.toContain('root');
    const shown = await said('users show ann');
    expect(shown).toMatch(/^role +client$/m);
    expect(shown).toMatch(/^API key ends +20\d\d-/m);
    expect(await run('users show nobody')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('User not found'),
    });
  });

  it('change them, but leave an administrator', async () => {
    expect(await said('users activate ann')).toContain('is active');
    expect(await said('users set-role ann --role operator')).toContain(
      'Account "ann" has the role operator.',
    );
    expect(await said('users deactivate ann')).toContain('is not active');
    expect(await said('users show ann')).toMatch(/^state +inactive$/m);
    for (const line of ['users deactivate root', 'users set-role root --role client'])
      expect(await run(line)).toMatchObject({
        status: 1,
        stderr: expect.stringContaining('The last active administrator'),
      });
    expect(await run('users set-role ann')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('--role is required'),
    });
  });

  it('replace a key', async () => {
    const keys = await Promise.resolve([await said('users new-key ann'), await said('users new-key ann')]);
    const [first, second] = keys.map((text) => /^API key: (pp_\S{43})$/m.exec(text)?.[1]);
    expect(first).toBeDefined();
    expect(second).toBeDefined();
    expect(first).not.toBe(second);
  });
});

describe('the config commands', () => {
  it('say that everything is right, or what is not', async () => {
    expect(await said('config check')).toContain('The configuration is right. The database is SQLite');
    expect(await run('config check --port 70000')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('port'),
    });
    expect(
      await run('config check --predictor_plugin binary_entry_predictor --csv_file none.csv'),
    ).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('none.csv'),
    });
    expect(await run('config check --prot 1')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('did you mean port'),
    });
  });

  it('show every setting with its source, and no secret', async () => {
    writeFileSync(join(folder, 'shown.json'), JSON.stringify({ port: 9000, csv_file: 'bars.csv' }));
    const shown = await said('config show --load_config shown.json --workers 1');
    const lines = shown.split('\n');
    expect(lines).toContain('port = 9000  (file)');
    expect(lines).toContain('csv_file = "bars.csv"  (file)');
    expect(lines).toContain('workers = 1  (flag)');
    expect(lines).toContain('secret_key = (set, not shown)  (environment)');
    expect(lines).toContain('http_adapter = "fastify"  (default)');
    expect(shown).not.toContain('nobody-keeps');
  });
});

describe('help', () => {
  it('is that of one command, of a family, or of all', async () => {
    const one = await said('users create --help');
    expect(one).toContain('Usage: prediction-provider users create NAME [flags]');
    expect(one).toContain('--email');
    expect(one).not.toContain('--database_pool_size');
    expect(await said('help users create')).toBe(one);
    const family = await said('users --help');
    for (const name of ['list', 'show NAME', 'new-key NAME']) expect(family).toContain(`users ${name}`);
    expect(family).not.toContain('migrate');
    expect(await said('data inspect --help')).toContain('--csv_dialect');
    expect(await said('help')).toBe(await said('--help'));
    expect(await said('version')).toBe(await said('--version'));
  });

  it('completes commands and flags in bash', async () => {
    writeFileSync(join(folder, 'completion.sh'), await said('completion bash'));
    const completed = (...words: string[]) => {
      const script = `source completion.sh; COMP_WORDS=("$@"); COMP_CWORD=$(($#-1)); _prediction_provider; echo "\${COMPREPLY[*]}"`;
      const { stdout, stderr } = spawnSync('bash', ['-c', script, 'x', 'prediction-provider', ...words], {
        cwd: folder,
        encoding: 'utf8',
      });
      expect(stderr).toBe('');
      return stdout.trim();
    };
    expect(completed('mig')).toBe('migrate');
    expect(completed('users', 'se')).toBe('set-role');
    expect(completed('serve', '--load_c')).toBe('--load_config');
    expect(await run('completion fish')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('bash or zsh'),
    });
  });
});
