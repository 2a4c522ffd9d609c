import { Module } from '@nestjs/common';
import { RuntimeSettingsModule } from '../settings/runtime-settings.module.js';
import { MarketplaceModule } from '../marketplace/marketplace.module.js';
import { EvaluateOrders } from './evaluate-orders.service.js';
import { EvaluatorController } from './evaluator.controller.js';
import { ProcessingDetails } from './processing-details.service.js';

/** The marketplace's queue over HTTP. */
@Module({
  imports: [MarketplaceModule, RuntimeSettingsModule],
  controllers: [EvaluatorController],
  providers: [EvaluateOrders, ProcessingDetails],
})
export class EvaluatorModule {}
