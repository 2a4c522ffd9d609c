import { Module } from '@nestjs/common';
import { MarketplaceModule } from '../marketplace/marketplace.module.js';
import { OutcomesModule } from '../outcomes/outcomes.module.js';
import { AutoEvaluate } from './auto-evaluate.service.js';

/** The evaluator that works by itself, inside of the service; the command `evaluate` runs the same one elsewhere. */
@Module({ imports: [MarketplaceModule, OutcomesModule], providers: [AutoEvaluate] })
export class AgentModule {}
