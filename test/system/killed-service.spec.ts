import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { HttpClient } from '#libs/testing';
import Sqlite from 'better-sqlite3';
import { BuiltCommand } from './built-command.js';

const folder = mkdtempSync(join(tmpdir(), 'killed-service-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

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
});
