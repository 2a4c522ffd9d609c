import {
  BooleanField,
  DateTimeField,
  EnumField,
  IntegerField,
  ListField,
  MapField,
  MoneyField,
  NestedField,
  NumberField,
  ObjectField,
  StringField,
  SuccessField,
  IsExactField,
} from '#libs/http';
import type { Micros } from '../billing/billing.port.js';
import { ScoreInfoField, type ScoreInfo } from './order-score.dto.js';
import {
  type JsonObject,
  type MarketplacePredictionType,
  type Order,
  ORDER_STATUSES,
  type OrderStatus,
} from '../marketplace/marketplace.port.js';
import {
  MeasuredReasonField,
  OrderCurrencyField,
  OrderIdField,
  OrderTimeField,
  PredictionTypeField,
  SymbolField,
  REPUTATION,
} from '../marketplace/order.fields.js';

const ROOT = '/api/v1/client/predictions';

/** Path of an order. */
export const pathOf = (orderId: string): string => `${ROOT}/${orderId}`;

const moment = '2026-01-31T12:00:00.000Z';
const TaskIdField = StringField({
  description: 'UUID of the task.',
  example: '0e9c2f7b-31a5-4c0e-8d5c-6f1b7a2d9e44',
});
const StatusField = EnumField(ORDER_STATUSES, { name: 'RequestStatus', example: 'pending' });
const PriorityField = IntegerField({ example: 5 });
const EstimatedCostField = MoneyField({ description: 'Binding price of the order.', example: 12.5 });
const ActualCostField = MoneyField({
  nullable: true,
  description: 'Amount paid so far; null until completed. It grows by what a score earns.',
  example: 12.5,
});
const endedAt = {
  nullable: true,
  description: 'Time at which the order was completed, failed or was cancelled; null before.',
} as const;

/** Answer of E-44. */
export class RequestAccepted {
  @OrderIdField id!: string;
  @TaskIdField taskId!: string;
  @StatusField status!: OrderStatus;

  @DateTimeField({
    nullable: true,
    description: 'Estimated time of completion, based on recently completed orders; null if there are none.',
    example: moment,
  })
  estimatedCompletion!: Date | null;

  @MoneyField({ description: "Binding price, held from the client's credits.", example: 12.5 })
  estimatedCost!: Micros;

  @OrderCurrencyField currency!: string;
  @IntegerField({ description: 'Position in the queue; 1 is next.', example: 1 }) queuePosition!: number;
  @PriorityField priority!: number;
  @OrderTimeField createdAt!: Date;
}

export class RequestProgress {
  @NumberField({
    wire: 'percentage',
    nullable: true,
    description: 'Progress in percent; null if unknown.',
    example: 40,
  })
  progressPercentage!: number | null;

  @StringField({ nullable: true, example: 'predict' }) currentStep!: string | null;

  @NumberField({
    nullable: true,
    description: "The evaluator's estimate of the remaining time, in seconds; null if unknown.",
    example: 30,
  })
  estimatedRemaining!: number | null;
}

export class EvaluatorInfo {
  @StringField({
    write: String,
    description: 'Id of the evaluator as text; `0` is the service itself.',
    example: '7',
  })
  evaluatorId!: number | null;

  @StringField({ wire: 'username', nullable: true, example: 'desk_evaluator' })
  evaluatorUsername!: string | null;

  @NumberField({ ...REPUTATION, wire: 'reputation_score' }) reputation!: number | null;
  @MeasuredReasonField('reputation') reason?: string | null;
}

export class CostInfo {
  @EstimatedCostField estimatedCost!: Micros;
  @ActualCostField actualCost!: Micros | null;
  @OrderCurrencyField currency!: string;
  @ScoreInfoField score?: ScoreInfo | null;
}

const link = (file: string) =>
  StringField({
    from: ({ id }: Pick<Order, 'id'>) => `${pathOf(id)}/download/${file}`,
    example: `${ROOT}/6f2c1f0e-6a0e-4c43-9e53-0a3f1d7f9b11/download/${file}`,
  });

export class DownloadLinks {
  @link('results.csv') csvResults?: string;
  @link('plot.png') plotImage?: string;
  @link('metadata.json') metadata?: string;
  @link('logs.txt') logs?: string;
}

export class RequestResult {
  @ListField(NumberField(), { description: 'Predicted values, one per bar.', example: [1.0931, 1.0934] })
  predictions!: readonly number[];

  @ListField(NumberField(), { description: 'Standard deviations, one per bar.', example: [0.0008, 0.0011] })
  uncertainties!: readonly number[];

  @MapField(ListField(NumberField()), {
    description: 'Bounds of the intervals by name, one value per bar.',
    example: { lower_95: [1.0915, 1.0912], upper_95: [1.0947, 1.0956] },
  })
  confidenceIntervals!: Readonly<Record<string, readonly number[]>>;

  @ObjectField({ description: 'Metadata of the model, as stated by the evaluator.' })
  modelMetadata!: JsonObject;

  @NestedField(DownloadLinks, { from: (result: DownloadLinks) => result }) downloadLinks?: DownloadLinks;
}

export class RequestFailure {
  @StringField({ wire: 'reason', description: 'Machine-readable reason.', example: 'expired' })
  failureReason!: string | null;

