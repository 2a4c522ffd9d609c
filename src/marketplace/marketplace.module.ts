import { Global, Module } from '@nestjs/common';
import { BillableJobs } from '../billing/billing.port.js';
import { LedgerModule } from '../billing/ledger.module.js';
import { AccountsModule } from '../accounts/accounts.module.js';
import { ClaimHistory } from './claim-history.repository.js';
import { ClientRequests, NewRequests } from './client-requests.port.js';
import { CompleteJobRequest } from './complete-job-request.service.js';
import { ClaimedWork, EvaluatorQueue } from './evaluator-queue.port.js';
import { JobLists } from './job-lists.repository.js';
import { JobViews } from './job-views.service.js';
import { LeaseRules } from './lease-rules.js';
import { ManageRequests } from './manage-requests.service.js';
import { MarketplaceEvents } from './marketplace-events.port.js';
import { MarketplaceListeners } from './marketplace-listeners.js';
import { EvaluatorStatistics, MarketplaceFigures, RequestCounts } from './marketplace-statistics.port.js';
import { MarketplaceFiguresRepository } from './marketplace-statistics.repository.js';
import { MarketplaceUpkeep } from './marketplace-upkeep.service.js';
import { PredictionFileRepository } from './prediction-file.repository.js';
import { PredictionFiles } from './prediction-files.port.js';
import { PredictionJobRepository } from './prediction-job.repository.js';
import { QueueOutlook } from './queue-outlook.service.js';
import { ReadEvaluatorStatistics } from './read-evaluator-statistics.service.js';
import { ReturnJob } from './return-job.service.js';
import { SubmitRequest } from './submit-request.service.js';
import { WorkOnClaim } from './work-on-claim.service.js';
import { WorkQueue } from './work-queue.service.js';

const PORTS = [
  { provide: NewRequests, useExisting: SubmitRequest },
  { provide: ClientRequests, useExisting: ManageRequests },
  { provide: EvaluatorQueue, useExisting: WorkQueue },
  { provide: ClaimedWork, useExisting: WorkOnClaim },
  { provide: EvaluatorStatistics, useExisting: ReadEvaluatorStatistics },
  { provide: MarketplaceFigures, useExisting: MarketplaceFiguresRepository },
  { provide: RequestCounts, useExisting: MarketplaceFiguresRepository },
  { provide: MarketplaceEvents, useExisting: MarketplaceListeners },
  { provide: BillableJobs, useExisting: PredictionJobRepository },
  { provide: PredictionFiles, useExisting: PredictionFileRepository },
];

/**
 * The marketplace without HTTP: requests, claims, answers, and the money that moves with them. Global, because the
 * listing of accounts asks for its figures and it needs the accounts.
 */
@Global()
@Module({
  imports: [LedgerModule, AccountsModule],
  providers: [
    PredictionJobRepository,
    ClaimHistory,
    JobLists,
    PredictionFileRepository,
    MarketplaceFiguresRepository,
    MarketplaceListeners,
    JobViews,
    QueueOutlook,
    CompleteJobRequest,
    SubmitRequest,
    ManageRequests,
    LeaseRules,
    ReturnJob,
    WorkOnClaim,
    WorkQueue,
    MarketplaceUpkeep,
    ReadEvaluatorStatistics,
    ...PORTS,
  ],
  exports: PORTS.map(({ provide }) => provide),
})
export class MarketplaceModule {}
