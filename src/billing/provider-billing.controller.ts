import { Body, Controller, Get, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { ADMINISTRATORS, Answers, Authenticated, Caller, Idempotent, type Page, Problems } from '#libs/http';
import type { Actor } from '#libs/kernel';
import { BillingAccounts } from './billing-accounts.service.js';
import { EarningsOut, PeriodQuery } from './billing.dto.js';
import { PriceList } from './price-list.service.js';
import { PricingOut, PricingQuery, PricingRequest } from './pricing.dto.js';

/** What providers ask and earn. */
@ApiTags('billing')
@Problems(
  { 401: 'API key required' },
  { 403: 'Insufficient permissions. Required roles: provider, administrator, admin' },
)
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
    return this.prices.set(caller, body);
  }

  @Get('pricing')
  @Authenticated('provider', ...ADMINISTRATORS)
  @ApiOperation({ summary: 'List your active prices' })
  @Answers(200, PricingOut, { list: true, description: 'Your prices, sorted by model.' })
  @Problems(422)
  own(@Query() query: PricingQuery, @Caller() caller: Actor): Promise<Page<PricingOut>> {
    return this.prices.own(caller, query);
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
