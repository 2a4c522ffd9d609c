/** Rows of a busy desk's year, made by the databases themselves from a row's number, so that every run has the same. */
import { Database, type DatabaseLocation, TransactionRunner } from '#libs/database';
import { systemClock } from '#libs/kernel';
import { configOf } from '#libs/testing';
import { DataSource, type QueryRunner } from 'typeorm';
import { FIGURED } from '../libs/database/src/migrations/1796000000020-figures.js';
import { forgetFigures, keepFigures } from '../libs/database/src/migrations/kept-figures.js';
import { entities, migrations } from '../src/app/schema.js';
import { LoggedRequests } from '../src/audit/logged-requests.repository.js';
import { AuditSealRepository } from '../src/audit/seal/audit-seal.repository.js';
import { SealAudit } from '../src/audit/seal/seal-audit.service.js';

/** How many rows there shall be. */
export interface Growing {
  readonly orders: number;
  readonly predictions: number;
  readonly requests: number;
}

const CHUNK = 50_000;
const YEAR_MINUTES = 525_600;

/** What differs between the databases. */
interface Dialect {
  /** Rows `i` from one number to another. */
  readonly numbers: (from: number, to: number) => string;
  /** The moment so many minutes ago, as the service stores it. */
  readonly minutesAgo: (minutes: string) => string;
  /** The row's number with twelve digits. */
  readonly padded: string;
}

const SQLITE: Dialect = {
  numbers: (from, to) =>
    `WITH RECURSIVE n(i) AS (SELECT ${from} UNION ALL SELECT i + 1 FROM n WHERE i < ${to})`,
  padded: `substr('000000000000' || i, -12)`,
  minutesAgo: (minutes) => `strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-' || (${minutes}) || ' minutes')`,
};
const POSTGRES: Dialect = {
  numbers: (from, to) => `WITH n(i) AS (SELECT generate_series(${from}::bigint, ${to}))`,
  padded: `right('000000000000' || i, 12)`,
  minutesAgo: (minutes) =>
    `to_char((now() - (${minutes}) * interval '1 minute') AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`,
};

const spread = (i: string): string => `(${i} * 7919) % ${YEAR_MINUTES}`;
const of = (words: readonly string[], i: string): string =>
  `CASE (${i}) % ${words.length} ${words.map((word, index) => `WHEN ${index} THEN '${word}'`).join(' ')} END`;
const SYMBOLS = ['EURUSD', 'GBPUSD', 'USDJPY', 'SP500', 'AAPL', 'MSFT', 'XAUUSD', 'BTCUSD'];
/** None of user 2, who is to submit others: no client may have so many open. */
const PENDING = '(i % 10) < 3';

const orders = ({ minutesAgo, padded }: Dialect): string => `
  INSERT INTO prediction_jobs (id, task_id, user_id, symbol, ticker, model_name, status, request_payload, prediction_type,
    datetime_requested, lookback_ticks, predictor_plugin, feeder_plugin, pipeline_plugin, "interval", prediction_horizon, priority,
    effort, client_tier, currency, estimated_cost_micros, estimated_payment_micros, provider_id, lease_epoch, claimed_by,
    claimed_at, processing_time_ms, created_at, updated_at, completed_at, expires_at)
  SELECT '00000000-0000-4000-8000-' || ${padded}, '00000000-0000-4000-9000-' || ${padded},
    CASE WHEN i % 4 = 0 AND NOT ${PENDING} THEN 2 ELSE 100 + i % 50 END, ${of(SYMBOLS, 'i')}, ${of(SYMBOLS, 'i')}, 'default_predictor',
    CASE WHEN ${PENDING} THEN 'pending' WHEN i % 50 = 49 THEN 'failed' ELSE 'completed' END, '{}',
    ${of(['short_term', 'long_term', 'custom'], 'i')}, ${minutesAgo(spread('i'))}, 1000, 'default_predictor', 'default_feeder',
    'default_pipeline', '1h', 6, 1 + i % 10, 1 + i % 3, 'basic', 'USD', 5000000 + (i % 700) * 1000, 3500000 + (i % 700) * 700, 0,
    CASE WHEN ${PENDING} THEN 0 ELSE 1 END, CASE WHEN ${PENDING} THEN NULL ELSE 200 + i % 16 END,
    CASE WHEN ${PENDING} THEN NULL ELSE ${minutesAgo(spread('i'))} END, CASE WHEN ${PENDING} THEN NULL ELSE 1500.5 END,
    ${minutesAgo(spread('i'))}, ${minutesAgo(spread('i'))}, CASE WHEN ${PENDING} THEN NULL ELSE ${minutesAgo(spread('i'))} END,
    CASE WHEN ${PENDING} THEN '2099-01-01T00:00:00.000Z' ELSE ${minutesAgo(spread('i'))} END FROM n`;

const RESULT =
  '{"request":{"symbol":"X","ticker":"X","interval":"1h","prediction_type":"short_term"},"error":"none","error_code":"none"}';
const predictions = ({ minutesAgo }: Dialect): string => `
  INSERT INTO predictions (task_id, user_id, "timestamp", created_at, started_at, completed_at, status, symbol, ticker, "interval",
    predictor_plugin, feeder_plugin, pipeline_plugin, prediction_type, result)
  SELECT 'bench-' || i, CASE WHEN i % 4 = 0 THEN 2 ELSE 100 + i % 50 END, ${minutesAgo(spread('i'))}, ${minutesAgo(spread('i'))},
    ${minutesAgo(spread('i'))}, ${minutesAgo(spread('i'))}, 'failed', ${of(SYMBOLS, 'i')}, ${of(SYMBOLS, 'i')}, '1h',
    'default_predictor', 'default_feeder', 'default_pipeline', 'short_term', '${RESULT}' FROM n`;

