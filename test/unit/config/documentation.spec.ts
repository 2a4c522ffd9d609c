import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'dotenv';
import { CONFIG_KEYS, declarationOf, helpText, loadConfig, variablesOf } from '#libs/config';
import { configurationPage, environmentExample } from '../../../libs/config/src/documentation.js';
import { temporaryFolders } from './temporary-folder.js';

const folderWith = temporaryFolders();

const root = join(import.meta.dirname, '../../..');

describe('generated documentation', () => {
  it.each([
    ['docs/configuration.md', configurationPage],
    ['.env.example', environmentExample],
  ])('%s is what the declarations say', (path, write) => {
    expect(existsSync(join(root, path))).toBe(true);
    expect(readFileSync(join(root, path), 'utf8')).toBe(write());
  });

  it('has a row of six cells for every setting, and no broken table', () => {
    const rows = configurationPage()
      .split('\n')
      .filter((line) => /^\| `[a-z_]+` \| `--/.test(line));
    expect(rows).toHaveLength(CONFIG_KEYS.length);
    for (const row of rows) expect(row.replaceAll('\\|', '').split('|')).toHaveLength(8);
  });

  it('gives an example environment whose lines, taken literally, are the defaults', () => {
    const active = environmentExample().replaceAll(/^# (?=[A-Z_]+=)/gm, '');
    const variables = Object.entries(parse(active));
    expect(variables.map(([name]) => name)).toEqual(CONFIG_KEYS.map((key) => variablesOf(key)[0]));
    const env = Object.fromEntries(variables);
    const config = loadConfig({ cwd: folderWith(), env });
    for (const key of CONFIG_KEYS) expect(config[key]).toEqual(declarationOf(key).default);
  });

  it('publishes no secret of its own', () => {
    const secrets = CONFIG_KEYS.filter((key) => declarationOf(key).secret === true);
    const preset = secrets.filter((key) => declarationOf(key).default !== null);
    expect(preset).toEqual([
      'database_url',
      'previous_secret_keys',
      'plugin_parameters',
      'plugin_aliases',
      'otlp_headers',
    ]);
  });
});

describe('the help text', () => {
  it.each([50, 80, 100])('fits a terminal of %i columns', (columns) => {
    const wide = helpText(columns)
      .split('\n')
      .filter((line) => line.length > columns && line.trim().includes(' '));
    expect(wide).toEqual([]);
  });

  it('names every setting and never grows without limit', () => {
    const text = helpText(1_000);
    for (const key of CONFIG_KEYS) expect(text).toContain(`  --${key}\n`);
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
  });
});
