import { Global, Module } from '@nestjs/common';
import { BillableOrders } from '../billing/billing.port.js';
import { LedgerModule } from '../billing/ledger.module.js';
import { AccountsModule } from '../accounts/accounts.module.js';
import { OutcomesModule } from '../outcomes/outcomes.module.js';
import { RuntimeSettingsModule } from '../settings/runtime-settings.module.js';
import { ArchiveOrders } from './archive/archive-orders.service.js';
import { OrderArchiveRepository } from './archive/order-archive.repository.js';
import { ClaimHistory } from './claim-history.repository.js';
import { ClientOrders, NewOrders } from './client-orders.port.js';
import { CompleteTerms } from './complete-terms.service.js';
import { ClaimedWork, OrderQueue } from './order-queue.port.js';
import { OrderLists } from './order-lists.repository.js';
import { OrderViews } from './order-views.service.js';
import { LeaseRules } from './lease-rules.js';
import { ManageOrders } from './manage-orders.service.js';
import { MarketplaceEvents } from './marketplace-events.port.js';
import { EvaluatorStatistics, MarketplaceFigures, OrderCounts } from './marketplace-statistics.port.js';
import { MarketplaceFiguresRepository } from './marketplace-statistics.repository.js';
import { MarketplaceUpkeep } from './marketplace-upkeep.service.js';
import { OrderFileRepository } from './order-file.repository.js';
import { OrderFiles } from './order-files.port.js';
import { OrderRepository } from './order.repository.js';
import { PayByScore } from './pay-by-score.service.js';
import { PendingOrders } from './pending-orders.repository.js';
import { QueueOutlook } from './queue-outlook.service.js';
import { ReadEvaluatorStatistics } from './read-evaluator-statistics.service.js';
import { SubmitOrder } from './submit-order.service.js';
import { WorkOnClaim } from './work-on-claim.service.js';
import { StoredOrderQueue } from './stored-order-queue.service.js';

const PORTS = [
  { provide: NewOrders, useExisting: SubmitOrder },
  { provide: ClientOrders, useExisting: ManageOrders },
  { provide: OrderQueue, useExisting: StoredOrderQueue },
  { provide: ClaimedWork, useExisting: WorkOnClaim },
  { provide: EvaluatorStatistics, useExisting: ReadEvaluatorStatistics },
  { provide: MarketplaceFigures, useExisting: MarketplaceFiguresRepository },
  { provide: OrderCounts, useExisting: MarketplaceFiguresRepository },
  { provide: MarketplaceEvents, useExisting: OrderViews },
  { provide: BillableOrders, useExisting: OrderRepository },
  { provide: OrderFiles, useExisting: OrderFileRepository },
];

/**
 * The marketplace without HTTP: orders, claims, answers, and the money that moves with them. Global, because the
 * listing of accounts asks for its figures and it needs the accounts.
 */
@Global()
@Module({
  imports: [LedgerModule, AccountsModule, OutcomesModule, RuntimeSettingsModule],
  providers: [
    OrderRepository,
    ClaimHistory,
    OrderLists,
    PendingOrders,
    OrderFileRepository,
    MarketplaceFiguresRepository,
    OrderViews,
    QueueOutlook,
    CompleteTerms,
    SubmitOrder,
    ManageOrders,
    LeaseRules,
    WorkOnClaim,
    StoredOrderQueue,
    MarketplaceUpkeep,
    PayByScore,
    OrderArchiveRepository,
    ArchiveOrders,
    ReadEvaluatorStatistics,
    ...PORTS,
  ],
  exports: PORTS.map(({ provide }) => provide),
})
export class MarketplaceModule {}
