import { Module } from '@nestjs/common';
import { DeliverWebhooks } from './deliver-webhooks.service.js';
import { DeliveryLog } from './delivery-log.service.js';
import { HostResolver, NameServerResolver } from './host-resolver.js';
import { TargetRules } from './target-rules.service.js';
import { WebhookDeliveryRepository } from './webhook-delivery.repository.js';
import { WebhookUpkeep } from './webhook-upkeep.service.js';
import { WebhookOutbox } from './webhook-outbox.service.js';
import { WebhookSecretRepository } from './webhook-secret.repository.js';
import { WebhookSecrets } from './webhook-secrets.service.js';
import { WebhookSender } from './webhook-sender.js';
import { WebhooksController } from './webhooks.controller.js';
import { Webhooks } from './webhooks.port.js';

/** Notifications of clients' receivers: signed, retried, logged, and guarded against addresses that are not public. */
@Module({
  controllers: [WebhooksController],
  providers: [
    TargetRules,
    WebhookDeliveryRepository,
    WebhookSecretRepository,
    WebhookSecrets,
    { provide: HostResolver, useFactory: () => new NameServerResolver() },
    WebhookSender,
    WebhookOutbox,
    DeliverWebhooks,
    DeliveryLog,
    WebhookUpkeep,
    { provide: Webhooks, useExisting: WebhookOutbox },
  ],
  exports: [Webhooks],
})
export class WebhooksModule {}
