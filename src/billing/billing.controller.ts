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
  @ApiOperation({ summary: 'Set the price of a model' })
  @Answers(201, PricingOut, {
    description:
      'The new price, in force immediately. The previous version is kept, and existing quotes do not change.',
  })
  @Problems(422)
  set(@Body() body: PricingRequest, @Caller() caller: Actor): Promise<PricingOut> {
    return this.prices.switchTo({ ...body, providerId: caller.userId });
  }

  @Get('pricing')
  @Authenticated('provider', ...ADMINISTRATORS)
  @ApiOperation({ summary: 'List your active prices' })
  @Answers(200, PricingOut, { list: true, description: 'Your prices, sorted by model.' })
  @Problems(422)
  own(@Query() query: PricingQuery, @Caller() caller: Actor): Promise<Page<PricingOut>> {
    return this.prices.page({ providerId: caller.userId }, query);
  }

  @Get('earnings')
  @Authenticated('provider', ...ADMINISTRATORS)
  @ApiOperation({ summary: 'Read your total earnings as a provider' })
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
  @ApiOperation({ summary: 'Read your total spending' })
  @Answers(200, SpendOut, { description: 'Total cost of your settled orders.' })
  @Problems(422)
  spend(@Query() query: PeriodQuery, @Caller() caller: Actor): Promise<SpendOut> {
    return this.accounts.spend(caller, query);
  }

  @Get('billing')
  @Authenticated('client', ...ADMINISTRATORS)
  @ApiOperation({ summary: 'List your billing items' })
  @Answers(200, BillingOut, { list: true, description: 'One item per settled order, newest first.' })
  @Problems(422)
  billing(@Query() query: OwnBillingQuery, @Caller() caller: Actor): Promise<Page<BillingOut>> {
    return this.accounts.page({ ...query, clientId: caller.userId }, query);
  }
}

const NOT_EARNED = {
  409: 'Only 20.00 USD are earned and not paid out; 50.00 USD were requested',
};

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
  @ApiOperation({ summary: 'List all billing items' })
  @Answers(200, BillingOut, { list: true, description: 'One item per settled order, newest first.' })
  @Problems(422)
  billing(@Query() query: AllBillingQuery): Promise<Page<BillingOut>> {
    return this.accounts.page(query, query);
  }

  @Get('billing/summary')
  @Authenticated(...ADMINISTRATORS)
  @ApiOperation({ summary: 'Read the total revenue' })
  @Answers(200, SummaryOut, { description: 'Total cost of the settled orders.' })
  @Problems(422)
  summary(@Query() query: PeriodQuery): Promise<SummaryOut> {
    return this.accounts.summary(query);
  }

  @Get('pricing')
  @Authenticated(...ADMINISTRATORS)
  @ApiOperation({ summary: 'List all active prices' })
  @Answers(200, PricingOut, { list: true, description: 'Active prices, sorted by model.' })
  @Problems(422)
  pricing(@Query() query: PricingQuery): Promise<Page<PricingOut>> {
    return this.prices.page({}, query);
  }

  @Get('billing/balances/:user_id')
  @Authenticated(...ADMINISTRATORS)
  @ApiOperation({ summary: "Read a user's balances" })
  @Answers(200, BalanceOut, { description: 'Available credits, holds and earnings per currency.' })
  @Problems({ 404: 'User not found' }, 422)
  balance(@Param() owner: MoneyOwner): Promise<BalanceOut> {
    return this.money.balanceOf(owner);
  }

  @Post('credits')
  @Authenticated(...ADMINISTRATORS)
  @Idempotent()
  @ApiOperation({ summary: 'Grant credits to a user' })
  @Answers(201, CreditOut, { description: 'The credits, available immediately.' })
  @Problems({ 404: 'User not found' }, NOT_EARNED, 422)
  topUp(@Body() body: TopUpRequest, @Caller() caller: Actor): Promise<CreditOut> {
    return this.money.topUp(body, caller);
  }

  @Post('payouts')
  @Authenticated(...ADMINISTRATORS)
  @Idempotent()
  @ApiOperation({ summary: 'Record a payout of earnings' })
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
  @Answers(201, PayoutOut, { description: "The payout, deducted from the user's earnings." })
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
  @ApiOperation({ summary: 'Read your balances' })
  @Answers(200, BalanceOut, { description: 'Available credits, holds and earnings per currency.' })
  balance(@Caller() caller: Actor): Promise<BalanceOut> {
    return this.money.balance(caller);
  }

  @Get('credits')
  @Authenticated()
  @ApiOperation({ summary: 'List your credits' })
  @Answers(200, CreditOut, { list: true, description: 'Credits, newest first.' })
  @Problems(422)
  credits(@Query() query: OwnPageQuery, @Caller() caller: Actor): Promise<Page<CreditOut>> {
    return this.money.ownCredits(caller, query);
  }

  @Get('statement')
  @Authenticated()
  @ApiOperation({ summary: 'List all movements of your money' })
  @Answers(200, StatementLine, { list: true, description: 'Movements of money, newest first.' })
  @Problems(422)
  statement(@Query() query: OwnPageQuery, @Caller() caller: Actor): Promise<Page<StatementLine>> {
    return this.money.statement(caller, query);
  }
}
