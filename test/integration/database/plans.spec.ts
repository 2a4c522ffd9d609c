import { Database } from '#libs/database';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { QueryRunner } from 'typeorm';
import { ADMIN_KEY, startTestApp, type TestApp } from '../../harness/app.js';
import { DATABASE_KINDS, type DatabaseKind } from '../../harness/databases.js';
import { type Account, Accounts } from '../../security/accounts.js';

/** What grows with use. */
const GROWING = new Set([
  'predictions',
  'prediction_jobs',
  'prediction_claims',
  'archived_orders',
  'api_logs',
  'billing_records',
  'transactions',
  'transaction_entries',
  'quotes',
  'events',
  'jobs',
  'webhook_deliveries',
  'forecast_pins',
  'forecast_outcomes',
  'score_days',
  'score_standings',
]);

const MONTH = 'from=2026-01-01&to=2026-02-01';
/** Who asks for what: every listing with its filters and orders, and every figure. */
const ASKED: readonly (readonly [
  who: 'client' | 'evaluator' | 'provider' | 'administrator',
  path: string,
])[] = [
  ['client', 'predictions/?limit=20'],
  ['client', 'models/random_walk_predictor/scorecard'],
  ['client', 'models/random_walk_predictor/scorecard?symbol=SP500&horizon=3'],
  ['client', 'scoreboard'],
  ['administrator', 'predictions/?limit=20&offset=40'],
  ['client', 'secure/predictions?limit=20'],
  ...['created_at', 'completed_at', 'priority', 'cost'].flatMap((sort) =>
    ['asc', 'desc'].map((order) => ['client', `client/predictions?sort=${sort}&order=${order}`] as const),
  ),
  ...[
    'status=failed',
    'symbol=EURUSD',
    'prediction_type=custom',
    'start_date=2026-01-01&end_date=2026-02-01',
  ].flatMap((filter) =>
    (['client', 'administrator'] as const).map((who) => [who, `client/predictions?${filter}`] as const),
  ),
  ['administrator', 'client/predictions?sort=completed_at'],
  ...['priority', 'created_at', 'payment', 'effort'].flatMap((sort) =>
    ['asc', 'desc'].map((order) => ['evaluator', `evaluator/pending?sort=${sort}&order=${order}`] as const),
  ),
  ...['symbol=EURUSD', 'prediction_type=custom', 'predictor_plugin=default_predictor', 'min_payment=1'].map(
    (filter) => ['evaluator', `evaluator/pending?${filter}`] as const,
  ),
  ['evaluator', 'evaluator/assigned'],
  ['evaluator', 'evaluator/stats?period=7d'],
  ['administrator', 'admin/logs?hours=24'],
  ['administrator', 'admin/logs?user=admin&hours=24'],
  ['administrator', 'admin/logs?endpoint=/api/v1/predict&hours=24'],
  ['administrator', 'admin/audit?user_id=1'],
  ['administrator', 'admin/audit?action=/api/v1/predict'],
  ['administrator', 'admin/audit?endpoint=predict'],
  ['administrator', 'admin/audit?endpoint=predict&user_id=1'],
  ['administrator', 'admin/audit?endpoint=predict&action=/api/v1/predict'],
  ['administrator', 'admin/audit?method=DELETE'],
  ['administrator', 'admin/audit?status_code=401,403'],
  ['administrator', 'admin/audit?start_date=2026-01-01&end_date=2026-02-01'],
  ['administrator', 'admin/usage/admin?days=30'],
  ['administrator', 'admin/stats?period=7d'],
  ['administrator', 'admin/system/health'],
  ['administrator', 'admin/users'],
  ['client', `client/spend?${MONTH}`],
  ['client', 'client/billing'],
  ['administrator', 'admin/billing'],
  ['provider', `provider/earnings?${MONTH}`],
  ['client', 'billing/balance'],
  ['client', 'billing/statement'],
  ['client', 'client/webhooks/deliveries?status=pending'],
  ['administrator', '/metrics'],
];

