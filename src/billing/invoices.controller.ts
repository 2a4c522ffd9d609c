import { Body, Controller, Get, Param, Post, Query, StreamableFile } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  ADMINISTRATORS,
  Answers,
  Authenticated,
  Caller,
  type Page,
  Problems,
  RoleProblems,
} from '#libs/http';
import type { Actor } from '#libs/kernel';
import { OwnPageQuery } from './credit.dto.js';
import {
  InvoiceDetailOut,
  InvoiceId,
  InvoiceMonth,
  InvoiceOut,
  InvoicesQuery,
  IssuedOut,
} from './invoice.dto.js';
import { IssueInvoices, monthOf } from './issue-invoices.service.js';
import { type InvoiceFile, ReadInvoices } from './read-invoices.service.js';

const FILE = { type: 'string', format: 'binary' };
const NOT_FOUND = { 404: 'Invoice not found' };

/** Invoices of closed months. */
@ApiTags('billing')
@RoleProblems('client', ...ADMINISTRATORS)
@Controller('api/v1')
export class InvoicesController {
  constructor(
    private readonly invoices: ReadInvoices,
    private readonly issuing: IssueInvoices,
  ) {}

  @Get('client/invoices')
  @Authenticated('client', ...ADMINISTRATORS)
  @ApiOperation({
    summary: 'List your invoices',
    description: 'One for each closed month with settled orders.',
  })
  @Answers(200, InvoiceOut, { list: true, description: 'Your invoices, newest first.' })
  @Problems(422)
  own(@Query() query: OwnPageQuery, @Caller() caller: Actor): Promise<Page<InvoiceOut>> {
    return this.invoices.own(caller, query);
  }

  @Get('client/invoices/:invoice_id')
  @Authenticated('client', ...ADMINISTRATORS)
  @ApiOperation({
    summary: 'Read an invoice',
    description: 'With its lines: one for each settled order of the month.',
  })
  @Answers(200, InvoiceDetailOut, { description: 'The invoice with its lines.' })
  @Problems(NOT_FOUND, 422)
  one(@Param() { invoiceId }: InvoiceId, @Caller() caller: Actor): Promise<InvoiceDetailOut> {
    return this.invoices.one(invoiceId, caller);
  }

  @Get('client/invoices/:invoice_id/invoice.html')
  @Authenticated('client', ...ADMINISTRATORS)
  @ApiOperation({
    summary: 'Download an invoice as HTML',
    description: 'A page for print that loads nothing from elsewhere.',
  })
  @Answers(200, FILE, {
    contentType: 'text/html',
    description: 'A printable page without external resources.',
  })
  @Problems(NOT_FOUND, 422)
  async html(@Param() { invoiceId }: InvoiceId, @Caller() caller: Actor): Promise<StreamableFile> {
    return fileOf(await this.invoices.html(invoiceId, caller));
  }

  @Get('client/invoices/:invoice_id/invoice.pdf')
  @Authenticated('client', ...ADMINISTRATORS)
  @ApiOperation({
    summary: 'Download an invoice as PDF',
    description: 'The same invoice as a file for the books.',
  })
  @Answers(200, FILE, { contentType: 'application/pdf', description: 'A PDF document in A4 format.' })
  @Problems(NOT_FOUND, 422)
  async pdf(@Param() { invoiceId }: InvoiceId, @Caller() caller: Actor): Promise<StreamableFile> {
    return fileOf(await this.invoices.pdf(invoiceId, caller));
  }

  @Get('admin/invoices')
  @Authenticated(...ADMINISTRATORS)
  @ApiOperation({
    summary: 'List all invoices',
    description: 'The invoices of all clients, or of one month or one client.',
  })
  @Answers(200, InvoiceOut, { list: true, description: 'Invoices, newest first.' })
  @Problems(422)
  all(@Query() query: InvoicesQuery): Promise<Page<InvoiceOut>> {
    return this.invoices.all(query);
  }

  @Post('admin/invoices')
  @Authenticated(...ADMINISTRATORS)
  @ApiOperation({
    summary: 'Issue the invoices of a month',
    description: 'For a month that is over. A second call changes nothing.',
  })
  @Answers(200, IssuedOut, {
    description:
      'Every client with settled orders in the month now has an invoice. Repeating the call issues nothing new.',
  })
  @Problems({ 409: 'Invoices are issued when the month is over' }, 422)
  async issue(@Body() { month }: InvoiceMonth): Promise<IssuedOut> {
    return { month, issued: await this.issuing.issue(monthOf(month)) };
  }
}

const fileOf = ({ name, contentType, body }: InvoiceFile): StreamableFile =>
  new StreamableFile(body, {
    type: contentType,
    length: body.length,
    disposition: `attachment; filename="${name}"`,
  });
