import { Controller, Get, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Answers, Authenticated, Caller, type Page, Problems } from '#libs/http';
import type { Actor } from '#libs/kernel';
import { BalanceOut, CreditOut, OwnPageQuery, StatementLine } from './credit.dto.js';
import { MoneyAccounts } from './money-accounts.service.js';

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
