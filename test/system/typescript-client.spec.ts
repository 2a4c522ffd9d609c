import { execFile } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ADMIN_KEY, startTestApp, type TestApp } from '../harness/app.js';

const CLIENT = resolve('clients/typescript');
const run = promisify(execFile);
let app: TestApp;
const folder = mkdtempSync(join(tmpdir(), 'typescript-client-'));

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
});
afterAll(async () => {
  await app?.close();
  rmSync(folder, { recursive: true });
});

it('the client for TypeScript, packed and installed by itself, does all that it says and has its types', async () => {
  await run(process.execPath, [join(CLIENT, 'build.mjs')]);
  await run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: CLIENT });
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? '';
  writeFileSync(join(folder, 'package.json'), '{"private":true,"type":"module"}');
  await run('npm', ['install', '--silent', '--offline', '--no-audit', `./${tarball}`], { cwd: folder });

  const account = {
    username: 'typescript',
    email: 'ts@example.com',
    role: 'client',
    password: 'for nobody at all',
  };
  const made = await app.post('/api/v1/admin/users', account, { apiKey: ADMIN_KEY });
  copyFileSync(join(CLIENT, 'tests', 'against-service.mjs'), join(folder, 'against-service.mjs'));
  const { stdout } = await run(process.execPath, ['against-service.mjs'], {
    cwd: folder,
    env: { ...process.env, PROVIDER_URL: app.url, PROVIDER_KEY: made.body.api_key as string },
  });
  expect(stdout).toBe('all expectations met\n');

  writeFileSync(
    join(folder, 'typed.ts'),
    `import { PredictionProvider } from '@prediction-provider/client';
const provider = new PredictionProvider({ url: 'http://localhost' });
export const ends = async (): Promise<number[]> => (await provider.forecast({ symbol: 'SP500' })).horizons;
// @ts-expect-error a horizon is a number
void provider.submit({ symbol: 'SP500', horizons: ['1'] });
`,
  );
  const compiler = resolve('node_modules/typescript/bin/tsc');
  const compilerOptions = { noEmit: true, strict: true, module: 'nodenext', target: 'es2022', types: [] };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['typed.ts'] }));
  await run(process.execPath, [compiler, '-p', folder]).catch(({ stdout: said }: { stdout: string }) => {
    throw new Error(said);
  });
}, 180_000);
