/** From the 1 ms of an oracle's answer to the 30 s of a long wait; seconds. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] as const;

/** One series of `/metrics` and how it is read. */
export interface SeriesDeclaration {
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** One sentence for its readers; it ends in a full stop. */
  readonly help: string;
  /** Names of the labels, in the order in which they are shown. */
  readonly labels: readonly string[];
  /**
   * Whose figure it is: a process's own, put together over the processes of one service, or one of the database, which is
   * the same whoever is asked.
   */
  readonly of: 'process' | 'database';
  /** How the figures of several processes become one. */
  readonly together: 'sum' | 'min' | 'max' | 'first';
  /** Sets of labels that are kept apart; further ones are counted together under `other`. */
  readonly most: number;
  /** Upper bounds of a histogram, ascending, without the infinite one; seconds. */
  readonly bounds?: readonly number[];
}

type Rest<L extends string> = Partial<Pick<SeriesDeclaration, 'of' | 'together' | 'most'>> & {
  readonly labels?: readonly L[];
};
type Declared<L extends string> = SeriesDeclaration & { readonly labels: readonly L[] };

const declared =
  (type: SeriesDeclaration['type'], bounds?: readonly number[]) =>
  <L extends string = never>(help: string, rest: Rest<L> = {}): Declared<L> => ({
    type,
    help,
    of: 'process',
    together: 'sum',
    most: 1_000,
    ...rest,
    labels: rest.labels ?? [],
    ...(bounds && { bounds }),
  });

const counter = declared('counter');
const gauge = declared('gauge');
const histogram = declared('histogram', SECONDS);

/** Every series of the product's own; Node's come beside them. `npm run docs` writes their table. */
export const SERIES = {
  http_requests_total: counter(
    'Number of finished requests. The route is a template; status 499 means that the client disconnected.',
    { labels: ['method', 'route', 'status'] },
  ),
  http_request_duration_seconds: histogram(
    'Duration of requests, from the first byte of the request line to the last byte of the answer.',
    { labels: ['method', 'route'] },
  ),
  predictions_total: counter(
    'Number of core predictions that ended, by predictor and by `completed` or the code of the error.',
    { labels: ['plugin', 'result'], most: 200 },
  ),
  prediction_stage_seconds: histogram(
    'Time of completed core predictions by stage: `queued` until a process had it, `fetch` of the bars, `predict`, and `total` from submit to result.',
    { labels: ['stage'] },
  ),
  job_runs_total: counter(
    'Number of runs of jobs that left a process, by outcome: `completed`, `failed`, `cancelled`, `requeued` for another attempt, `lost` to another process.',
    { labels: ['kind', 'outcome'] },
  ),
  job_wait_seconds: histogram('Time from the moment a job was due to its claim.', { labels: ['kind'] }),
  job_run_seconds: histogram('Time from the claim of a job to the end of its run.', { labels: ['kind'] }),
  webhook_attempts_total: counter(
    'Number of calls of receivers, by `delivered` or the reason why not (docs/webhooks.md).',
    { labels: ['result'] },
  ),
  model_loads_total: counter('Number of model files read, by `loaded` or `failed`.', { labels: ['result'] }),
  model_load_seconds: histogram('Time to read a model file and make it ready.'),
  data_newest_bar_timestamp_seconds: gauge(
    'Opening time of the newest bar that the last question about the present saw, as a Unix time. `time()` minus it is the age of the data.',
    { labels: ['feeder', 'symbol', 'interval'], together: 'max', most: 100 },
  ),
  data_notes_total: counter('Number of answers with a note about their data, by the code of the note.', {
    labels: ['code'],
  }),
  database_up: gauge('1 while the database serves; 0 while it is away, locked or full.', { together: 'min' }),
  database_outages: gauge('Number of outages of the database since the start.', { together: 'max' }),
  database_refusals: gauge('Number of attempts that failed of them.'),
  database_connections: gauge(
    'Connections of the pool to PostgreSQL by state, `busy` or `idle`, and callers that are `waiting` for one. Absent on SQLite.',
    { labels: ['state'] },
  ),
  database_connections_limit: gauge('Most connections that the pool opens. Absent on SQLite.'),
  database_replica_lag_seconds: gauge(
    'How far the replica was behind when it was last asked; absent without one and while it is not known.',
    { together: 'max' },
  ),
  database_replica_reads: gauge(
    'Number of reads that could go to the replica, by where they went: `replica`, or `primary` because it was away or too far behind.',
    { labels: ['where'] },
  ),
  audit_rows_waiting: gauge(
    'Number of audit rows that wait for their commit; no request begins above 15,000.',
  ),
  log_lines_lost: gauge('Number of log lines that could not be written, by destination.', {
    labels: ['destination'],
  }),
  prediction_provider_build_info: gauge('1, with the version of the service and of what it runs on.', {
    labels: ['version', 'node', 'database', 'job_engine'],
    together: 'first',
  }),
  jobs: gauge(
    'Number of unfinished jobs: `queued` that are due, `planned` for later, `running` under a lease. At most the oldest 10,000 of each are counted. Those of kind `webhook` are the backlog of webhooks.',
    { labels: ['kind', 'status'], of: 'database' },
  ),
  jobs_oldest_wait_seconds: gauge('Time for which the longest-waiting job of a kind has been due.', {
    labels: ['kind'],
    of: 'database',
  }),
  leases_expired: gauge(
    'Number of leases that ran out and that nobody has dealt with yet: of jobs (at once), of orders (after a minute). At most 1,000 are counted.',
    { labels: ['of'], of: 'database' },
  ),
  predictions: gauge('Number of core predictions in the database by status.', {
    labels: ['status'],
    of: 'database',
  }),
  orders: gauge("Number of the marketplace's orders by status; those in `processing` are under a lease.", {
    labels: ['status'],
    of: 'database',
  }),
  orders_oldest_wait_seconds: gauge('Age of the oldest order that can still be claimed; 0 without one.', {
    of: 'database',
  }),
  ledger_balance: gauge(
    'Sum of all accounts of a kind in units of the currency. All kinds of a currency together are zero.',
    { labels: ['account', 'currency'], of: 'database' },
  ),
  seal_lag_seconds: gauge(
    'Age of the oldest row behind the last seal of a chain, `audit` or `ledger`; 0 when there is none.',
    { labels: ['chain'], of: 'database' },
  ),
  sealed_rows: gauge('Number of rows that a chain has sealed.', { labels: ['chain'], of: 'database' }),
} as const satisfies Readonly<Record<string, SeriesDeclaration>>;

export type SeriesName = keyof typeof SERIES;

/** The labels of a series, each with its value. */
export type LabelsOf<N extends SeriesName> = Readonly<Record<(typeof SERIES)[N]['labels'][number], string>>;

/** The table of all series for docs/metrics.md, as Markdown. */
export function seriesTable(): string {
  const declarations: readonly (readonly [string, SeriesDeclaration])[] = Object.entries(SERIES);
  const rows = declarations.map(([name, { type, labels, of, help }]) => {
    const names = labels.map((label) => `\`${label}\``).join(', ');
    return `| \`${name}\` | ${type} | ${names} | ${of} | ${help} |`;
  });
  return ['| Series | Type | Labels | Of | Meaning |', '| --- | --- | --- | --- | --- |', ...rows].join('\n');
}
