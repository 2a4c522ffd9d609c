import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { eventually, HttpClient } from '#libs/testing';
import Sqlite from 'better-sqlite3';
import { BuiltCommand } from './built-command.js';

const folder = mkdtempSync(join(tmpdir(), 'killed-service-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ADMIN_KEY = 'administrator-key-only-for-this-spec-0123';
const CALLERS = 8;
const ANSWERS = 200;
/** Requests that need no row: the service has seen what came before them. */
const TURNS = 20;

describe('a service that is killed amid answers', () => {
  const path = join(folder, 'service.db');
  const flags = [`--database_url=sqlite:///${path}`, '--admin_password=only-for-this-spec'];
  const command = new BuiltCommand(folder);

  it('leaves a row of every answer that left, and a chain that holds', async () => {
    const service = command.launch(
      'serve',
      ...flags,
      '--port=0',
      '--core_plugin=sync_core',
      '--predictor_plugin=binary_ideal_oracle',
      '--audit_seal_seconds=0.1',
      `--csv_file=${resolve('examples/data/synthetic_fx_1h_2023.csv')}`,
    );
    await service.wrote(/listens on http/);
    const client = new HttpClient(/listens on (http:\/\/[\d.:]+)/.exec(service.output)?.[1] ?? '');
    const answered: string[] = [];
    // while another program holds the write lock no row can be written, so whatever is answered now has none
    const killWithoutRows = async (): Promise<void> => {
      const other = new Sqlite(path);
      other.exec('BEGIN IMMEDIATE');
      for (let turn = 0; turn < TURNS; turn += 1) await client.get('/health');
      await service.end('SIGKILL');
      other.exec('ROLLBACK');
      other.close();
    };
    const call = async (caller: number): Promise<void> => {
      for (let turn = 0; ; turn += 1) {
        const id = `caller-${caller}-${turn}`;
        const body = { datetime: '01.03.2023 08:00:00.000' };
        const answer = await client.post('/api/v1/predict/entry', body, { headers: { 'X-Request-Id': id } });
        if (answer.status === 200) answered.push(id);
        if (answered.length === ANSWERS) void killWithoutRows();
      }
    };
    const ends = await Promise.allSettled(Array.from({ length: CALLERS }, (_, caller) => call(caller)));
    await service.exited;
    expect(ends.every(({ status }) => status === 'rejected')).toBe(true);
    expect(answered.length).toBeGreaterThanOrEqual(ANSWERS);
    const database = new Sqlite(path);
    const rows = new Set(database.prepare('SELECT correlation_id FROM api_logs').pluck().all());
    database.close();
    expect(answered.filter((id) => !rows.has(id))).toEqual([]);
    expect(command.start(['audit', 'verify', ...flags]).status).toBe(0);
  });

  it('begins a back-test anew that was cut off, and makes each forecast once, as without the kill', async () => {
    const launch = async () => {
      const service = command.launch(
        'serve',
        `--database_url=sqlite:///${join(folder, 'walks.db')}`,
        '--admin_password=only-for-this-spec',
        '--port=0',
        '--job_lease_seconds=2',
        '--job_heartbeat_seconds=0.5',
        `--admin_api_key=${ADMIN_KEY}`,
        '--predictor_plugin=random_walk_predictor',
        '--data_source=file',
        `--data_file_path=${resolve('examples/data/synthetic_fx_1h_2023.csv')}`,
      );
      await service.wrote(/listens on http/);
      const url = /listens on (http:\/\/[\d.:]+)/.exec(service.output)?.[1] ?? '';
      return { service, url, client: new HttpClient(url) };
    };
    const by = { apiKey: ADMIN_KEY };
    const asked = {
      symbol: 'SYNTHFX',
      model: 'random_walk_predictor',
      interval: '1h',
      horizons: Array.from({ length: 6 }, (_, at) => at + 1),
    };
    const first = await launch();
    const { id } = (await first.client.post('/api/v1/backtests', asked, by)).body as { id: string };
    const read = async (client: HttpClient, which: string): Promise<Record<string, unknown>> =>
      (await client.get(`/api/v1/backtests/${which}`, by)).body as Record<string, unknown>;
    const until = (client: HttpClient, which: string, status: string, least: number): Promise<void> =>
      eventually(
        `the back-test is ${status}`,
        async () => {
          const now = await read(client, which);
          if (now['error'] != null) throw new Error(JSON.stringify(now['error']));
          return now['status'] === status && Number(now['done']) >= least;
        },
        120_000,
      );
    await until(first.client, id, 'processing', 1);
    await first.service.end('SIGKILL');
    const second = await launch();
    await until(second.client, id, 'completed', 1);
    const { id: again } = (await second.client.post('/api/v1/backtests', asked, by)).body as { id: string };
    await until(second.client, again, 'completed', 1);
    const forecasts = async (which: string): Promise<string> =>
      (
        await fetch(`${second.url}/api/v1/backtests/${which}/forecasts`, {
          headers: { 'x-api-key': ADMIN_KEY },
        })
      ).text();
    const lines = (await forecasts(id)).trimEnd().split('\n');
    const { total, refused } = await read(second.client, id);
    expect(lines.length).toBe(Number(total) - Number(refused));
    expect(lines.join('\n') === (await forecasts(again)).trimEnd()).toBe(true);
    await second.service.end('SIGTERM');
  }, 300_000);
});
