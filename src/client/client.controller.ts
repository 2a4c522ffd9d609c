import { Body, Controller, Delete, Get, Param, Post, Put, Query, type StreamableFile } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import {
  Accepts,
  ADMINISTRATORS,
  Answers,
  Authenticated,
  Caller,
  Idempotent,
  Problems,
  type WithHeaders,
} from '#libs/http';
import type { Actor } from '#libs/kernel';
import type { Money } from '../billing/billing.port.js';
import { DOWNLOADS, DownloadFiles } from './download-files.service.js';
import { METADATA_SCHEMA } from './download-texts.js';
import type { JudgedQuote } from './list-models.service.js';
import { ManageOwnOrders, type OrderListPage } from './manage-own-orders.service.js';
import { QuoteOut } from './quote.dto.js';
import {
  CHANGE_EXAMPLES,
  ClientRequest,
  ORDER_EXAMPLES,
  OrderIdParam,
  RequestChange,
  RequestsQuery,
} from './order.dto.js';
import { RequestAccepted, RequestCancelled, RequestListOut, RequestOut } from './order-out.dto.js';

const ROLES = { 403: 'Insufficient permissions. Required roles: client, administrator, admin' };
const NOT_YOURS = { 403: 'Access denied' };
const NOT_FOUND = { 404: 'Prediction not found' };
const ARCHIVED = {
  410: 'This order is completed since 2026-01-31T12:00:00.000Z and was archived in orders-20260601T000000-5f0c7a1e.ndjson.gz, which the operator of the service keeps',
};
const NOT_PENDING = { 409: 'Only a pending order can be changed or cancelled; this one is processing' };
const TOO_DEAR = { 402: 'Estimated cost (6.25) exceeds maximum (5.0)' };
const FILE = { type: 'string', format: 'binary' };
const HEADERS = {
  'Content-Disposition': 'Suggested name of the file.',
  ETag: 'SHA-256 of the file.',
  'Repr-Digest': 'SHA-256 of the file in the format of RFC 9530.',
};

/** Orders of the marketplace, for the clients who pay for them. */
@ApiTags('client')
@Problems({ 401: 'API key required' })
@Controller('api/v1/client')
export class ClientController {
  constructor(
    private readonly orders: ManageOwnOrders,
    private readonly downloads: DownloadFiles,
  ) {}

  @Post('quote')
  @Authenticated('client', ...ADMINISTRATORS)
  @ApiOperation({
    summary: 'Get the price of an order',
    description: 'Same body as the order. The price holds until `expires_at`, and nothing is reserved.',
  })
  @Accepts(ClientRequest, { examples: ORDER_EXAMPLES })
  @Answers(200, QuoteOut, { description: 'The price; no money is held yet.' })
  @Problems(ROLES, 422)
  quote(@Body() body: ClientRequest): Promise<JudgedQuote> {
    return this.orders.quote(body);
  }

  @Post('predict')
  @Authenticated('client', ...ADMINISTRATORS)
  @Idempotent()
  @ApiOperation({
    summary: 'Submit an order to the marketplace',
    description:
      'Holds the price from your credits and offers the order to evaluators. 402 when the credits do not suffice or the price is above `max_cost`.',
  })
  @Accepts(ClientRequest, { examples: ORDER_EXAMPLES })
  @Answers(200, RequestAccepted, {
    description:
      "The accepted order: its price is held from the client's credits, and it waits for an evaluator.",
    headers: { Location: 'URL of the order.' },
  })
  @Problems(TOO_DEAR, ROLES, 422, {
    429: "Too many unfinished orders: 5 of the 5 that the tier 'basic' allows; wait for one to finish or cancel one",
  })
  predict(@Body() body: ClientRequest, @Caller() caller: Actor): Promise<WithHeaders<RequestAccepted>> {
    return this.orders.submit(caller, body);
  }

  @Get('predictions')
  @Authenticated()
  @ApiOperation({
    summary: 'List orders',
    description: 'Filtered by state, symbol, type and dates. Clients see their own.',
  })
  @Answers(200, RequestListOut, {
    description: 'Your orders; the orders of all clients for administrators and operators.',
    headers: { Link: 'Links to the neighbouring pages.', 'X-Total-Count': 'Number of orders that match.' },
  })
  @Problems(422)
  list(@Query() query: RequestsQuery, @Caller() caller: Actor): Promise<OrderListPage> {
    return this.orders.list(caller, query);
  }

  @Get('predictions/:id')
  @Authenticated()
  @ApiOperation({
    summary: 'Read an order',
    description: 'State, progress and, when it is completed, the answer with the links to its files.',
  })
  @Answers(200, RequestOut, { description: 'The order, for its client, its evaluator and administrators.' })
  @Problems(NOT_YOURS, NOT_FOUND, ARCHIVED, 422)
  read(@Param() { id }: OrderIdParam, @Caller() caller: Actor): Promise<RequestOut> {
    return this.orders.one(caller, id);
  }

  @Put('predictions/:id')
  @Authenticated('client', ...ADMINISTRATORS)
  @ApiOperation({
    summary: 'Change a pending order',
    description: 'Only until an evaluator claims it. A higher price is held at once, a lower one given back.',
  })
  @Accepts(RequestChange, { examples: CHANGE_EXAMPLES })
  @Answers(200, RequestOut, { description: 'The changed order; a difference in price is held or returned.' })
  @Problems(TOO_DEAR, NOT_YOURS, NOT_FOUND, NOT_PENDING, ARCHIVED, 422)
  update(
    @Param() { id }: OrderIdParam,
    @Body() body: RequestChange,
    @Caller() caller: Actor,
  ): Promise<RequestOut> {
    return this.orders.update(caller, id, body);
  }

  @Delete('predictions/:id')
  @Authenticated('client', ...ADMINISTRATORS)
  @ApiOperation({
    summary: 'Cancel a pending order',
    description: 'Only until an evaluator claims it. The whole price goes back to your credits.',
  })
  @Answers(200, RequestCancelled, { description: 'Cancelled; the whole price is returned to the credits.' })
  @Problems(NOT_YOURS, NOT_FOUND, NOT_PENDING, ARCHIVED, 422)
  cancel(@Param() { id }: OrderIdParam, @Caller() caller: Actor): Promise<Money> {
    return this.orders.cancel(caller, id);
  }

  @Get('predictions/:id/download/:file')
  @Authenticated()
  @ApiOperation({
    summary: 'Download a file of a completed order',
    description:
      'The numbers as CSV, a picture, the metadata as JSON, or the log. A file is made once and never changes.',
  })
  @ApiParam({ name: 'file', enum: DOWNLOADS, description: 'Name of the file.', example: 'results.csv' })
  @Answers(200, FILE, {
    contentType: ['text/csv', 'image/png', 'text/plain'],
    also: { 'application/json': METADATA_SCHEMA },
    description: 'The file; repeated downloads return the same bytes.',
    headers: HEADERS,
  })
  @Problems(
    { 400: `Invalid file type. Allowed: ${DOWNLOADS.join(', ')}` },
    NOT_YOURS,
    NOT_FOUND,
    ARCHIVED,
    { 409: 'There are no files: the order is pending' },
    422,
  )
  download(
    @Param('file') file: string,
    @Param() { id }: OrderIdParam,
    @Caller() caller: Actor,
  ): Promise<WithHeaders<StreamableFile>> {
    return this.downloads.file(caller, id, file);
  }
}
