import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ADMIN_KEY, startTestApp, type TestApp } from '../../harness/app.js';
import { DATABASE_KINDS } from '../../harness/databases.js';
import { faultsOf, record, type Statement } from '../../harness/plans.js';
import { type Account, Accounts } from '../../security/accounts.js';

type Who = 'client' | 'evaluator' | 'provider' | 'administrator';
type Question = readonly [who: Who, path: string];

/** Of no order. */
const ORDER_ID = 'prediction_id=00000000-0000-4000-8000-000000000000';
const MONTH = 'from=2026-01-01&to=2026-02-01';
const DAYS = 'start_date=2026-01-01&end_date=2026-02-01';

/** No filter, each one, and every two of them: of more, all but one are looked at in the same way. */
const choices = (filters: readonly string[]): string[][] => [
  [],
  ...filters.map((one) => [one]),
  ...filters.flatMap((one, index) => filters.slice(index + 1).map((other) => [one, other])),
];

/** Filters in every order. The words are of rows that are there: `X` is common, `RARE` is not. */
const lists = (
  who: Who,
  path: string,
  filters: readonly string[],
  sorts: readonly string[] = [],
): Question[] =>
  choices(filters).flatMap((chosen) =>
    (sorts.length === 0
      ? [[]]
      : sorts.flatMap((sort) => [
          [`sort=${sort}`, 'order=asc'],
          [`sort=${sort}`, 'order=desc'],
        ])
    ).map((sorted): Question => [who, `${path}?${[...chosen, ...sorted].join('&')}`]),
  );

const PENDING_SORTS = ['priority', 'created_at', 'payment', 'effort'];
const ORDER_SORTS = ['created_at', 'completed_at', 'priority', 'cost'];
const ORDER_FILTERS = ['status=failed', 'symbol=X', 'prediction_type=custom', DAYS];
const AUDIT_FILTERS = ['user_id=1', 'method=DELETE', 'status_code=401,403', 'action=/api/v1/predict', DAYS];

/** Every listing with its filters and orders, and every figure. */
const ASKED: readonly Question[] = [
  ['client', 'predictions/?limit=20'],
  ['client', 'models/random_walk_predictor/scorecard'],
  ['client', 'models/random_walk_predictor/scorecard?symbol=SP500&horizon=3'],
  ['client', 'scoreboard'],
  ['client', 'models'],
  ['provider', 'provider/stats'],
  ['administrator', 'predictions/?limit=20&offset=40'],
  ['client', 'secure/predictions?limit=20'],
  ['client', 'backtests'],
  ['administrator', 'backtests'],
  ...lists('client', 'client/predictions', ORDER_FILTERS, ORDER_SORTS),
  ...lists('client', 'client/predictions', ['status=pending', 'symbol=RARE', DAYS], ORDER_SORTS),
  ...lists('administrator', 'client/predictions', ORDER_FILTERS, ORDER_SORTS),
  ...lists('administrator', 'client/predictions', ['status=pending', 'symbol=RARE', DAYS], ORDER_SORTS),
  ...lists(
    'evaluator',
    'evaluator/pending',
    ['symbol=X', 'prediction_type=custom', 'predictor_plugin=p', 'min_payment=1', 'max_priority=9'],
    PENDING_SORTS,
  ),
  ...lists(
    'evaluator',
    'evaluator/pending',
    ['symbol=RARE', 'max_payment=9', 'min_priority=2'],
    PENDING_SORTS,
  ),
  ...lists('evaluator', 'evaluator/assigned', ['status=overdue', 'include_expired=true']),
  ['evaluator', 'evaluator/stats?period=7d'],
  ...lists('administrator', 'admin/logs', ['user=admin', 'endpoint=/api/v1/predict', 'hours=24']),
  ...lists('administrator', 'admin/audit', AUDIT_FILTERS),
  ...lists('administrator', 'admin/audit', [
    'endpoint=predict',
    'user_id=1',
    'method=GET',
    'status_code=200',
  ]),
  ['administrator', 'admin/usage/admin?days=30'],
  ['administrator', 'admin/usage/admin?days=365'],
  ['administrator', 'admin/stats?period=7d'],
  ['administrator', 'admin/system/health'],
  ...lists('administrator', 'admin/users', ['role=client', 'is_active=true', 'search=a']),
  ['client', `client/spend?${MONTH}`],
  ...lists('client', 'client/billing', [MONTH]),
  ...lists('administrator', 'admin/billing', [MONTH]),
  ['administrator', `admin/billing/summary?${MONTH}`],
  ['provider', `provider/earnings?${MONTH}`],
  ['client', 'billing/balance'],
  ['client', 'billing/statement'],
  ['client', 'billing/credits'],
  ['client', 'client/invoices'],
  ...lists('administrator', 'admin/invoices', ['month=2026-01', 'user_id=1']),
  ...(['client', 'administrator'] as const).flatMap((who) =>
    lists(who, 'client/webhooks/deliveries', [
      'status=failed',
      'event_type=prediction.completed',
      ORDER_ID,
      DAYS,
    ]),
  ),
  ['administrator', '/metrics'],
];

