import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  Accepts,
  ADMINISTRATORS,
  Answers,
  Authenticated,
  Caller,
  Idempotent,
  type Page,
  Problems,
  RoleProblems,
} from '#libs/http';
import type { Actor } from '#libs/kernel';
import { BillingAccounts } from './billing-accounts.service.js';
import {
  AllBillingQuery,
  BillingOut,
  EarningsOut,
  OwnBillingQuery,
  PeriodQuery,
  PricingOut,
  PricingQuery,
  PricingRequest,
  SpendOut,
  SummaryOut,
} from './billing.dto.js';
import {
  BalanceOut,
  CreditOut,
  MoneyOwner,
  OwnPageQuery,
  PayoutOut,
  PayoutRequest,
  StatementLine,
  TopUpRequest,
} from './credit.dto.js';
import { MoneyAccounts } from './money-accounts.service.js';
import { PriceList } from './price-list.service.js';

/** What providers ask and earn. */
@ApiTags('billing')
@RoleProblems('provider', ...ADMINISTRATORS)
@Controller('api/v1/provider')
export class ProviderBillingController {
  constructor(
    private readonly prices: PriceList,
    private readonly accounts: BillingAccounts,
  ) {}

  @Post('pricing')
  @Authenticated('provider', ...ADMINISTRATORS)
  @Idempotent()
  @ApiOperation({
    summary: 'Set the price of a model',
    description:
      'In force at once, as a new version. Orders that are quoted already keep the price of their quote.',
  })
  @Answers(201, PricingOut, {
    description:
      'The new price, in force immediately. The previous version is kept, and existing quotes do not change.',
    location: () => '/api/v1/provider/pricing',
  })
  @Problems(422)
  set(@Body() body: PricingRequest, @Caller() caller: Actor): Promise<PricingOut> {
    return this.prices.switchTo({ ...body, providerId: caller.userId });
  }

  @Get('pricing')
  @Authenticated('provider', ...ADMINISTRATORS)
  @ApiOperation({
    summary: 'List your active prices',
    description: "The newest version of each model's price; with `history=true` every version.",
  })
  @Answers(200, PricingOut, { list: true, description: 'Your prices, sorted by model.' })
  @Problems(422)
  own(@Query() query: PricingQuery, @Caller() caller: Actor): Promise<Page<PricingOut>> {
    return this.prices.page({ providerId: caller.userId }, query);
  }

  @Get('earnings')
  @Authenticated('provider', ...ADMINISTRATORS)
  @ApiOperation({
    summary: 'Read your total earnings as a provider',
    description: 'All time, the last `days`, or a range of times; in USD at the top, each currency below.',
  })
  @Answers(200, EarningsOut, { description: "Total of the provider's shares of settled orders." })
  @Problems(422)
  earnings(@Query() query: PeriodQuery, @Caller() caller: Actor): Promise<EarningsOut> {
    return this.accounts.earnings(caller, query);
  }
}

/** What clients spend. */
@ApiTags('billing')
@RoleProblems('client', ...ADMINISTRATORS)
@Controller('api/v1/client')
export class ClientBillingController {
  constructor(private readonly accounts: BillingAccounts) {}

  @Get('spend')
  @Authenticated('client', ...ADMINISTRATORS)
  @ApiOperation({
    summary: 'Read your total spending',
    description: 'All time, the last `days`, or a range of times; in USD at the top, each currency below.',
  })
  @Answers(200, SpendOut, { description: 'Total cost of your settled orders.' })
  @Problems(422)
  spend(@Query() query: PeriodQuery, @Caller() caller: Actor): Promise<SpendOut> {
    return this.accounts.spend(caller, query);
  }

  @Get('billing')
  @Authenticated('client', ...ADMINISTRATORS)
  @ApiOperation({
    summary: 'List your billing items',
    description:
      'What each settled order cost, and how it was shared between provider, evaluator and platform.',
  })
  @Answers(200, BillingOut, { list: true, description: 'One item per settled order, newest first.' })
  @Problems(422)
  billing(@Query() query: OwnBillingQuery, @Caller() caller: Actor): Promise<Page<BillingOut>> {
    return this.accounts.page({ ...query, clientId: caller.userId }, query);
  }
}

const NOT_EARNED = {
  409: 'Only 20.00 USD are earned and not paid out; 50.00 USD were requested',
};

/** Where a change of somebody's money shows. */
const balancesOf = ({ userId }: { readonly userId: number }): string =>
  `/api/v1/admin/billing/balances/${userId}`;

/** Oversight of all money. */
@ApiTags('billing')
@RoleProblems(...ADMINISTRATORS)
@Controller('api/v1/admin')
export class AdminBillingController {
  constructor(
    private readonly accounts: BillingAccounts,
    private readonly prices: PriceList,
    private readonly money: MoneyAccounts,
  ) {}

