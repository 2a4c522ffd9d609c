import { Global, Module } from '@nestjs/common';
import { BILLABLE_JOBS } from '../billing/billing.port.js';
import { LedgerModule } from '../billing/ledger.module.js';
import { AccountsModule } from '../users/accounts.module.js';
import { MARKETPLACE_FIGURES, MARKETPLACE_USAGES } from '../users/marketplace-figures.port.js';
import { ClaimHistory } from './claim-history.repository.js';
import { ClaimJob } from './claim-job.service.js';
import { CLIENT_REQUESTS } from './client-requests.port.js';
import { CompleteJobRequest } from './complete-job-request.service.js';
import { EVALUATOR_QUEUE } from './evaluator-queue.port.js';
import { JobLists } from './job-lists.repository.js';
import { JobViews } from './job-views.service.js';
import { LeaseRules } from './lease-rules.js';
import { ManageRequests } from './manage-requests.service.js';
import { MarketplaceActivityRepository } from './marketplace-activity.repository.js';
import { MARKETPLACE_BACKLOGS } from './marketplace-backlog.port.js';
import { MARKETPLACE_EVENTS } from './marketplace-events.port.js';
import { MarketplaceListeners } from './marketplace-listeners.js';
import { MARKETPLACE_STATISTICS } from './marketplace-statistics.port.js';
import { MarketplaceFiguresRepository } from './marketplace-statistics.repository.js';
import { MarketplaceUpkeep } from './marketplace-upkeep.service.js';
import { NoteProgress } from './note-progress.service.js';
import { PredictionFileRepository } from './prediction-file.repository.js';
import { PREDICTION_FILES } from './prediction-files.port.js';
import { PredictionJobRepository } from './prediction-job.repository.js';
import { QueueOutlook } from './queue-outlook.service.js';
import { ReadMarketplaceStatistics } from './read-marketplace-statistics.service.js';
import { ReturnJob } from './return-job.service.js';
import { SubmitAnswer } from './submit-answer.service.js';
import { SubmitRequest } from './submit-request.service.js';
import { WorkQueue } from './work-queue.service.js';

const PORTS = [
  { provide: CLIENT_REQUESTS, useExisting: ManageRequests },
  { provide: EVALUATOR_QUEUE, useExisting: WorkQueue },
  { provide: MARKETPLACE_STATISTICS, useExisting: ReadMarketplaceStatistics },
  { provide: MARKETPLACE_BACKLOGS, useExisting: MarketplaceActivityRepository },
  { provide: MARKETPLACE_USAGES, useExisting: MarketplaceActivityRepository },
  { provide: MARKETPLACE_FIGURES, useExisting: ReadMarketplaceStatistics },
  { provide: MARKETPLACE_EVENTS, useExisting: MarketplaceListeners },
  { provide: BILLABLE_JOBS, useExisting: PredictionJobRepository },
  { provide: PREDICTION_FILES, useExisting: PredictionFileRepository },
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
    MarketplaceActivityRepository,
    MarketplaceListeners,
    JobViews,
    QueueOutlook,
    CompleteJobRequest,
    SubmitRequest,
    ManageRequests,
    LeaseRules,
    ClaimJob,
    NoteProgress,
    SubmitAnswer,
    ReturnJob,
    WorkQueue,
    MarketplaceUpkeep,
    ReadMarketplaceStatistics,
    ...PORTS,
  ],
  exports: PORTS.map(({ provide }) => provide),
})
export class MarketplaceModule {}