interface Row {
  readonly id: string;
  readonly user_id: number;
  readonly [column: string]: string | number | null;
}

/** By columns, the first before the next; one with a `-` falls. */
const sortedBy =
  (...columns: readonly string[]) =>
  (one: Row, other: Row): number => {
    for (const column of columns) {
      const name = column.replace(/^-/, '');
      const [first, second] = [one[name] ?? '', other[name] ?? ''];
      if (first !== second) return first < second === column.startsWith('-') ? 1 : -1;
    }
    return 0;
  };

/** Whether a row meets a filter of a path. */
function meets(row: Row, filter: string, value: string): boolean {
  if (filter === 'sort' || filter === 'order') return true;
  if (filter === 'min_payment') return Number(row.estimated_payment_micros) >= Number(value) * 1e6;
  if (filter === 'max_priority') return Number(row.priority) <= Number(value);
  if (filter === 'start_date') return String(row.created_at) >= value;
  return row[filter] === value;
}

const BY_PAYMENT = sortedBy('-estimated_payment_micros', '-priority', 'created_at', 'id');
const BY_COST = sortedBy('-estimated_cost_micros', '-created_at', 'id');
const BY_END = sortedBy('-completed_at', '-created_at', 'id');
/** Few that match and many, by each way to find them, with the order that they are to have. */
const FOUND: readonly (readonly [...Question, sorted: (one: Row, other: Row) => number])[] = [
  ['evaluator', 'evaluator/pending?symbol=X&sort=payment&order=desc', BY_PAYMENT],
  ['evaluator', 'evaluator/pending?symbol=RARE&sort=payment&order=desc', BY_PAYMENT],
  ['evaluator', 'evaluator/pending?symbol=RARE&prediction_type=custom&sort=payment&order=desc', BY_PAYMENT],
  [
    'evaluator',
    'evaluator/pending?min_payment=3.00069&sort=created_at',
    sortedBy('-created_at', '-priority', 'id'),
  ],
  [
    'evaluator',
    'evaluator/pending?min_payment=3.0001&max_priority=7',
    sortedBy('-priority', 'created_at', 'id'),
  ],
  [
    'evaluator',
    'evaluator/pending?symbol=RARE&max_priority=7&sort=effort',
    sortedBy('-effort', '-priority', 'created_at', 'id'),
  ],
  ['client', 'client/predictions?symbol=X&status=failed&sort=cost', BY_COST],
  ['client', 'client/predictions?symbol=RARE&sort=cost', BY_COST],
  ['client', 'client/predictions?symbol=X&sort=completed_at', BY_END],
  ['client', 'client/predictions?symbol=RARE&status=completed&sort=completed_at', BY_END],
  [
    'client',
    'client/predictions?symbol=RARE&start_date=2026-01-05T00:00:00.000Z',
    sortedBy('-created_at', 'id'),
  ],
];

/** By caller and route. */
const LISTS = new Map<string, Question[]>();
for (const [who, path] of ASKED) {
  const name = `${who}: ${path.split('?')[0] ?? path}`;
  LISTS.set(name, [...(LISTS.get(name) ?? []), [who, path]]);
}

