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
  await admitGranted(pool);
}

/** Its tables whose rows only their owner sees, although others may have rights on them, of those that this role owns. */
const CLOSED_TABLES = `SELECT c.relname AS name FROM pg_class c
  WHERE c.relnamespace = '${QUEUE_SCHEMA}'::regnamespace AND c.relrowsecurity AND pg_has_role(c.relowner, 'USAGE')
    AND NOT EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid)`;

/** graphile-worker closes its tables by row to all but their owner. With roles of `ops/postgres` the one that serves is another. */
async function admitGranted(pool: Pool): Promise<void> {
  const { rows } = await pool.query<{ name: string }>(CLOSED_TABLES);
  for (const { name } of rows) {
    // another process that starts may be at it
    await pool.query(`DO $$ BEGIN CREATE POLICY granted ON ${QUEUE_SCHEMA}.${name} USING (true) WITH CHECK (true);
      EXCEPTION WHEN duplicate_object THEN NULL; END $$`);
  }
}

/** graphile-worker's lines of the level `error`, handed on; everything else is for those who work on that library. */
export async function errorLogger(failed: (error: Error) => void): Promise<Logger> {
  const { Logger: GraphileLogger } = await loadGraphileWorker();
  return new GraphileLogger(() => (level, message, meta) => {
    if (String(level) !== 'error') return;
    failed(new Error(message, { cause: (meta as { error?: unknown } | undefined)?.error }));
  });
}
