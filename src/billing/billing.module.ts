import { Module } from '@nestjs/common';
import { AccountsModule } from '../accounts/accounts.module.js';
import { BillingAccounts } from './billing-accounts.service.js';
import {
  AdminBillingController,
  ClientBillingController,
  OwnMoneyController,
  ProviderBillingController,
} from './billing.controller.js';
import { BillingUpkeep, ExpireCredits } from './billing-upkeep.service.js';
import { InvoiceRepository } from './invoice.repository.js';
import { InvoicesController } from './invoices.controller.js';
import { IssueInvoices } from './issue-invoices.service.js';
import { LedgerModule } from './ledger.module.js';
import { MoneyAccounts } from './money-accounts.service.js';
import { PriceList } from './price-list.service.js';
import { ReadInvoices } from './read-invoices.service.js';
import { SealLedger } from './seal-ledger.service.js';

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
    InvoiceRepository,
    PriceList,
    BillingAccounts,
    MoneyAccounts,
    ExpireCredits,
    IssueInvoices,
    ReadInvoices,
    BillingUpkeep,
    SealLedger,
  ],
})
export class BillingModule {}
