/** Rows of a busy desk's year, made by the databases themselves from a row's number, so that every run has the same. */
import Sqlite from 'better-sqlite3';
import { Client } from 'pg';

/** How many rows there shall be. */
export interface Growing {
  readonly orders: number;
  readonly predictions: number;
  readonly requests: number;
}

/** A database that is filled from outside of the service. */
export interface Filling {
  readonly kind: 'SQLite' | 'PostgreSQL';
  /** Adds what is missing of so many rows. */
  fill(rows: Growing): Promise<void>;
  /** Resolves when the service has added up all figures. */
  settled(): Promise<void>;
}

const CHUNK = 20_000;
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
  numbers: (from, to) => `WITH n(i) AS (SELECT generate_series(${from}, ${to}))`,
  padded: `right('000000000000' || i, 12)`,
  minutesAgo: (minutes) =>
    `to_char((now() - (${minutes}) * interval '1 minute') AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`,
};

const spread = (i: string): string => `(${i} * 7919) % ${YEAR_MINUTES}`;
const of = (words: readonly string[], i: string): string =>
  `CASE (${i}) % ${words.length} ${words.map((word, index) => `WHEN ${index} THEN '${word}'`).join(' ')} END`;
const SYMBOLS = ['EURUSD', 'GBPUSD', 'USDJPY', 'SP500', 'AAPL', 'MSFT', 'XAUUSD', 'BTCUSD'];
const PENDING = '(i % 10) < 3';

const orders = ({ minutesAgo, padded }: Dialect): string => `
  INSERT INTO prediction_jobs (id, task_id, user_id, symbol, ticker, model_name, status, request_payload, prediction_type,
    datetime_requested, lookback_ticks, predictor_plugin, feeder_plugin, pipeline_plugin, "interval", prediction_horizon, priority,
    effort, client_tier, currency, estimated_cost_micros, estimated_payment_micros, provider_id, lease_epoch, claimed_by,
    claimed_at, processing_time_ms, created_at, updated_at, completed_at, expires_at)
  SELECT '00000000-0000-4000-8000-' || ${padded}, '00000000-0000-4000-9000-' || ${padded},
    CASE WHEN i % 4 = 0 THEN 2 ELSE 100 + i % 50 END, ${of(SYMBOLS, 'i')}, ${of(SYMBOLS, 'i')}, 'default_predictor',
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

/** Statements that add the rows from one number to another, a chunk at a time. */
function* chunks(dialect: Dialect, insert: string, from: number, to: number): Generator<string> {
  for (let start = from + 1; start <= to; start += CHUNK) {
    const numbers = dialect.numbers(start, Math.min(to, start + CHUNK - 1));
    yield numbers.startsWith('WITH RECURSIVE') ? `${numbers} ${insert}` : `${numbers}${insert}`;
  }
}

export function fillingOf(kind: Filling['kind'], place: string): Filling {
  const dialect = kind === 'SQLite' ? SQLITE : POSTGRES;
  let there: Growing = { orders: 0, predictions: 0, requests: 0 };
  const run = kind === 'SQLite' ? onSqlite(place) : onPostgres(place);
  return {
    kind,
    fill: async (rows) => {
      await run(function* () {
        yield* chunks(dialect, orders(dialect), there.orders, rows.orders);
        yield* chunks(dialect, predictions(dialect), there.predictions, rows.predictions);
        yield* chunks(dialect, requests(dialect, rows.requests), there.requests, rows.requests);
        if (kind === 'PostgreSQL') yield 'ANALYZE';
      });
      there = rows;
    },
    settled: async () => {
      const query = `SELECT (SELECT COUNT(*) FROM (SELECT 1 FROM figure_changes LIMIT 1) AS one)
        + CASE WHEN (SELECT MAX(id) FROM api_logs) > (SELECT COALESCE(MAX(amount), 0) FROM figures
            WHERE source = 'requests' AND owner_id = -2 AND period = '' AND name = 'through') + 1000 THEN 1 ELSE 0 END AS open`;
      for (;;) {
        const rows = await run(function* () {
          yield query;
        });
        if (Number(rows[0]?.open) === 0) return;
        await new Promise((done) => setTimeout(done, 1_000));
      }
    },
  };
}

type Rows = { readonly open?: number | string }[];
type Run = (statements: () => Generator<string>) => Promise<Rows>;

const onSqlite =
  (path: string): Run =>
  async (statements) => {
    const database = new Sqlite(path, { timeout: 30_000 });
    try {
      let rows: Rows = [];
      for (const sql of statements()) {
        const statement = database.prepare(sql);
        if (statement.reader) rows = statement.all() as Rows;
        else statement.run();
        await new Promise((done) => setTimeout(done, 20)); // the service writes, too
      }
      return rows;
    } finally {
      database.close();
    }
  };

const onPostgres =
  (url: string): Run =>
  async (statements) => {
    const client = new Client({ connectionString: url });
    await client.connect();
    try {
      let rows: Rows = [];
      for (const sql of statements()) ({ rows } = await client.query<{ open?: string }>(sql));
      return rows;
    } finally {
      await client.end();
    }
  };
