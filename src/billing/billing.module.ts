import { Module } from '@nestjs/common';
import { AccountsModule } from '../accounts/accounts.module.js';
import { AdminBillingController } from './admin-billing.controller.js';
import { BillingAccounts } from './billing-accounts.service.js';
import { BillingUpkeep } from './billing-upkeep.service.js';
import { ClientBillingController } from './client-billing.controller.js';
import { ExpireCredits } from './expire-credits.service.js';
import { InvoiceRepository } from './invoice.repository.js';
import { InvoicesController } from './invoices.controller.js';
import { IssueInvoices } from './issue-invoices.service.js';
import { LedgerModule } from './ledger.module.js';
import { MoneyAccounts } from './money-accounts.service.js';
import { OwnMoneyController } from './own-money.controller.js';
import { PriceList } from './price-list.service.js';
import { ProviderBillingController } from './provider-billing.controller.js';
import { ReadInvoices } from './read-invoices.service.js';
import { StatementRepository } from './statement.repository.js';

/** Prices, credits, bills and invoices over HTTP, and what must happen to them by itself. */
@Module({
  imports: [LedgerModule, AccountsModule],
  controllers: [
    ProviderBillingController,
    ClientBillingController,
    AdminBillingController,
    OwnMoneyController,
    InvoicesController,
  ],
  providers: [
    StatementRepository,
    InvoiceRepository,
    PriceList,
    BillingAccounts,
    MoneyAccounts,
    ExpireCredits,
    IssueInvoices,
    ReadInvoices,
    BillingUpkeep,
  ],
})
export class BillingModule {}