  @Get('billing')
  @Authenticated(...ADMINISTRATORS)
  @ApiOperation({
    summary: 'List all billing items',
    description: 'The items of all clients; see `GET /api/v1/client/billing` for those of one.',
  })
  @Answers(200, BillingOut, { list: true, description: 'One item per settled order, newest first.' })
  @Problems(422)
  billing(@Query() query: AllBillingQuery): Promise<Page<BillingOut>> {
    return this.accounts.page(query, query);
  }

  @Get('billing/summary')
  @Authenticated(...ADMINISTRATORS)
  @ApiOperation({
    summary: 'Read the total revenue',
    description: 'All time, the last `days`, or a range of times; in USD at the top, each currency below.',
  })
  @Answers(200, SummaryOut, { description: 'Total cost of the settled orders.' })
  @Problems(422)
  summary(@Query() query: PeriodQuery): Promise<SummaryOut> {
    return this.accounts.summary(query);
  }

  @Get('pricing')
  @Authenticated(...ADMINISTRATORS)
  @ApiOperation({
    summary: 'List all active prices',
    description: 'The prices of all providers; with `history=true` every version.',
  })
  @Answers(200, PricingOut, { list: true, description: 'Active prices, sorted by model.' })
  @Problems(422)
  pricing(@Query() query: PricingQuery): Promise<Page<PricingOut>> {
    return this.prices.page({}, query);
  }

  @Get('billing/balances/:user_id')
  @Authenticated(...ADMINISTRATORS)
  @ApiOperation({
    summary: "Read a user's balances",
    description: 'What an account can spend, what is held for its orders, and what it has earned.',
  })
  @Answers(200, BalanceOut, { description: 'Available credits, holds and earnings per currency.' })
  @Problems({ 404: 'User not found' }, 422)
  balance(@Param() owner: MoneyOwner): Promise<BalanceOut> {
    return this.money.balanceOf(owner);
  }

  @Post('credits')
  @Authenticated(...ADMINISTRATORS)
  @Idempotent()
  @ApiOperation({
    summary: 'Grant credits to a user',
    description:
      'Adds money that the account may spend on orders. It is a movement of the ledger, so it is never changed, only followed by another one.',
  })
  @Answers(201, CreditOut, {
    description: 'The credits, available immediately.',
    location: balancesOf,
  })
  @Problems({ 404: 'User not found' }, NOT_EARNED, 422)
  topUp(@Body() body: TopUpRequest, @Caller() caller: Actor): Promise<CreditOut> {
    return this.money.topUp(body, caller);
  }

  @Post('payouts')
  @Authenticated(...ADMINISTRATORS)
  @Idempotent()
  @ApiOperation({
    summary: 'Record a payout of earnings',
    description:
      'Takes what was paid out elsewhere from the earnings of an account. At most what is earned and not paid out yet.',
  })
  @Accepts(PayoutRequest, {
    examples: {
      'by bank': {
        user_id: 2,
        amount: 1,
        description: 'Bank transfer of 31 January',
        payment_reference: 'TRX-2026-0131-77',
      },
    },
  })
  @Answers(201, PayoutOut, {
    description: "The payout, deducted from the user's earnings.",
    location: balancesOf,
  })
  @Problems({ 404: 'User not found' }, NOT_EARNED, 422)
  payOut(@Body() body: PayoutRequest, @Caller() caller: Actor): Promise<PayoutOut> {
    return this.money.payOut(body, caller);
  }
}

/** The caller's own money, whatever the role. */
@ApiTags('billing')
@Problems({ 401: 'API key required' })
@Controller('api/v1/billing')
export class OwnMoneyController {
  constructor(private readonly money: MoneyAccounts) {}

  @Get('balance')
  @Authenticated()
  @ApiOperation({
    summary: 'Read your balances',
    description: 'What you can spend, what is held for your orders, and what you have earned.',
  })
  @Answers(200, BalanceOut, { description: 'Available credits, holds and earnings per currency.' })
  balance(@Caller() caller: Actor): Promise<BalanceOut> {
    return this.money.balance(caller);
  }

  @Get('credits')
  @Authenticated()
  @ApiOperation({
    summary: 'List your credits',
    description: 'Each grant with what is left of it and when it expires.',
  })
  @Answers(200, CreditOut, { list: true, description: 'Credits, newest first.' })
  @Problems(422)
  credits(@Query() query: OwnPageQuery, @Caller() caller: Actor): Promise<Page<CreditOut>> {
    return this.money.ownCredits(caller, query);
  }

  @Get('statement')
  @Authenticated()
  @ApiOperation({
    summary: 'List all movements of your money',
    description: 'Every movement of the ledger that touches your accounts.',
  })
  @Answers(200, StatementLine, { list: true, description: 'Movements of money, newest first.' })
  @Problems(422)
  statement(@Query() query: OwnPageQuery, @Caller() caller: Actor): Promise<Page<StatementLine>> {
    return this.money.statement(caller, query);
  }
}
