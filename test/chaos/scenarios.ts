import type { Scenario } from './scenario.js';
import { claimRace } from './scenarios/claim-race.js';
import { databaseFaults } from './scenarios/database-faults.js';
import { fullDisks } from './scenarios/full-disks.js';
import { jumpingClocks } from './scenarios/jumping-clocks.js';
import { killedMigration } from './scenarios/killed-migration.js';
import { killedService } from './scenarios/killed-service.js';
import { killedWorkers } from './scenarios/killed-workers.js';
import { lostReplies } from './scenarios/lost-replies.js';
import { overload } from './scenarios/overload.js';
import { pausedWorker } from './scenarios/paused-worker.js';
import { rollingStop } from './scenarios/rolling-stop.js';
import { tampering } from './scenarios/tampering.js';

/** In the order of their numbers. */
export const SCENARIOS: readonly Scenario[] = [
  killedService,
  killedWorkers,
  pausedWorker,
  claimRace,
  databaseFaults,
  rollingStop,
  lostReplies,
  overload,
  jumpingClocks,
  fullDisks,
  tampering,
  killedMigration,
];
