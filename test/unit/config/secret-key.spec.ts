import { execFile } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { loadConfig, secretKeyOf } from '#libs/config';
import { temporaryFolders } from './temporary-folder.js';

const folderWith = temporaryFolders();

const serve = (cwd: string, database_url = 'sqlite:///a.db') =>
  loadConfig({ cwd, env: {}, flags: { database_url }, serving: true });

describe('the signing key', () => {
  it('is made once beside the SQLite file, for its owner alone, and found again', () => {
    const cwd = folderWith();
    const first = secretKeyOf(serve(cwd));
    expect(first).toMatch(/^[\w-]{64}$/);
    expect(secretKeyOf(serve(cwd))).toBe(first);
    expect(readdirSync(cwd)).toEqual(['a.db.secret']);
    expect(statSync(join(cwd, 'a.db.secret')).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(cwd, 'a.db.secret'), 'utf8').trim()).toBe(first);
  });

  it('is made neither for a tool nor when one is given', () => {
    const cwd = folderWith();
    expect(loadConfig({ cwd, env: {} }).secret_key).toBeNull();
    loadConfig({ cwd, env: { SECRET_KEY: 'q8Zr1vN4xT7bK0mC3dF6gH9jL2pS5wYa' }, serving: true });
    expect(readdirSync(cwd)).toEqual([]);
  });

  it('may be an example on a small installation, with a warning; a short one is replaced', () => {
    const cwd = folderWith();
    const long = 'your-secret-key-change-in-production';
    const serving = (secret_key: string) =>
      loadConfig({ cwd, env: {}, flags: { database_url: 'sqlite:///a.db', secret_key }, serving: true });
    const used = serving(long);
    expect([used.secret_key, used.notices]).toEqual([
      long,
      [expect.stringMatching(/^secret_key: the value is an example and can be guessed .*openssl rand/)],
    ]);
    expect(readdirSync(cwd)).toEqual([]);
    const replaced = serving('your-secret-key');
    expect(replaced.secret_key).toMatch(/^[\w-]{64}$/);
    expect(replaced.notices).toEqual([
      expect.stringMatching(/^secret_key: the value is an example and is shorter than 32 .*random key/),
    ]);
    expect(readdirSync(cwd)).toEqual(['a.db.secret']);
  });

  it('is not made when the configuration has another fault', () => {
    const cwd = folderWith();
    expect(() => loadConfig({ cwd, env: { PORT: 'x' }, serving: true })).toThrow(/port/);
    expect(readdirSync(cwd)).toEqual([]);
  });

  it('lives only in memory for a database in memory', () => {
    const cwd = folderWith();
    const [first, second] = [serve(cwd, 'sqlite://:memory:'), serve(cwd, 'sqlite://:memory:')];
    expect(secretKeyOf(first)).not.toBe(secretKeyOf(second));
    expect(readdirSync(cwd)).toEqual([]);
  });

  it('is refused when other users may read it', () => {
    const cwd = folderWith();
    serve(cwd);
    chmodSync(join(cwd, 'a.db.secret'), 0o644);
    expect(() => serve(cwd)).toThrow(/can be read by other users; run: chmod 600 a\.db\.secret/);
  });

  it('is refused when its file is damaged, and then not repeated', () => {
    const cwd = folderWith();
    writeFileSync(join(cwd, 'a.db.secret'), 'hunter2\n', { mode: 0o600 });
    expect(() => serve(cwd)).toThrow(/damaged/);
    expect(() => serve(cwd)).not.toThrow(/hunter2/);
  });

  it('says what to do when it cannot be kept', () => {
    expect(() => serve(folderWith(), 'sqlite:///missing/a.db')).toThrow(
      /\(ENOENT\); set SECRET_KEY, or give/,
    );
  });

  it('is the same for processes that start together', async () => {
    const cwd = folderWith();
    const paths = Array.from({ length: 40 }, (_, index) => join(cwd, `${index}.db`));
    const room = join(import.meta.dirname, '../../../libs/config/src/load-config.ts');
    const script = `import { secretsBeside } from ${JSON.stringify(room)};
      for (const path of process.argv.slice(1)) console.log(...secretsBeside(path));`;
    const run = () =>
      promisify(execFile)(process.execPath, [
        '--conditions=development',
        '--import',
        'tsx',
        '--input-type=module',
        '--eval',
        script,
        ...paths,
      ]);
    const outputs = await Promise.all([run(), run(), run()]);
    const [first, ...others] = outputs.map(({ stdout }) => stdout);
    expect(first?.trim().split('\n')).toHaveLength(paths.length);
    for (const other of others) expect(other).toBe(first);
    expect(readdirSync(cwd)).toHaveLength(paths.length);
  });
});
