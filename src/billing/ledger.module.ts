import { Global, Module } from '@nestjs/common';
import { AccountsModule } from '../accounts/accounts.module.js';
import { BillingRecordRepository } from './billing-record.repository.js';
import { Balances, Billing, BillingVerifier, CreditGrants, Prices, Turnover } from './billing.port.js';
import { CreditPolicy } from './credit-policy.js';
import { CreditUses } from './credit-uses.service.js';
import { CreditRepository } from './credit.repository.js';
import { GrantCredits } from './grant-credits.service.js';
import { LedgerRepository } from './ledger.repository.js';
import { OrderBilling } from './order-billing.service.js';
import { PriceRepository } from './price.repository.js';
import { QuotePrices } from './quote-prices.service.js';
import { QuoteRepository } from './quote.repository.js';
import { ScoreHoldRepository } from './score-hold.repository.js';
import { ScoreHolds, ScoreTotals } from './score-holds.port.js';
import { LedgerSealRepository } from './seal-ledger.service.js';
import { SettleScoreHolds } from './settle-score-holds.service.js';
import { BillingChecks, VerifyBilling } from './verify-billing.service.js';

const SERVICES = [
  LedgerRepository,
  QuoteRepository,
  PriceRepository,
  CreditRepository,
  BillingRecordRepository,
  ScoreHoldRepository,
  CreditPolicy,
  CreditUses,
  GrantCredits,
  LedgerSealRepository,
];

/**
 * The money without HTTP, for other domains, workers and commands. Global, because accounts that are made with credits
 * need it and it needs the accounts.
 */
@Global()
@Module({
  imports: [AccountsModule],
  providers: [
    ...SERVICES,
    BillingChecks,
    QuotePrices,
    OrderBilling,
    SettleScoreHolds,
    VerifyBilling,
    { provide: Prices, useExisting: QuotePrices },
    { provide: Billing, useExisting: OrderBilling },
    { provide: ScoreHolds, useExisting: SettleScoreHolds },
    { provide: ScoreTotals, useExisting: ScoreHoldRepository },
    { provide: Turnover, useExisting: BillingRecordRepository },
    { provide: Balances, useExisting: LedgerRepository },
    { provide: BillingVerifier, useExisting: VerifyBilling },
    { provide: CreditGrants, useExisting: GrantCredits },
  ],
  exports: [
    ...SERVICES,
    Prices,
    Billing,
    ScoreHolds,
    ScoreTotals,
    Turnover,
    Balances,
    BillingVerifier,
    CreditGrants,
  ],
})
export class LedgerModule {}