  @StringField({ wire: 'message', nullable: true, example: 'No evaluator completed the order in time' })
  errorMessage!: string | null;
}

export class RequestCancellation {
  @IntegerField({ description: 'Id of the user who cancelled the order.', example: 2 })
  cancelledBy!: number | null;

  @DateTimeField({ example: moment }) cancelledAt!: Date | null;
  @StringField({ example: 'user_requested' }) cancellationReason!: string | null;
}

/** An order with what its evaluator is worth. */
export interface ReadOrder extends Order {
  /** Null without an evaluator, and for one that is unrated. */
  readonly reputation: number | null;
}

/** Answer of E-45 and E-47. */
export class RequestOut {
  @OrderIdField id!: string;
  @TaskIdField taskId!: string;
  @StatusField status!: OrderStatus;
  @SymbolField symbol!: string;
  @PredictionTypeField predictionType!: MarketplacePredictionType;
  @DateTimeField({ example: '2030-01-07T09:00:00.000Z' }) datetimeRequested!: Date;
  @PriorityField priority!: number;

  @NestedField(RequestProgress, {
    nullable: true,
    from: (order: Order) => (order.status === 'processing' ? order : null),
    description: 'Progress; null unless the order is being computed.',
  })
  progress?: RequestProgress | null;

  @NestedField(EvaluatorInfo, {
    nullable: true,
    from: (order: ReadOrder) => (order.evaluatorId === null ? null : order),
    description: 'Evaluator that claimed the order; null if none.',
  })
  evaluatorInfo?: EvaluatorInfo | null;

  @NestedField(CostInfo, { from: (order: Order) => order }) costInfo?: CostInfo;

  @NestedField(RequestResult, {
    nullable: true,
    from: ({ id, result }: Order) => (result === null ? null : { ...result, id }),
    description: 'The result; null until completed, and always null for operators.',
  })
  result!: RequestResult | null;

  @NestedField(RequestFailure, {
    nullable: true,
    from: (order: Order) => (order.failureReason === null ? null : order),
    description: 'Why the order failed; otherwise null.',
  })
  failure?: RequestFailure | null;

  @NestedField(RequestCancellation, {
    nullable: true,
    from: (order: Order) => (order.cancelledAt === null ? null : order),
    description: 'Null unless the order was cancelled.',
  })
  cancellation?: RequestCancellation | null;

  @OrderTimeField createdAt!: Date;

  @DateTimeField({ nullable: true, example: moment }) claimedAt!: Date | null;
  @DateTimeField({ ...endedAt, example: moment }) completedAt!: Date | null;

  @DateTimeField({ description: 'Time at which the order fails if not completed.', example: moment })
  expiresAt!: Date;
}

/** A line of the list. */
export class RequestSummary {
  @OrderIdField id!: string;
  @TaskIdField taskId!: string;
  @StatusField status!: OrderStatus;
  @SymbolField symbol!: string;
  @PredictionTypeField predictionType!: MarketplacePredictionType;
  @PriorityField priority!: number;
  @EstimatedCostField estimatedCost!: Micros;
  @ActualCostField actualCost!: Micros | null;
  @OrderCurrencyField currency!: string;
  @OrderTimeField createdAt!: Date;
  @DateTimeField({ ...endedAt, example: '2026-01-31T12:10:00.000Z' }) completedAt!: Date | null;
}

/** Answer of E-46. */
export class RequestListOut {
  @ListField(NestedField(RequestSummary), { wire: 'predictions', description: 'Orders on this page.' })
  orders!: readonly RequestSummary[];

  @IntegerField({ wire: 'total_count', description: 'Number of matching orders on all pages.', example: 1 })
  total!: number;

  @IsExactField isExact!: boolean;
  @IntegerField({ description: 'Number of this page, starting at 1.', example: 1 }) page!: number;
  @IntegerField({
    description: 'Number of pages, as far as matches are counted; 0 if nothing matches.',
    example: 1,
  })
  pages!: number;
  @BooleanField({ example: false }) hasNext!: boolean;
  @BooleanField({ example: false }) hasPrev!: boolean;
}

/** What the receiver of an order is told when it ended. */
export class EndedOrder {
  @TaskIdField taskId!: string;
  @StatusField status!: OrderStatus;
  @SymbolField symbol!: string;
  @DateTimeField({ ...endedAt, example: moment }) completedAt!: Date | null;
  @ActualCostField actualCost!: Micros | null;
  @OrderCurrencyField currency!: string;
  @StringField({ nullable: true, example: null }) failureReason!: string | null;
  @StringField({ nullable: true, example: null }) resultHash!: string | null;
  @ScoreInfoField score?: ScoreInfo | null;
  @StringField({ from: ({ id }: Order) => pathOf(id) }) path?: string;
}

/** Answer of E-48. */
export class RequestCancelled {
  @SuccessField success?: true;

  @StringField({
    always: 'Prediction cancelled successfully',
    example: 'Prediction cancelled successfully',
  })
  message?: string;

  @MoneyField({ wire: 'refund_amount', description: 'Amount returned to the credits.', example: 12.5 })
  amount!: Micros;

  @OrderCurrencyField currency!: string;
}
