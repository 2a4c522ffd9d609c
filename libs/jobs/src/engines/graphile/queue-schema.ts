import type { Logger } from 'graphile-worker';
import type { Pool } from 'pg';

/** The queue's own schema in the database: another program's graphile-worker in the same database has another one. */
export const QUEUE_SCHEMA = 'job_queue';

/** Loaded where it is needed: with SQLite it never is. */
export const loadGraphileWorker = () => import('graphile-worker');

/**
 * Brings graphile-worker's tables up to date; processes that do it together do it once. Needs the right to create a schema
 * when there is none yet.
 */
export async function migrateQueue(pool: Pool): Promise<void> {
  const { runMigrations } = await loadGraphileWorker();
  // what goes wrong is thrown as well
  await runMigrations({ pgPool: pool, schema: QUEUE_SCHEMA, logger: await errorLogger(() => undefined) });
}

/** graphile-worker's lines of the level `error`, handed on; everything else is for those who work on that library. */
export async function errorLogger(failed: (error: Error) => void): Promise<Logger> {
  const { Logger: GraphileLogger } = await loadGraphileWorker();
  return new GraphileLogger(() => (level, message, meta) => {
    if (String(level) !== 'error') return;
    failed(new Error(message, { cause: (meta as { error?: unknown } | undefined)?.error }));
  });
}
