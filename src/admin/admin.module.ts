import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { LedgerModule } from '../billing/ledger.module.js';
import { MarketplaceModule } from '../marketplace/marketplace.module.js';
import { PredictionsModule } from '../predictions/predictions.module.js';
import { UsersModule } from '../users/users.module.js';
import { AdminController } from './admin.controller.js';
import { Finances } from './finances.service.js';
import { ProcessFigures } from './process-figures.js';
import { RuntimeSettingsModule } from '../settings/runtime-settings.module.js';
import { Statistics } from './statistics.service.js';
import { SystemConfig } from './system-config.service.js';
import { SystemHealth } from './system-health.service.js';
import { Usage } from './usage.service.js';

/** What administrators watch and set; it owns no tables. */
@Module({
  imports: [
    RuntimeSettingsModule,
    UsersModule,
    AuditModule,
    PredictionsModule,
    LedgerModule,
    MarketplaceModule,
  ],
  controllers: [AdminController],
  providers: [Usage, Statistics, Finances, SystemConfig, SystemHealth, ProcessFigures],
})
export class AdminModule {}
