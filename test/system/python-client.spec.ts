import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ADMIN_KEY, startTestApp, type TestApp } from '../harness/app.js';

const CLIENT = resolve('clients/python');
const USABLE = 'import pip, sys; sys.exit(sys.version_info < (3, 10))';
const describeWithPython = spawnSync('python3', ['-c', USABLE]).status === 0 ? describe : describe.skip;

describeWithPython('the client for Python', () => {
  const folder = mkdtempSync(join(tmpdir(), 'python-client-'));
  let app: TestApp;
  let key: string;

  beforeAll(async () => {
    const sample = (name: string) => resolve('examples/data', name);
    app = await startTestApp({
      config: {
        core_plugin: 'sync_core',
        predictor_plugin: 'direction_ideal_oracle',
        csv_file: sample('synthetic_fx_1h_2023.csv'),
        data_source: 'file',
        data_files: { SP500: sample('sp500_daily_2000-2020.csv') },
      },
    });
    const account = {
      username: 'python',
      email: 'python@example.com',
      role: 'client',
      password: 'a password for nobody',
      initial_credits: 100,
    };
    const made = await app.post('/api/v1/admin/users', account, { apiKey: ADMIN_KEY });
    key = made.body.api_key as string;
  });

  afterAll(async () => {
    await app?.close();
    rmSync(folder, { recursive: true });
  });

  it('is installed by pip from its folder, and does all that it says against a running service', async () => {
    // Python writes what it has compiled into the folder that it reads from.
    cpSync(CLIENT, join(folder, 'source'), { recursive: true });
    const install = ['-m', 'pip', 'install', '--quiet', '--no-index', '--no-deps'];
    const installed = await python([
      ...install,
      '--target',
      join(folder, 'installed'),
      join(folder, 'source'),
    ]);
    expect(installed).toMatchObject({ code: 0 });
    const tested = await python(['-m', 'unittest', '-v', 'test_service'], {
      PYTHONPATH: `${join(folder, 'installed')}:${join(folder, 'source', 'tests')}`,
      PROVIDER_URL: app.url,
      PROVIDER_KEY: key,
      PROVIDER_ADMIN_KEY: ADMIN_KEY,
    });
    expect([tested.code, tested.output]).toEqual([0, expect.stringContaining('Ran 12 tests')]);
  }, 180_000);

  const python = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    new Promise<{ readonly code: number | null; readonly output: string }>((done) => {
      const child = spawn('python3', args, { cwd: folder, env: { ...process.env, ...env } });
      let output = '';
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding('utf8').on('data', (text: string) => (output += text));
      child.once('close', (code) => done({ code, output }));
    });
});