describe.each(DATABASE_KINDS)('the plan of every listing and figure [%s]', (kind) => {
  let app: TestApp;
  const callers = new Map<string, Account>();
  const seen: Statement[] = [];
  const known = new Set<string>();
  beforeAll(async () => {
    app = await startTestApp({ database: kind, config: { swagger: false } });
    const accounts = new Accounts(app);
    for (const role of ['client', 'evaluator', 'provider'] as const)
      callers.set(role, await accounts.make(role));
    await fill(app, callers.get('client')?.id ?? 0);
    record(app, seen);
  }, 60_000);
  afterAll(() => app.close());

  it.each([...LISTS])('for %s reads no growing table from end to end, and sorts none', async (_, asked) => {
    for (const [who, path] of asked) {
      seen.length = 0;
      const apiKey = callers.get(who)?.apiKey ?? ADMIN_KEY;
      const answer = await app.get(path.startsWith('/') ? path : `/api/v1/${path}`, { apiKey });
      expect({ path, status: answer.status }).toEqual({ path, status: 200 });
      const statements = seen.filter(({ sql }) => /^\s*(?:WITH|SELECT)/i.test(sql));
      expect(statements.length).toBeGreaterThan(0);
      for (const statement of statements) {
        if (known.has(statement.sql)) continue; // a plan depends on the text alone
        known.add(statement.sql);
        const faults = await faultsOf(app, statement);
        expect({ path, sql: statement.sql, faults }).toEqual({ path, sql: statement.sql, faults: [] });
      }
    }
  });

  it.each(FOUND)('finds for %s: %s exactly what matches, in its order', async (who, path, sorted) => {
    const [route, query = ''] = path.split('?');
    const parameters = new URLSearchParams(query);
    const rows = await app.database.query<Row>('SELECT * FROM prediction_jobs');
    const expected = rows
      .filter((row) =>
        who === 'client' ? row.user_id === callers.get('client')?.id : row.status === 'pending',
      )
      .filter((row) => [...parameters].every(([name, value]) => meets(row, name, value)))
      .sort(sorted);
    const apiKey = callers.get(who)?.apiKey ?? ADMIN_KEY;
    const answer = await app.get(`/api/v1/${route ?? ''}?${query}&limit=30&offset=3`, { apiKey });
    const body = answer.body as Record<string, unknown>;
    const listed = (body.predictions ?? body.pending_requests) as { id: string }[];
    expect(listed.map(({ id }) => id)).toEqual(expected.slice(3, 33).map(({ id }) => id));
    expect(body.total_pending ?? body.total_count).toBe(expected.length);
  });

  it('for the place of a new order finds what is too old by its age, however much waits', async () => {
    if (kind === 'postgres') return; // its planner knows how much waits, and by which index little is read
    seen.length = 0;
    const order = {
      symbol: 'SP500',
      prediction_type: 'short_term',
      datetime_requested: '2099-01-01T00:00:00Z',
    };
    await app.post('/api/v1/client/predict', order, { apiKey: callers.get('client')?.apiKey ?? '' });
    const found = seen.filter(({ sql }) => /COUNT.*expires_at/.test(sql));
    expect(found).toHaveLength(1);
    for (const { sql, parameters } of found) {
      const { reader } = app.database.database;
      const plan: { detail: string }[] = await reader.query(`EXPLAIN QUERY PLAN ${sql}`, [...parameters]);
      expect(plan.map(({ detail }) => detail).join()).toMatch(/ix_prediction_jobs_expiry/);
    }
  });
});

/** Enough rows for a planner to prefer an index to a sort. */
async function fill(app: TestApp, client: number): Promise<void> {
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
  await app.database.run(async ({ manager }) => {
    await manager.query(`${numbers(4_000)} ${ordersOf(client, moment('i'))}`);
    await manager.query(
      `${numbers(500)} INSERT INTO webhook_deliveries (id, user_id, prediction_id, event_type, url, body, status, created_at)
       SELECT 'd' || i, ${client} + i % 2, 'o' || i, 'prediction.completed', 'https://example.com', '{}',
         CASE WHEN i % 10 = 0 THEN 'failed' ELSE 'delivered' END, ${moment('i')} FROM n`,
    );
  });
  if (app.database.kind === 'postgres') await app.database.query('ANALYZE');
}

/** Half of them wait, half are the client's; one of 200 is about a rare symbol. */
const ordersOf = (client: number, moment: string): string => `
  INSERT INTO prediction_jobs (id, task_id, user_id, symbol, ticker, model_name, status, request_payload, prediction_type,
    datetime_requested, lookback_ticks, predictor_plugin, feeder_plugin, pipeline_plugin, "interval", prediction_horizon, priority,
    effort, client_tier, currency, estimated_cost_micros, estimated_payment_micros, provider_id, lease_epoch, created_at, updated_at,
    completed_at, expires_at)
  SELECT 'o' || i, 't' || i, CASE WHEN i % 4 < 2 THEN ${client} ELSE 1 END, CASE WHEN i % 200 < 2 THEN 'RARE' ELSE 'X' END, 'X', 'm',
    CASE WHEN i % 2 = 0 THEN 'pending' WHEN i % 3 = 0 THEN 'failed' ELSE 'completed' END, '{}',
    CASE WHEN i % 5 < 2 THEN 'custom' ELSE 'short_term' END, ${moment}, 1000, 'p', 'f', 'q', '1h', 6, 1 + i % 10, 1 + i % 3, 'basic',
    'USD', 5000000, 3000000 + i % 700, 0, 0, ${moment}, ${moment}, CASE WHEN i % 2 = 0 THEN NULL ELSE ${moment} END,
    '2099-01-01T00:00:00.000Z' FROM n`;
