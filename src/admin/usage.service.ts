import { Injectable } from '@nestjs/common';
import { Clock, DAY_MS } from '#libs/kernel';
import { AuditTrail } from '../audit/audit.port.js';
import { amountIn, Turnover } from '../billing/billing.port.js';
import { MarketplaceFigures } from '../marketplace/marketplace-statistics.port.js';
import { PredictionFigures } from '../predictions/predictions.port.js';
import { UserDirectory, userNotFound } from '../accounts/accounts.port.js';
import type { UsageOut } from './admin.dto.js';

/** What one account used within a window that ends now. */
@Injectable()
export class Usage {
  constructor(
    private readonly clock: Clock,
    private readonly users: UserDirectory,
    private readonly audit: AuditTrail,
    private readonly predictions: PredictionFigures,
    private readonly turnover: Turnover,
    private readonly marketplace: MarketplaceFigures,
  ) {}

  /** @throws AppError `not_found` */
  async of(username: string, days: number): Promise<UsageOut> {
    const userId = await this.users.idOf(username);
    if (userId === null) throw userNotFound();
    const since = new Date(this.clock.now() - days * DAY_MS);
    const [requests, core, market, costs] = await Promise.all([
      this.audit.countRequests(userId, since),
      this.predictions.usageOf(userId, since),
      this.marketplace.usageOf(userId, since),
      this.turnover.totals({ clientId: userId, from: since }, 'cost'),
    ]);
    return {
      username,
      totalRequests: requests,
      totalPredictions: core.created + market.created,
      marketplaceRequests: market.created,
      totalProcessingTimeMs: Math.round(core.processingMs + market.processingMs),
      costEstimate: amountIn(costs),
      costs,
    };
  }
}
