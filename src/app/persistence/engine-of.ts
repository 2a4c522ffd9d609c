import type { AppConfig } from '#libs/config';

/** Which engine runs the jobs of this configuration. */
export const engineOf = ({
  job_engine,
  database,
}: Pick<AppConfig, 'job_engine' | 'database'>): 'embedded' | 'graphile' => {
  if (job_engine !== 'auto') return job_engine;
  return database.kind === 'postgres' ? 'graphile' : 'embedded';
};
