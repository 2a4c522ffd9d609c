import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { DATABASE_TIMEOUTS } from '#libs/database';
import { type Clock, MINUTE_MS, systemClock } from '#libs/kernel';
import { PluginRegistry } from '#libs/plugin-host';
import { eventually, FakeClock, gate } from '#libs/testing';
import { JobRepository } from '../../../libs/jobs/src/engines/job.repository.js';
import { RuntimeSettings } from '../../../src/settings/runtime-settings.port.js';
import { Accounts } from '../../security/accounts.js';
import { ADMIN_KEY, ADMIN_PASSWORD, startTestApp, type TestApp } from '../../harness/app.js';

const HISTORY = resolve('examples/data/sp500_daily_2000-2020.csv');
const SETTINGS = {
  predictor_plugin: 'random_walk_predictor',
  data_source: 'file',
  data_file_path: HISTORY,
  csv_file: HISTORY,
  instrument: 'SP500',
  job_sweep_seconds: 0.1,
  job_concurrency: 1,
};

/** A host whose clock is wrong by so much. */
const wrongBy = (ms: number): Clock => ({
  now: () => systemClock.now() + ms,
  monotonic: () => systemClock.monotonic(),
  after: (delayMs, callback) => systemClock.after(delayMs, callback),
});

/** Two hosts on one PostgreSQL. */
async function twoHosts(first: object, second: object): Promise<[TestApp, TestApp]> {
  const one = await startTestApp({ database: 'postgres', config: SETTINGS, ...first });
  const { location } = one.database;
  const database_url = location.kind === 'postgres' ? location.url : '';
  return [one, await startTestApp({ config: { ...SETTINGS, database_url }, ...second })];
}

describe('two hosts whose clocks are ten minutes apart', () => {
  let hosts: [TestApp, TestApp];
  beforeAll(async () => {
    hosts = await twoHosts({ hostClock: wrongBy(-5 * MINUTE_MS) }, { hostClock: wrongBy(5 * MINUTE_MS) });
  }, 120_000);
  afterAll(async () => {
    for (const one of hosts.toReversed()) await one.close();
  });

  it('leave each other the jobs that they hold', async () => {
    const held = gate();
    for (const { app } of hosts) {
      const feeder = app.get(PluginRegistry, { strict: false }).active('feeder');
      const { fetch } = feeder;
      jest.spyOn(feeder, 'fetch').mockImplementation(async (...asked) => {
        await held.opened;
        return fetch(...asked);
      });
    }
    const sweeps = jest.spyOn(JobRepository.prototype, 'expired');
    const [first] = hosts;
    const { apiKey } = await new Accounts(first).make('client');
    const rows = () =>
      first.database.query<object>(`SELECT status, attempts FROM jobs WHERE kind = 'core_prediction'`);
    const all = async (status: string): Promise<boolean> =>
      JSON.stringify(await rows()) ===
      JSON.stringify(Array.from({ length: 2 }, () => ({ status, attempts: 1 })));
    for (let asked = 0; asked < 2; asked += 1) {
      const { status } = await first.post(
        '/api/v1/predictions/',
        { symbol: 'SP500', interval: '1d' },
        { apiKey },
      );
      expect(status).toBe(201);
    }
    await eventually('each host has one, which is all that it may have', () => all('running'));
    const before = sweeps.mock.calls.length;
    await eventually('both hosts have looked for lost jobs', () => sweeps.mock.calls.length >= before + 10);
    expect(await all('running')).toBe(true);
    held.open();
    await eventually('they are completed', () => all('completed'));
  });

  it('accept the tokens of each other', async () => {
    for (const [from, to] of [hosts, hosts.toReversed()] as const) {
      const login = await from?.post('/api/v1/auth/login', { username: 'admin', password: ADMIN_PASSWORD });
      const answer = await to?.get('/api/v1/users/profile', { bearer: login?.body.access_token });
      expect(answer?.status).toBe(200);
    }
  });
});

describe('two processes on one PostgreSQL', () => {
  it('tell each other of what has ended: who waits for it is answered without looking', async () => {
    // nobody turns the clock, so nobody looks by itself
    const clock = new FakeClock(Date.UTC(2026, 0, 5));
    const hosts = await twoHosts({ clock, config: { ...SETTINGS, jobs: false } }, { clock });
    try {
      const [asked] = hosts;
      const { apiKey } = await new Accounts(asked).make('client');
      const question = { symbol: 'SP500', interval: '1d' };
      const wait = { apiKey, headers: { Prefer: 'wait=30' } };
      for (let nth = 0; nth < 3; nth += 1) {
        const { body } = await asked.post('/api/v1/predictions/', question, wait);
        expect(body).toMatchObject({ status: 'completed' });
      }
    } finally {
      for (const one of hosts.toReversed()) await one.close();
    }
  }, 120_000);

  it('tell each other of changed settings, without being asked', async () => {
    // nobody turns the clock, so nobody looks by itself
    const clock = new FakeClock(Date.UTC(2026, 0, 5));
    const hosts = await twoHosts({ clock }, { clock });
    try {
      const [first, second] = hosts;
      const change = { prediction_timeout: 61 };
      const { status } = await first.post('/api/v1/admin/config', change, { apiKey: ADMIN_KEY });
      expect(status).toBe(200);
      const settings = second.app.get<RuntimeSettings>(RuntimeSettings, { strict: false });
      await eventually('the other one follows', () => settings.get('prediction_timeout') === 61);
    } finally {
      for (const one of hosts.toReversed()) await one.close();
    }
  }, 120_000);

  it('listen again within a second when their connection is cut, and look at what they may have missed', async () => {
    // nobody turns this clock, so nobody looks by itself
    const clock = new FakeClock(Date.UTC(2026, 0, 5));
    const hostClock = new FakeClock(Date.UTC(2026, 0, 5));
    const hosts = await twoHosts({ clock }, { clock, hostClock });
    try {
      const [first, second] = hosts;
      const settings = second.app.get<RuntimeSettings>(RuntimeSettings, { strict: false });
      const cut = () =>
        first.database.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
           WHERE datname = current_database() AND application_name = 'prediction-provider listens'`,
        );
      await eventually('both listened', async () => (await cut()).length === 2);
      const change = { prediction_timeout: 61 };
      await first.post('/api/v1/admin/config', change, { apiKey: ADMIN_KEY });
      let turnedMs = 0;
      await eventually('the other one follows', async () => {
        // less than the time between two signs of life
        if (turnedMs < DATABASE_TIMEOUTS.listenCheckMs / 2) {
          await hostClock.advance(10);
          turnedMs += 10;
        }
        await first.database.query('SELECT 1');
        return settings.get('prediction_timeout') === 61;
      });
    } finally {
      for (const one of hosts.toReversed()) await one.close();
    }
  }, 120_000);
});
