import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { AppConfig } from '#libs/config';
import type { JobListener } from '#libs/jobs';
import { MODEL_LOADS, type ModelLoad } from '#libs/keras-onnx';
import type { Telemetry } from '#libs/telemetry';
import { engineOf } from '../persistence/engine-of.js';
import { VERSION } from '../version.js';

/** What this process is made of, as labels. */
export const buildInfo = (config: Pick<AppConfig, 'database' | 'job_engine'>) => ({
  version: VERSION,
  node: process.version,
  database: config.database.kind,
  job_engine: engineOf(config),
});

/** Counts and times the runs of jobs. */
export const jobFigures = (telemetry: Telemetry): Pick<JobListener, 'claimed' | 'ended'> => ({
  claimed: ({ kind }, waitedMs) => telemetry.observe('job_wait_seconds', { kind }, waitedMs / 1000),
  ended: ({ kind }, outcome, ranMs) => {
    telemetry.count('job_runs_total', { kind, outcome });
    telemetry.observe('job_run_seconds', { kind }, ranMs / 1000);
  },
});

/** Counts the models that are read in this process from now on; returns how to end that. */
export function countModelLoads(telemetry: Telemetry): () => void {
  const count = (message: unknown): void => {
    const { result, durationMs } = message as ModelLoad;
    telemetry.count('model_loads_total', { result });
    if (result === 'loaded') telemetry.observe('model_load_seconds', {}, durationMs / 1000);
  };
  subscribe(MODEL_LOADS, count);
  return () => unsubscribe(MODEL_LOADS, count);
}
