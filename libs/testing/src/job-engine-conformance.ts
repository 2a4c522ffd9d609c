import { afterEach, it } from '@jest/globals';
import { describeOnDatabases } from './databases.js';
import { JobBench, type MakeEngine } from './job-conformance/bench.js';
import { CONFORMANCE_SCHEMA } from './job-conformance/effects.js';
import { endingSpecs } from './job-conformance/ending-specs.js';
import { enqueueSpecs } from './job-conformance/enqueue-specs.js';
import { leaseSpecs } from './job-conformance/lease-specs.js';
import { processSpecs } from './job-conformance/process-specs.js';
import { stopSpecs } from './job-conformance/stop-specs.js';

/**
 * What every engine of jobs must do, on both databases. An engine that passes loses no job, runs none twice and keeps
 * nothing of a run that lost its lease.
 *
 * @param script path, from the project's root, of a file that calls `runUntilKilled` with the same engine
 */
export function jobEngineConformance(name: string, makeEngine: MakeEngine, script: string): void {
  describeOnDatabases(
    name,
    (database) => {
      let bench: JobBench | null = null;
      afterEach(() => bench?.clear());
      const specs = { ...enqueueSpecs, ...leaseSpecs, ...endingSpecs, ...stopSpecs, ...processSpecs };
      for (const [title, spec] of Object.entries(specs)) {
        it(title, async () => {
          bench = new JobBench(database(), makeEngine);
          await spec(bench, script);
        });
      }
    },
    CONFORMANCE_SCHEMA,
  );
}
