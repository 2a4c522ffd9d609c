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
} from '#libs/http';
import type { Actor } from '#libs/kernel';
import { BillingAccounts } from './billing-accounts.service.js';
import { AllBillingQuery, BillingOut, PeriodQuery, SummaryOut } from './billing.dto.js';
import { BalanceOut, CreditOut, MoneyOwner, PayoutOut, PayoutRequest, TopUpRequest } from './credit.dto.js';
import { MoneyAccounts } from './money-accounts.service.js';
import { PriceList } from './price-list.service.js';
import { PricingOut, PricingQuery } from './pricing.dto.js';

const NOT_EARNED = {
  409: 'Only 20.00 USD are earned and not paid out; 50.00 USD were asked for',
};

/** Oversight of all money. */
@ApiTags('billing')
@Problems(
  { 401: 'API key required' },
  { 403: 'Insufficient permissions. Required roles: administrator, admin' },
)
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
    return this.accounts.all(query);
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
    return this.prices.all(query);
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
