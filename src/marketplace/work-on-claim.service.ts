import { Injectable } from '@nestjs/common';
import { TransactionRunner } from '#libs/database';
import { Clock, invalidField } from '#libs/kernel';
import { Billing } from '../billing/billing.port.js';
import { ForecastPins } from '../outcomes/outcomes.port.js';
import { faultOfAnswer } from './check-answer.js';
import { ClaimHistory, type ClaimEnd } from './claim-history.repository.js';
import { LeaseRules } from './lease-rules.js';
import type { Order, OrderProgress } from './marketplace.port.js';
import { actsForAll, evaluatorIdOf } from './order-access.js';
import type {
  AcceptedAnswer,
  AnswerCommand,
  ClaimedWork,
  Evaluator,
  FailCommand,
  HeartbeatReply,
  LeaseReference,
  ReleaseCommand,
} from './order-queue.port.js';
import { issuedAnswer } from './issued-answer.js';
import { OrderViews } from './order-views.service.js';
import { OrderRepository, UNCLAIMED } from './order.repository.js';
import { resultHash } from './result-hash.js';

const LONGEST_STEP = 255;
/** Seconds; no lease is longer than a day. */
const LONGEST_REMAINING = 86_400;

/** What an evaluator does with an order under its lease: it notes progress, answers and is paid, or gives it back. */
@Injectable()
export class WorkOnClaim implements ClaimedWork {
  constructor(
    private readonly leases: LeaseRules,
    private readonly orders: OrderRepository,
    private readonly history: ClaimHistory,
    private readonly views: OrderViews,
    private readonly transactions: TransactionRunner,
    private readonly billing: Billing,
    private readonly pins: ForecastPins,
    private readonly clock: Clock,
  ) {}

  /** The lease stays as long as it was: the client was told its end. */
  async heartbeat(
    evaluator: Evaluator,
    lease: LeaseReference,
    progress: Partial<OrderProgress>,
  ): Promise<HeartbeatReply> {
    refuseOutOfRange(progress);
    return this.transactions.run(async (tx) => {
      const now = new Date(this.clock.now());
      const use = { forAll: false, late: false, wish: 'submit', now } as const;
      const row = await this.leases.heldRow(tx, evaluatorIdOf(evaluator), lease, use);
      const {
        progressPercentage = row.progressPercentage,
        currentStep = row.currentStep,
        estimatedRemaining = row.estimatedRemaining,
      } = progress;
      await this.orders.change(tx, row, { progressPercentage, currentStep, estimatedRemaining }, now);
      const { id: orderId, leaseEpoch, timeoutAt } = row;
      return { orderId, leaseEpoch, timeoutAt };
    });
  }

  /** Takes the answer and pays for it: both or neither. */
  async submit(
    evaluator: Evaluator,
    { result, made, calibration, ...lease }: AnswerCommand,
  ): Promise<AcceptedAnswer> {
    const evaluatorId = evaluatorIdOf(evaluator);
    return this.transactions.run(async (tx) => {
      const now = new Date(this.clock.now());
      const use = { forAll: false, late: false, wish: 'submit', now } as const;
      const row = await this.leases.heldRow(tx, evaluatorId, lease, use);
      const fault = faultOfAnswer(result, row.predictionHorizon);
      if (fault !== null) throw fault;
      const claimedAt = row.claimedAt.getTime();
      const processingMs = Math.max(0, now.getTime() - claimedAt);
      const leaseMs = row.timeoutAt.getTime() - claimedAt;
      const orderId = row.id;
      const [username, settled] = await Promise.all([
        this.views.usernameOf(row),
        this.billing.capture(tx, { orderId, evaluatorId, workedMs: processingMs, leaseMs }),
      ]);
      const hash = resultHash(result, { completedAt: now, completedBy: evaluatorId });
      const completed = await this.orders.change(
        tx,
        row,
        {
          status: 'completed',
          result,
          resultHash: hash,
          processingMs,
          completedAt: now,
          actualCost: settled.total - settled.staked,
          bonus: settled.bonus,
          ...(settled.staked > 0 && { scoreState: 'held', scoreHeld: settled.staked }),
        },
        now,
      );
      this.pins.pin(tx, {
        ...issuedAnswer(row, result, made ?? null, now),
        calibration: calibration ?? null,
      });
      await this.history.close(tx, row, { outcome: 'completed' }, now);
      await this.views.tell(tx, 'completed', completed, now, username);
      return {
        orderId,
        resultHash: hash,
        completedAt: now,
        processingMs,
        currency: settled.currency,
        payment: settled.evaluator,
        bonus: settled.bonus,
      };
    });
  }

  async release(evaluator: Evaluator, { reason, details, ...lease }: ReleaseCommand): Promise<Order> {
    const evaluatorId = evaluatorIdOf(evaluator);
    return this.transactions.run(async (tx) => {
      const now = new Date(this.clock.now());
      const use = { forAll: actsForAll(evaluator), late: true, wish: 'release', now } as const;
      const row = await this.leases.heldRow(tx, evaluatorId, lease, use);
      const outcome = now.getTime() > row.timeoutAt.getTime() ? 'expired' : 'released';
      const end: ClaimEnd = { outcome, releasedBy: evaluatorId, reason, details: details ?? null };
      return this.views.tell(tx, 'released', await this.leases.end(tx, row, end, now), now);
    });
  }

  /** The order ends and the price goes back: both or neither. */
  async fail(evaluator: 'platform', { reason, message, ...lease }: FailCommand): Promise<Order> {
    const evaluatorId = evaluatorIdOf(evaluator);
    return this.transactions.run(async (tx) => {
      const now = new Date(this.clock.now());
      const use = { forAll: false, late: false, wish: 'submit', now } as const;
      const row = await this.leases.heldRow(tx, evaluatorId, lease, use);
      const end = { outcome: 'failed', releasedBy: evaluatorId, reason, details: message } as const;
      await this.history.close(tx, row, end, now);
      await this.billing.void(tx, row.id, `${reason}: the order cannot be answered`);
      const failure = {
        ...UNCLAIMED,
        status: 'failed',
        failureReason: reason,
        errorMessage: `${message}; the price was returned`,
        completedAt: now,
      } as const;
      return this.views.tell(tx, 'failed', await this.orders.change(tx, row, failure, now), now);
    });
  }
}

function refuseOutOfRange({
  progressPercentage: percentage,
  currentStep,
  estimatedRemaining,
}: Partial<OrderProgress>): void {
  if (!isWithin(percentage, 100))
    throw invalidField('percentage', 'percentage is a number from 0 to 100', percentage);
  if (!isWithin(estimatedRemaining, LONGEST_REMAINING))
    throw invalidField(
      'estimated_remaining',
      `estimated_remaining is seconds, from 0 to ${LONGEST_REMAINING}`,
      estimatedRemaining,
    );
  if ((currentStep?.length ?? 0) > LONGEST_STEP)
    throw invalidField('current_step', `current_step has at most ${LONGEST_STEP} characters`, currentStep);
}

const isWithin = (value: number | null | undefined, largest: number): boolean =>
  value === null || value === undefined || (value >= 0 && value <= largest);
