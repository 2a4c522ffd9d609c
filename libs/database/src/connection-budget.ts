import type { Database } from './database.js';
import { DatabaseOpenError } from './open-error.js';
import { runSql } from './statements.js';

/** Connections that one process makes beside its pool: one listens, one asks whether the server lives. */
const BESIDE_POOL = 2;

/** What a process may ask for. */
export interface ConnectionBudget {
  readonly poolSize: number;
  readonly poolOverflow: number;
  /** For the delivery of jobs. */
  readonly queue: number;
  /** Processes that this command starts. */
  readonly processes: number;
}

/**
 * PostgreSQL: whether the server can give this command all connections that it may ask for under load. Better now, with the
 * figures, than refused requests at the first peak.
 * @throws DatabaseOpenError `connection_budget`
 */
export async function assertConnectionBudget(database: Database, budget: ConnectionBudget): Promise<void> {
  if (database.kind !== 'postgres') return;
  const [row] = await runSql<{ most: number; reserved: number }>(
    database.read,
    `SELECT current_setting('max_connections')::int AS most,
       current_setting('superuser_reserved_connections')::int
         + coalesce(current_setting('reserved_connections', true), '0')::int AS reserved`,
  );
  const { poolSize, poolOverflow, queue, processes } = budget;
  const each = poolSize + poolOverflow + queue + BESIDE_POOL;
  const free = Number(row?.most) - Number(row?.reserved);
  if (each * processes <= free) return;
  const several = processes === 1 ? '' : ` times ${processes} processes (workers) = ${each * processes}`;
  throw new DatabaseOpenError(
    'connection_budget',
    `PostgreSQL allows ${free} connections (max_connections ${row?.most} less ${row?.reserved} reserved), and this command may ask for ${each}${several}: ` +
      `database_pool_size ${poolSize} + database_max_overflow ${poolOverflow} + ${queue} for the delivery of jobs + ${BESIDE_POOL} that listen and probe; ` +
      'lower database_max_overflow, database_pool_size or workers, or raise max_connections',
  );
}