interface Statement {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

describe.each(DATABASE_KINDS)('the plan of every listing and figure [%s]', (kind) => {
  let app: TestApp;
  const callers = new Map<string, Account>();
  const seen: Statement[] = [];
  beforeAll(async () => {
    app = await startTestApp({ database: kind, config: { swagger: false } });
    const accounts = new Accounts(app);
    for (const role of ['client', 'evaluator', 'provider'] as const)
      callers.set(role, await accounts.make(role));
    await fill(app);
    record(app, seen);
  }, 60_000);
  afterAll(() => app.close());

  it.each(ASKED)('for %s: %s reads no growing table from end to end, and sorts none', async (who, path) => {
    seen.length = 0;
    const apiKey = callers.get(who)?.apiKey ?? ADMIN_KEY;
    const answer = await app.get(path.startsWith('/') ? path : `/api/v1/${path}`, { apiKey });
    expect({ path, status: answer.status }).toEqual({ path, status: 200 });
    const asked = seen.filter(({ sql }) => /^\s*(?:WITH|SELECT)/i.test(sql));
    expect(asked.length).toBeGreaterThan(0);
    for (const statement of asked)
      expect({ sql: statement.sql, faults: await faultsOf(app, kind, statement) }).toEqual({
        sql: statement.sql,
        faults: [],
      });
  });
});

/** Enough rows for a planner to prefer an index to a sort. */
async function fill(app: TestApp): Promise<void> {
  const numbers = (count: number): string =>
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})`;
  const moment = (i: string): string => `'2026-01-0' || (1 + ${i} % 9) || 'T00:00:00.000Z'`;
  await app.database.run(async ({ manager }) => {
    await manager.query(
      `${numbers(2_000)} INSERT INTO api_logs (request_id, correlation_id, user_id, ip_address, endpoint, method, request_timestamp,
         response_status_code, response_time_ms)
       SELECT 'r' || i, 'c', 1 + i % 5, '127.0.0.1', '/api/v1/' || (i % 20), CASE WHEN i % 50 = 0 THEN 'PUT' ELSE 'GET' END,
         ${moment('i')}, CASE WHEN i % 40 = 0 THEN 401 ELSE 200 END, 1 FROM n`,
    );
    await manager.query(
      `${numbers(2_000)} INSERT INTO predictions (task_id, user_id, "timestamp", created_at, status, symbol, ticker, "interval",
         predictor_plugin, feeder_plugin, pipeline_plugin, prediction_type, result)
       SELECT 't' || i, 2 + i % 5, ${moment('i')}, ${moment('i')}, 'failed', 'X', 'X', '1h', 'p', 'f', 'q', 'short_term',
         '{"request":{},"error":"none","error_code":"none"}' FROM n`,
    );
  });
  if (app.database.kind === 'postgres') await app.database.query('ANALYZE');
}

/** Notes every statement that either side of the application sends from now on. */
function record(app: TestApp, seen: Statement[]): void {
  const database = app.app.get(Database, { strict: false });
  const noted = new WeakSet<object>();
  const note = (runner: QueryRunner): QueryRunner => {
    if (noted.has(runner)) return runner;
    noted.add(runner);
    const query = runner.query.bind(runner) as (...statement: unknown[]) => Promise<unknown>;
    runner.query = ((sql: string, parameters: unknown[] = [], ...rest: unknown[]) => {
      seen.push({ sql, parameters });
      return query(sql, parameters, ...rest);
    }) as typeof runner.query;
    return runner;
  };
  for (const source of new Set([database.reader, database.writer])) {
    const create = source.createQueryRunner.bind(source);
    source.createQueryRunner = (...mode) => note(create(...mode));
  }
  const { queryRunner } = database.readApart.manager; // SQLite: that of the reading processes
  if (queryRunner !== undefined) note(queryRunner);
}

function faultsOf(app: TestApp, kind: DatabaseKind, statement: Statement): Promise<string[]> {
  return kind === 'sqlite' ? sqliteFaults(app, statement) : postgresFaults(app, statement);
}

/** A scan that no LIMIT ends, one without an index, or a sort of more than the last terms. */
async function sqliteFaults(app: TestApp, { sql, parameters }: Statement): Promise<string[]> {
  const rows = (await app.database.database.reader.query(`EXPLAIN QUERY PLAN ${sql}`, [...parameters])) as {
    detail: string;
  }[];
  const details = rows.map(({ detail }) => detail);
  const scanned = details.filter((detail) => {
    const [, name] = /^SCAN (\w+)/.exec(detail) ?? [];
    if (name === undefined || !grows(name, sql)) return false;
    return !/USING (?:COVERING )?INDEX|USING INTEGER PRIMARY KEY/.test(detail)
      ? !/\bLIMIT\b/i.test(sql) || sorts(details)
      : !/\bLIMIT\b/i.test(sql);
  });
  return [
    ...scanned,
    ...(sorts(details) && details.some((one) => grows(/^(?:SCAN|SEARCH) (\w+)/.exec(one)?.[1] ?? '', sql))
      ? details
      : []),
  ];
}

const sorts = (details: readonly string[]): boolean =>
  details.some((detail) => detail === 'USE TEMP B-TREE FOR ORDER BY');

/** Whether a name or an alias in the statement is that of a table that grows. */
function grows(name: string, sql: string): boolean {
  if (GROWING.has(name)) return true;
  const [, table = ''] = new RegExp(`"?(\\w+)"?\\s+(?:AS\\s+)?"?${name}"?(?=[\\s,)]|$)`, 'i').exec(sql) ?? [];
  return GROWING.has(table);
}

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly Plans?: readonly PlanNode[];
}

/** A sequential scan or a whole sort that stays although both are forbidden. */
async function postgresFaults(app: TestApp, { sql, parameters }: Statement): Promise<string[]> {
  const runner = app.database.database.writer.createQueryRunner();
  try {
    await runner.query('BEGIN');
    await runner.query('SET LOCAL enable_seqscan = off');
    await runner.query('SET LOCAL enable_sort = off');
    await runner.query('SET LOCAL enable_bitmapscan = off');
    const rows = (await runner.query(`EXPLAIN (FORMAT JSON) ${sql}`, [...parameters])) as {
      'QUERY PLAN': { Plan: PlanNode }[];
    }[];
    const nodes = rows.flatMap((row) => row['QUERY PLAN'].flatMap(({ Plan }) => allOf(Plan)));
    const readsGrowing = nodes.some((node) => GROWING.has(node['Relation Name'] ?? ''));
    return nodes
      .filter(
        (node) =>
          (node['Node Type'] === 'Seq Scan' && GROWING.has(node['Relation Name'] ?? '')) ||
          (node['Node Type'] === 'Sort' && readsGrowing),
      )
      .map((node) => `${node['Node Type']} ${node['Relation Name'] ?? ''}`.trim());
  } finally {
    await runner.query('ROLLBACK');
    await runner.release();
  }
}

const allOf = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(allOf)];
