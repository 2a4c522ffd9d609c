import type { Pool } from 'pg';
import type { Database } from './database.js';
import { POSTGRES_SESSION } from './data-source-options.js';
import { DATABASE_TIMEOUTS } from './timeouts.js';

/**
 * PostgreSQL only: up to `size` connections of their own, for a library that brings its own statements. Closed by the
 * caller, before the database.
 */
export async function openSidePool({ location, availability }: Database, size: number): Promise<Pool> {
  if (location.kind !== 'postgres') throw new Error('SQLite has no connections beside its own');
  const { watchedPoolBeside } = await import('./postgres-pool.js');
  return watchedPoolBeside(
    {
      ...POSTGRES_SESSION,
      connectionString: location.url,
      application_name: 'prediction-provider',
      connectionTimeoutMillis: DATABASE_TIMEOUTS.connectMs,
      max: size,
    },
    availability,
  );
}
