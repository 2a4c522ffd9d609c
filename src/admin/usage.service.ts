import { Inject, Injectable } from '@nestjs/common';
import { AppError, type Clock, CLOCK, moneyOf } from '#libs/kernel';
import { AUDIT_TRAIL, type AuditTrail } from '../audit/audit.port.js';
import { BILLING_REPORTS, type BillingReports, HOME_CURRENCY } from '../billing/billing.port.js';
import { PREDICTION_ACTIVITIES, type PredictionActivities } from '../predictions/prediction-activity.port.js';
import { MARKETPLACE_USAGES, type MarketplaceUsages } from '../users/marketplace-figures.port.js';
import { USER_DIRECTORY, type UserDirectory } from '../users/users.port.js';
import type { UsageOut } from './admin.dto.js';

const DAY_MS = 86_400_000;

/** What one account used within a window that ends now. */
@Injectable()
export class Usage {
  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(USER_DIRECTORY) private readonly users: UserDirectory,
    @Inject(AUDIT_TRAIL) private readonly audit: AuditTrail,
    @Inject(PREDICTION_ACTIVITIES) private readonly predictions: PredictionActivities,
    @Inject(BILLING_REPORTS) private readonly billing: BillingReports,
    @Inject(MARKETPLACE_USAGES) private readonly marketplace: MarketplaceUsages,
  ) {}

  /** @throws AppError `not_found` */
  async of(username: string, days: number): Promise<UsageOut> {
    const userId = await this.users.idOf(username);
    if (userId === null) throw new AppError('not_found', 'User not found', { code: 'user_not_found' });
    const since = new Date(this.clock.now() - days * DAY_MS);
    const [requests, core, market, costs] = await Promise.all([
      this.audit.countRequests(userId, since),
      this.predictions.usageOf(userId, since),
      this.marketplace.usageOf(userId, since),
      this.billing.spent(userId, { from: since }),
    ]);
    return {
      username,
      total_requests: requests,
      total_predictions: core.created + market.requests,
      marketplace_requests: market.requests,
      total_processing_time_ms: Math.round(core.processingMs + market.processingMs),
      cost_estimate: moneyOf(costs.find(({ currency }) => currency === HOME_CURRENCY)?.amount ?? 0),
      costs: costs.map(({ currency, amount, jobs }) => ({
        currency,
        cost: moneyOf(amount),
        cost_micros: amount,
        requests: jobs,
      })),
    };
  }
}