const requests = ({ minutesAgo }: Dialect, count: number): string => `
  INSERT INTO api_logs (request_id, correlation_id, user_id, ip_address, endpoint, method, request_timestamp, response_status_code,
    response_time_ms)
  SELECT 'bench-' || i, 'bench', CASE WHEN i % 4 = 0 THEN 2 ELSE 100 + i % 50 END, '192.0.2.1', '/api/v1/predictions/' || (i % 1000),
    CASE WHEN i % 20 = 0 THEN 'POST' ELSE 'GET' END, ${minutesAgo(`${YEAR_MINUTES} - i * ${YEAR_MINUTES}.0 / ${count}`)},
    CASE WHEN i % 100 = 0 THEN 401 ELSE 200 END, 2.5 FROM n`;

/** Statements that add so many rows, a chunk at a time. */
function* chunks(dialect: Dialect, insert: string, to: number): Generator<string> {
  for (let start = 1; start <= to; start += CHUNK) {
    const numbers = dialect.numbers(start, Math.min(to, start + CHUNK - 1));
    yield numbers.startsWith('WITH RECURSIVE') ? `${numbers} ${insert}` : `${numbers}${insert}`;
  }
}

const TABLES = ['predictions', 'prediction_jobs', 'api_logs'];
const IN_TABLES = TABLES.map((table) => `'${table}'`).join(', ');

/**
 * Adds rows while no service runs: without the indexes and triggers of the tables, which are put back as they were, then with the
 * figures, sums and seals that the service would have made.
 */
export async function fill(location: DatabaseLocation, rows: Growing): Promise<void> {
  const database = await Database.open({ location, entities, migrations });
  try {
    // the service gives its own connections up when a statement takes longer than a minute, as that for an index may
    const plain =
      location.kind === 'postgres'
        ? await new DataSource({ type: 'postgres', url: location.url }).initialize()
        : null;
    const runner = (plain ?? database.writer).createQueryRunner();
    try {
      await addRows(runner, location.kind, rows);
    } finally {
      await runner.release();
      await plain?.destroy();
    }
    await settle(database);
  } finally {
    await database.close();
  }
}

async function addRows(runner: QueryRunner, kind: DatabaseLocation['kind'], rows: Growing): Promise<void> {
  for (const statement of kind === 'sqlite' ? SQLITE_HASTE : POSTGRES_HASTE) await runner.query(statement);
  for (const figured of FIGURED) await forgetFigures(runner, figured);
  const aside = await takeAside(runner, kind);
  const dialect = kind === 'sqlite' ? SQLITE : POSTGRES;
  for (const statement of [
    ...chunks(dialect, orders(dialect), rows.orders),
    ...chunks(dialect, predictions(dialect), rows.predictions),
    ...chunks(dialect, requests(dialect, rows.requests), rows.requests),
    ...aside,
    `DELETE FROM figures WHERE source <> 'requests'`,
    'DELETE FROM figure_changes',
  ])
    await runner.query(statement);
  for (const figured of FIGURED) await keepFigures(runner, figured);
  if (kind === 'postgres')
    for (const table of [...TABLES, 'figures', 'figure_days', 'figure_months', 'figure_changes'])
      await runner.query(`VACUUM ANALYZE ${table}`);
}

const SQLITE_HASTE = ['PRAGMA cache_size = -500000', 'PRAGMA temp_store = MEMORY'];
const POSTGRES_HASTE = [
  'SET statement_timeout = 0',
  'SET synchronous_commit = off',
  `SET maintenance_work_mem = '256MB'`,
  'SET max_parallel_maintenance_workers = 0',
  `SET work_mem = '256MB'`,
];

/** Takes what makes an insert slow away; returns the statements that put it back. */
async function takeAside(runner: QueryRunner, kind: DatabaseLocation['kind']): Promise<string[]> {
  if (kind === 'sqlite') {
    const found = (await runner.query(
      `SELECT type, name, sql FROM sqlite_master WHERE tbl_name IN (${IN_TABLES}) AND type IN ('index', 'trigger') AND sql IS NOT NULL`,
    )) as { type: string; name: string; sql: string }[];
    for (const { type, name } of found) await runner.query(`DROP ${type} "${name}"`);
    return found.map(({ sql }) => sql);
  }
  // only those of figures fire at an insertion
  const found = (await runner.query(
    `SELECT indexname AS name, indexdef AS sql FROM pg_indexes WHERE tablename IN (${IN_TABLES})
       AND indexname NOT IN (SELECT conname FROM pg_constraint)`,
  )) as { name: string; sql: string }[];
  for (const { name } of found) await runner.query(`DROP INDEX "${name}"`);
  return found.map(({ sql }) => sql);
}

/** Adds up and seals the audit rows, as the service does behind its requests. */
async function settle(database: Database): Promise<void> {
  const transactions = new TransactionRunner(database);
  const logged = new LoggedRequests(database);
  const last = await logged.newestRow();
  while (await transactions.run((tx) => logged.addUp(tx, last)));
  await new SealAudit(new AuditSealRepository(database), transactions, configOf({}), systemClock).seal();
}
