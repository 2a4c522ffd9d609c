import { Module } from '@nestjs/common';
import { MarketplaceModule } from '../marketplace/marketplace.module.js';
import { OutcomesModule } from '../outcomes/outcomes.module.js';
import { WebhooksModule } from '../webhooks/webhooks.module.js';
import { ClientController } from './client.controller.js';
import { DownloadFiles } from './download-files.service.js';
import { ForecastPicture } from './forecast-picture.js';
import { ListModels } from './list-models.service.js';
import { ManageOwnOrders } from './manage-own-orders.service.js';
import { ModelsController } from './models.controller.js';
import { NotifyClients } from './notify-clients.service.js';
import { OrderEvidenceController } from './order-evidence.controller.js';
import { ReadOrderEvidence } from './read-order-evidence.service.js';

/** The marketplace for clients over HTTP. */
@Module({
  imports: [MarketplaceModule, OutcomesModule, WebhooksModule],
  controllers: [ClientController, ModelsController, OrderEvidenceController],
  providers: [ListModels, ManageOwnOrders, NotifyClients, DownloadFiles, ForecastPicture, ReadOrderEvidence],
})
export class ClientModule {}
