import { Inject, Injectable } from '@nestjs/common';
import { AppError, type Clock, CLOCK } from '#libs/kernel';
import { AUDIT_TRAIL, type AuditTrail } from '../audit/audit.port.js';
import {
  MARKETPLACE_ACTIVITIES,
  type MarketplaceActivities,
} from '../marketplace/marketplace-activity.port.js';
import { PREDICTION_ACTIVITIES, type PredictionActivities } from '../predictions/prediction-activity.port.js';
import { USER_DIRECTORY, type UserDirectory } from '../users/users.port.js';
import type { UsageOut } from './admin.dto.js';

const DAY_MS = 86_400_000;
/** Cost of a prediction in hundredths of a USD. */
const CENTS_PER_PREDICTION = 10;

/** What one account used within a window that ends now. */
@Injectable()
export class Usage {
  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(USER_DIRECTORY) private readonly users: UserDirectory,
    @Inject(AUDIT_TRAIL) private readonly audit: AuditTrail,
    @Inject(PREDICTION_ACTIVITIES) private readonly predictions: PredictionActivities,
    @Inject(MARKETPLACE_ACTIVITIES) private readonly marketplace: MarketplaceActivities,
  ) {}

  /** @throws AppError `not_found` */
  async of(username: string, days: number): Promise<UsageOut> {
    const userId = await this.users.idOf(username);
    if (userId === null) throw new AppError('not_found', 'User not found', { code: 'user_not_found' });
    const since = new Date(this.clock.now() - days * DAY_MS);
    const [requests, core, traded] = await Promise.all([
      this.audit.countRequests(userId, since),
      this.predictions.usageOf(userId, since),
      this.marketplace.usageOf(userId, since),
    ]);
    const total = core.created + traded.created;
    return {
      username,
      total_requests: requests,
      total_predictions: total,
      marketplace_requests: traded.created,
      total_processing_time_ms: Math.round(core.processingMs + traded.processingMs),
      cost_estimate: (total * CENTS_PER_PREDICTION) / 100,
    };
  }
}
