import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import {
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
import { DeliveriesQuery, DeliveryDetailOut, DeliveryId, DeliveryOut } from './delivery.dto.js';
import { DeliveryLog } from './delivery-log.service.js';
import { RotateSecret, SecretInfoOut, SecretOut } from './secret.dto.js';
import { WebhookSecrets } from './webhook-secrets.service.js';

const NOT_FOUND = { 404: 'Webhook delivery not found' };

/** A client's notifications: the secret that signs them, and the outcome of each. */
@ApiTags('webhooks')
@RoleProblems('client', ...ADMINISTRATORS)
@Controller('api/v1/client/webhooks')
export class WebhooksController {
  constructor(
    private readonly secrets: WebhookSecrets,
    private readonly log: DeliveryLog,
  ) {}

  @Get('secret')
  @Authenticated('client', ...ADMINISTRATORS)
  @ApiOperation({
    summary: 'Read when your signing secret was created',
    description: 'When the secret was made and until when the previous one signs, too.',
  })
  @Answers(200, SecretInfoOut, { description: 'Times of the secret, which itself is never shown again.' })
  @Problems({ 404: 'There is no webhook secret yet; make one with POST' })
  secret(@Caller() caller: Actor): Promise<SecretInfoOut> {
    return this.secrets.describe(caller);
  }

  @Post('secret')
  @Authenticated('client', ...ADMINISTRATORS)
  @Idempotent()
  @ApiOperation({
    summary: 'Create or replace your signing secret',
    description:
      'Messages to your receivers are signed with it as Standard Webhooks says. The previous secret signs beside it for `overlap_hours`.',
  })
  @Answers(201, SecretOut, {
    description: 'Shown only once; the previous one also signs for `overlap_hours`.',
    location: () => '/api/v1/client/webhooks/secret',
  })
  @Problems(422)
  rotate(@Body() body: RotateSecret, @Caller() caller: Actor): Promise<SecretOut> {
    return this.secrets.rotate(caller, body);
  }

  @Get('deliveries')
  @Authenticated('client', ...ADMINISTRATORS)
  @ApiOperation({
    summary: 'List webhook deliveries',
    description: 'What was sent to your receivers, with the state of each message.',
  })
  @Answers(200, DeliveryOut, {
    list: true,
    description: 'Your deliveries, newest first; those of all clients for administrators.',
  })
  @Problems(422)
  deliveries(@Query() query: DeliveriesQuery, @Caller() caller: Actor): Promise<Page<DeliveryOut>> {
    return this.log.list(query, caller);
  }

  @Get('deliveries/:delivery_id')
  @Authenticated('client', ...ADMINISTRATORS)
  @ApiOperation({
    summary: 'Read a webhook delivery',
    description: 'The message as it was sent, and every attempt with its result.',
  })
  @Answers(200, DeliveryDetailOut, { description: 'The delivery with its message and its attempts.' })
  @Problems(NOT_FOUND, 422)
  delivery(@Param() { deliveryId }: DeliveryId, @Caller() caller: Actor): Promise<DeliveryDetailOut> {
    return this.log.one(deliveryId, caller);
  }

  @Post('deliveries/:delivery_id/replay')
  @Authenticated('client', ...ADMINISTRATORS)
  @Idempotent()
  @ApiOperation({
    summary: 'Send a webhook message again',
    description:
      'For a receiver that has lost it. The message keeps its id, so that receivers can tell it from a new one.',
  })
  @Answers(200, DeliveryDetailOut, {
    description: 'Sent at once with the same `webhook-id`; the retry schedule starts again.',
  })
  @Problems(NOT_FOUND, { 409: 'This work is already queued' }, 422)
  replay(@Param() { deliveryId }: DeliveryId, @Caller() caller: Actor): Promise<DeliveryDetailOut> {
    return this.log.replay(deliveryId, caller);
  }
}
