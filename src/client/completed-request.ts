import { assertPresent } from '#libs/kernel';
import type { JobClaim } from '../marketplace/client-requests.port.js';
import {
  readBands,
  type Band,
  type JobLease,
  type JobResult,
  type JobView,
} from '../marketplace/marketplace.port.js';
import { forecastTimes, type ForecastTimes } from './forecast-times.js';

/** Everything that the files of a request are made of. */
export interface CompletedRequest {
  readonly job: JobView;
  readonly result: JobResult;
  readonly lease: JobLease;
  readonly resultHash: string;
  readonly completedAt: Date;
  readonly claims: readonly JobClaim[];
  readonly times: ForecastTimes;
  /** Narrowest first; one that names no level comes last. */
  readonly bands: readonly Band[];
}

/** @throws Error for a request that is not completed, or whose answer its reader may not see */
export function completedRequest(job: JobView, claims: readonly JobClaim[]): CompletedRequest {
  const result = assertPresent(job.result, 'a completed request has its answer');
  const { bands } = readBands(result.confidenceIntervals, job.request.predictionHorizon);
  return {
    job,
    result,
    lease: assertPresent(job.lease, 'a completed request has its claim'),
    resultHash: assertPresent(job.resultHash, 'a completed request has the hash of its answer'),
    completedAt: assertPresent(job.completedAt, 'a completed request has ended'),
    claims,
    times: forecastTimes(job.request, result),
    bands: bands.toSorted((a, b) => (a.level ?? Infinity) - (b.level ?? Infinity)),
  };
}
