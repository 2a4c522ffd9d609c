import { Body, Controller, Get, Param, Post, Put, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  Accepts,
  ADMINISTRATORS,
  type AfterCommit,
  Answers,
  Authenticated,
  Caller,
  Idempotent,
  Problems,
  SuccessOut,
} from '#libs/http';
import type { Actor } from '#libs/kernel';
import { ClaimOut, ClaimRequest, RequestIdParam } from './claim.dto.js';
import { ANSWER_EXAMPLES } from './evaluator.examples.js';
import { EvaluateOrders } from './evaluate-orders.service.js';
import {
  AssignedOut,
  AssignedQuery,
  ProgressOut,
  ProgressRequest,
  ReleaseRequest,
  SubmitOut,
  SubmitRequest,
} from './lease.dto.js';
import { PendingOut, PendingQuery } from './pending.dto.js';
import { EvaluatorStatsOut, StatsQuery } from './stats.dto.js';

const NOT_PROCESSING = { 404: 'Order not found or not being processed' };
const NOT_CLAIMER = { 403: 'The order is claimed by another evaluator' };
const STALE = { 409: 'The order was claimed again later; this claim has ended' };
const LATE = { 408: 'The deadline of the claim has passed' };

/** The marketplace's queue for evaluators. */
@ApiTags('evaluator')
@Problems(
  { 401: 'API key required' },
  { 403: 'Insufficient permissions. Required roles: evaluator, administrator, admin' },
)
@Controller('api/v1/evaluator')
export class EvaluatorController {
  constructor(private readonly orders: EvaluateOrders) {}

  @Get('pending')
  @Authenticated('evaluator', ...ADMINISTRATORS)
  @ApiOperation({
    summary: 'List orders that you can claim',
    description:
      'Filtered by type, symbol, priority, payment and plugin. Your own orders and those that you have just released are left out.',
  })
  @Answers(200, PendingOut, { description: 'Pending orders, without your own and those you just released.' })
  @Problems(422)
  pending(@Query() query: PendingQuery, @Caller() caller: Actor): Promise<PendingOut> {
    return this.orders.pending(caller, query);
  }

  @Post('claim/:request_id')
  @Authenticated('evaluator', ...ADMINISTRATORS)
  @Idempotent()
  @ApiOperation({
    summary: 'Claim an order',
    description:
      'The order is yours until the deadline in the answer; 409 when another evaluator was faster. Keep `lease_epoch`: it tells your claim from a later one.',
  })
  @Accepts(ClaimRequest, {
    examples: {
      'Nothing to say': {},
      'With an estimate': {
        estimated_completion: '2026-01-31T12:10:00Z',
        processing_node_info: { host: 'node-1', cpus: 8 },
      },
    },
  })
  @Answers(200, ClaimOut, { description: 'The claim: the order is yours until `timeout_at`.' })
  @Problems(
    { 403: 'You may not evaluate your own order' },
    { 404: 'Order not found or not available' },
    { 410: 'The order has expired' },
    422,
    { 429: 'Too many claims: 10 of 10 orders are held; submit or release one first' },
  )
  claim(
    @Param() { requestId }: RequestIdParam,
    @Body() body: ClaimRequest,
    @Caller() caller: Actor,
  ): Promise<AfterCommit<ClaimOut>> {
    return this.orders.claim(caller, requestId, body);
  }

  @Put('progress/:request_id')
  @Authenticated('evaluator', ...ADMINISTRATORS)
  @ApiOperation({
    summary: 'Report the progress of an order',
    description: 'The client sees percentage and step. The deadline of the claim stays.',
  })
  @Answers(200, ProgressOut, { description: 'Shown to the client; the deadline does not change.' })
  @Problems(NOT_CLAIMER, NOT_PROCESSING, LATE, STALE, 422)
  progress(
    @Param() { requestId }: RequestIdParam,
    @Body() body: ProgressRequest,
    @Caller() caller: Actor,
  ): Promise<ProgressOut> {
    return this.orders.progress(caller, requestId, body);
  }

  @Post('submit/:request_id')
  @Authenticated('evaluator', ...ADMINISTRATORS)
  @Idempotent()
  @ApiOperation({
    summary: 'Submit the answer to an order',
    description:
      'Completes the order and shares its price between provider, evaluator and platform, in one transaction. A claim that has run out changes nothing.',
  })
  @Accepts(SubmitRequest, { examples: ANSWER_EXAMPLES })
  @Answers(200, SubmitOut, { description: 'The answer is accepted, and the order is settled.' })
  @Problems(NOT_CLAIMER, NOT_PROCESSING, LATE, STALE, 422)
  submit(
    @Param() { requestId }: RequestIdParam,
    @Body() body: SubmitRequest,
    @Caller() caller: Actor,
  ): Promise<SubmitOut> {
    return this.orders.submit(caller, requestId, body);
  }

  @Post('release/:request_id')
  @Authenticated('evaluator', ...ADMINISTRATORS)
  @Idempotent()
  @ApiOperation({
    summary: 'Release an order',
    description: 'Gives a claim back without a loss. The order waits for another evaluator.',
  })
  @Answers(200, SuccessOut, { description: 'Others can claim the order now, you after a delay.' })
  @Problems(NOT_CLAIMER, NOT_PROCESSING, LATE, STALE, 422)
  release(
    @Param() { requestId }: RequestIdParam,
    @Body() body: ReleaseRequest,
    @Caller() caller: Actor,
  ): Promise<SuccessOut> {
    return this.orders.release(caller, requestId, body);
  }

  @Get('assigned')
  @Authenticated('evaluator', ...ADMINISTRATORS)
  @ApiOperation({
    summary: 'List claimed orders',
    description: 'With their deadlines; those that have run out with `include_expired`.',
  })
  @Answers(200, AssignedOut, { description: 'Your claimed orders; all of them for administrators.' })
  @Problems(422)
  assigned(@Query() query: AssignedQuery, @Caller() caller: Actor): Promise<AssignedOut> {
    return this.orders.assigned(caller, query);
  }

  @Get('stats')
  @Authenticated('evaluator', ...ADMINISTRATORS)
  @ApiOperation({
    summary: 'Read your statistics as an evaluator',
    description: 'Orders, earnings, times and rank within a period.',
  })
  @Answers(200, EvaluatorStatsOut, { description: 'Statistics; what is not measured is null.' })
  @Problems(422)
  stats(@Query() query: StatsQuery, @Caller() caller: Actor): Promise<EvaluatorStatsOut> {
    return this.orders.stats(caller, query);
  }
}
