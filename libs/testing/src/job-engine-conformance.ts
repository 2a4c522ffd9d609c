import { afterEach, it } from '@jest/globals';
import { describeOnDatabases } from './databases.js';
import { JobBench, type MakeEngine } from './job-conformance/bench.js';
import { CONFORMANCE_SCHEMA } from './job-conformance/effects.js';
import { endingSpecs } from './job-conformance/ending-specs.js';
import { enqueueSpecs } from './job-conformance/enqueue-specs.js';
import { leaseSpecs } from './job-conformance/lease-specs.js';
import { stopSpecs } from './job-conformance/stop-specs.js';

/**
 * What every engine of jobs must do, on both databases. An engine that passes loses no job, runs none twice and keeps
 * nothing of a run that lost its lease.
 */
export function jobEngineConformance(name: string, makeEngine: MakeEngine): void {
  describeOnDatabases(
    name,
    (database) => {
      let bench: JobBench | null = null;
      afterEach(() => bench?.clear());
      for (const [title, spec] of Object.entries({
        ...enqueueSpecs,
        ...leaseSpecs,
        ...endingSpecs,
        ...stopSpecs,
      })) {
        it(title, async () => {
          bench = new JobBench(database(), makeEngine);
          await spec(bench);
        });
      }
    },
    CONFORMANCE_SCHEMA,
  );
}
