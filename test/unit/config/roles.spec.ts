import { describe, expect, it } from '@jest/globals';
import { loadConfig, parseCommandLine } from '#libs/config';

const POSTGRES = 'postgres://me@127.0.0.1/db';
const load = (flags: object) => loadConfig({ argv: [], env: {}, flags: { ...flags }, serving: false });

describe('the role of a process', () => {
  it('is told in short to a worker', () => {
    const { command, flags, faults } = parseCommandLine([
      'worker',
      '--concurrency',
      '3',
      '--kinds',
      'webhook',
    ]);
    expect({ command, flags, faults }).toEqual({
      command: ['worker'],
      flags: { job_concurrency: '3', job_kinds: 'webhook' },
      faults: [],
    });
  });

  it('leaves these words to plugins everywhere else', () => {
    const { flags, extras } = parseCommandLine(['serve', '--concurrency', '3']);
    expect({ flags, extras }).toEqual({ flags: {}, extras: { concurrency: 3 } });
  });

  it('may be to run no jobs, which turns off a switch like any other', () => {
    expect(parseCommandLine(['serve', '--no-jobs', '--no-swagger']).flags).toEqual({
      jobs: 'false',
      swagger: 'false',
    });
    expect(parseCommandLine(['serve', '--no-port']).faults).toHaveLength(1);
    expect(parseCommandLine(['serve', '--no-jobs=yes']).faults).toHaveLength(1);
  });

  it('is the only one with SQLite', () => {
    expect(() =>
      load({ database_url: 'sqlite:///a.db', database_read_url: 'postgres://replica/service' }),
    ).toThrow(/database_read_url: SQLite has no replicas/);
    expect(() => load({ database_url: 'sqlite:///a.db', jobs: false })).toThrow(/requires PostgreSQL/);
    expect(() => load({ database_url: 'sqlite:///a.db', job_kinds: ['webhook'] })).toThrow(
      /requires PostgreSQL/,
    );
    expect(() => load({ database_url: 'sqlite:///a.db', job_engine: 'graphile' })).toThrow(
      /requires PostgreSQL/,
    );
    expect(load({ database_url: POSTGRES, jobs: false, job_kinds: ['webhook'] }).jobs).toBe(false);
  });
});
