import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '#libs/testing';
import { BillingVerifier } from '../../src/billing/billing.port.js';
import { NewOrders } from '../../src/marketplace/client-orders.port.js';
import { UserDirectory } from '../../src/accounts/accounts.port.js';
import { Accounts } from '../security/accounts.js';
import { AgentProcess } from './agent-process.js';
import { BuiltCommand } from './built-command.js';
import { ADMIN_KEY, startTestApp, type TestApp } from '../harness/app.js';
import { DATABASE_KINDS } from '../harness/databases.js';

const BARS = resolve('examples/data/synthetic_fx_1h_2023.csv');
let folder: string;
let app: TestApp;
const agents: AgentProcess[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'agents-'));
});
afterEach(async () => {
  await Promise.all(agents.splice(0).map((one) => one.kill()));
  await app.close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const flagsOf = (apiKey: string): string[] => [
  `--url=${app.url}`,
  `--api_key=${apiKey}`,
  '--data_source=file',
  `--data_file_path=${BARS}`,
  '--agent_idle_seconds=0.2',
];

function agent(apiKey: string, ...flags: string[]): AgentProcess {
  const started = new AgentProcess(folder, ...flagsOf(apiKey), ...flags);
  agents.push(started);
  return started;
}

async function submit(count: number): Promise<void> {
  const client = await new Accounts(app).make('client');
  const users = app.app.get<UserDirectory>(UserDirectory, { strict: false });
  const actor = {
    userId: (await users.idOf(client.username)) ?? 0,
    username: client.username,
    role: 'client',
  };
  const orders = app.app.get<NewOrders>(NewOrders, { strict: false });
  const terms = {
    symbol: 'SYNTHFX',
    predictionType: 'short_term',
    datetimeRequested: new Date(Date.UTC(2100, 0, 1)),
    lookbackTicks: 500,
    predictorPlugin: 'random_walk_predictor',
    feederPlugin: 'default_feeder',
    pipelinePlugin: 'default_pipeline',
    interval: '1h',
    predictionHorizon: 6,
    priority: 5,
    maxCost: null,
    notificationWebhook: null,
    customParameters: null,
  } as const;
  // Submissions of one client wait for each other; a few at a time wait in no pool.
  const some = async (share: number): Promise<void> => {
    for (let made = 0; made < share; made += 1) await orders.submit(actor, terms);
  };
  await Promise.all([some(Math.ceil(count / 2)), some(Math.floor(count / 2))]);
}

async function countOf(status: string): Promise<number> {
  const sql = `SELECT COUNT(*) AS n FROM prediction_jobs WHERE status = '${status}'`;
  const [row] = await app.database.query<{ readonly n: number | string }>(sql);
  return Number(row?.n);
}

const verdict = () => app.app.get<BillingVerifier>(BillingVerifier, { strict: false }).verify();

const evaluatorKey = async (): Promise<string> => (await new Accounts(app).make('evaluator')).apiKey;

describe.each(DATABASE_KINDS)('evaluators in processes of their own [%s]', (database) => {
  it('drain 200 orders, each settled once, while one after the other is killed in the middle', async () => {
    app = await startTestApp({
      database,
      config: { marketplace_limit_basic: 1000, marketplace_lease_minutes: 0.1, credit_limit: 100_000 },
    });
    await submit(200);
    const keys = [await evaluatorKey(), await evaluatorKey()];
    let pair = keys.map((key) => agent(key));
    const done = (goal: number) =>
      eventually(`${goal} are done`, async () => (await countOf('completed')) >= goal, 60_000);
    // A process starts as slowly as it answers fifty orders.
    for (const [goal, victim] of [
      [40, 0],
      [90, 1],
      [140, 0],
    ] as const) {
      await done(goal);
      await pair[victim]?.kill();
      pair = pair.with(victim, agent(keys[victim] ?? ''));
    }
    await done(200);
    expect(await countOf('completed')).toBe(200);
    expect(await verdict()).toMatchObject({ orders: 200, violations: [] });
    const [settled] = await app.database.query<{ readonly n: number | string }>(
      'SELECT COUNT(DISTINCT prediction_id) AS n FROM billing_records',
    );
    expect(Number(settled?.n)).toBe(200);
  });

  it('stop cleanly: what is in work is finished, and nothing stays claimed', async () => {
    app = await startTestApp({ database, config: { marketplace_limit_basic: 1000, credit_limit: 100_000 } });
    await submit(60);
    const one = agent(await evaluatorKey(), '--agent_parallel=3');
    await eventually('some are done', () => one.completed >= 5, 60_000);
    expect(await one.stop()).toBe(0);
    expect(one.lines.at(-1)).toMatch(/^Stopped: \d+ completed, 0 released, 0 lost$/);
    expect(await countOf('processing')).toBe(0);
    expect(await countOf('completed')).toBe(one.completed);
  });
});

describe('an evaluator', () => {
  it('ends when there is nothing left, if asked to; says what is wrong with its key, its role and its arguments', async () => {
    app = await startTestApp({ config: { marketplace_limit_basic: 1000 } });
    await submit(3);
    const command = new BuiltCommand(folder);
    const evaluate = (apiKey: string) =>
      command.run(
        'evaluate',
        ...flagsOf(apiKey),
        '--agent_until_idle',
        '--predictor_plugin=random_walk_predictor',
      );
    const ended = await evaluate(await evaluatorKey());
    expect(ended.stdout.trim().split('\n').at(-1)).toBe('Stopped: 3 completed, 0 released, 0 lost');
    expect(ended.status).toBe(0);
    const wrong = await evaluate('pp_nobody');
    expect(wrong.status).toBe(1);
    expect(wrong.stderr).toContain('the service does not accept the key: 401 Invalid API key');
    const client = await evaluate((await new Accounts(app).make('client')).apiKey);
    expect(client.status).toBe(1);
    expect(client.stderr).toContain('does not let this evaluator list orders: 403');
    const nobody = await command.run('evaluate');
    expect(nobody.status).toBe(1);
    expect(nobody.stderr).toContain('evaluate requires --url and --api_key');
    await command.end();
  });

  it('waits for a service that is away, and works when it is there', async () => {
    const port = await freePort();
    const key = ADMIN_KEY;
    const flags = [`--url=http://127.0.0.1:${port}/`, `--api_key=${key}`, '--agent_idle_seconds=0.2'];
    const one = new AgentProcess(folder, ...flags, '--data_source=file', `--data_file_path=${BARS}`);
    agents.push(one);
    await eventually('it says so', () => one.errors.includes('the marketplace is not available'), 60_000);
    app = await startTestApp({ config: { port, marketplace_limit_basic: 1000 } });
    await submit(2);
    await eventually('both are done', () => one.completed === 2, 60_000);
    expect(await one.stop()).toBe(0);
  });
});

const freePort = (): Promise<number> =>
  new Promise((done, fail) => {
    const probe = createServer().once('error', fail);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => done(port));
    });
  });
