import { describe, expect, it } from '@jest/globals';
import Sqlite from 'better-sqlite3';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { migrations } from '../../../src/app/schema.js';

describe("TypeORM's command line with ormconfig", () => {
  it('runs the migrations of the product and takes the last one back', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'prediction-provider-cli-'));
    const path = join(folder, 'cli.db');
    const typeorm = (command: string) =>
      promisify(execFile)(
        process.execPath,
        ['node_modules/typeorm/cli.js', '-d', 'dist/ormconfig.js', command],
        { env: { ...process.env, DATABASE_URL: `sqlite:///${path}` } },
      );
    const done = () => {
      const database = new Sqlite(path, { readonly: true });
      const rows = database.prepare('SELECT name FROM migrations ORDER BY id').pluck().all();
      database.close();
      return rows;
    };
    const names = migrations.map(({ name }) => name);
    await typeorm('migration:run');
    expect(done()).toEqual(names);
    await typeorm('migration:revert');
    expect(done()).toEqual(names.slice(0, -1));
    rmSync(folder, { recursive: true, force: true });
  });
});
