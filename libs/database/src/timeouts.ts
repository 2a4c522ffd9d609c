/**
 * Every deadline between the product and its database, in milliseconds; docs/operations.md lists them for operators. A
 * server that stands still answers nothing, so those that count for it are kept on this side of the connection.
 */
export const DATABASE_TIMEOUTS = {
  /** PostgreSQL: to make a connection, or to wait for a free one of the pool. */
  connectMs: 5_000,
  /** PostgreSQL: a statement without an answer for so long makes us ask whether the server lives at all. */
  silenceMs: 3_000,
  /** PostgreSQL: a server that does not answer this question in time counts as away; what hangs is cut off. */
  probeMs: 1_500,
  /** Between two such questions while the database is away, locked or full. */
  probeEveryMs: 500,
  /** PostgreSQL: how often the connection that listens shows that it hears, and the database's time is asked for. */
  listenCheckMs: 5_000,
  /** PostgreSQL, with a replica: how often it is asked how far it is; who has written reads from the primary until it was. */
  replicaLookMs: 250,
  /** PostgreSQL's own guard against statements and transactions that hang; above the limit of the transaction runner. */
  statementMs: 60_000,
  /**
   * PostgreSQL: what a transaction may leave the server without a statement for. A machine that is cut off in the midst of one
   * keeps its locks for so long, so it is below the lease of a job: others wait for the lease, not for this.
   */
  idleTransactionMs: 15_000,
  /** PostgreSQL: a statement that waits longer for a lock fails, so that its transaction can end within its limit. */
  lockMs: 20_000,
  /** PostgreSQL: how long a connection of the overflow is kept without work. */
  poolIdleMs: 10_000,
  /** SQLite: how long it may hold the event loop to wait for another program's lock. */
  busyMs: 10,
  /** SQLite: how long a reading process is kept without work. */
  readerIdleMs: 60_000,
  /** SQLite: how long a write waits for another program's lock, without holding the event loop, before it is refused. */
  writeLockMs: 5_000,
  /** Either: how long a start waits for another process's migrations. */
  migrationMs: 120_000,
  /** Either: a transaction that is open longer is rolled back. */
  transactionMs: 30_000,
} as const;

/** PostgreSQL, in a transaction that nobody waits for: it may be without a statement for as long as one may take. */
export const LONGER_IDLE = `SET LOCAL idle_in_transaction_session_timeout = ${DATABASE_TIMEOUTS.statementMs}`;
