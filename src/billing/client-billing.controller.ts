import { Controller, Get, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { ADMINISTRATORS, Answers, Authenticated, Caller, type Page, Problems } from '#libs/http';
import type { Actor } from '#libs/kernel';
import { BillingAccounts } from './billing-accounts.service.js';
import { BillingOut, OwnBillingQuery, PeriodQuery, SpendOut } from './billing.dto.js';

/** What clients spend. */
@ApiTags('billing')
@Problems(
  { 401: 'API key required' },
  { 403: 'Insufficient permissions. Required roles: client, administrator, admin' },
)
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
    return this.accounts.own(caller, query);
  }
}
