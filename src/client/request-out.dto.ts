import {
  BooleanField,
  DateTimeField,
  EnumField,
  IntegerField,
  ListField,
  MapField,
  NestedField,
  NumberField,
  ObjectField,
  StringField,
} from '#libs/http';
import {
  ORDER_STATUSES,
  PREDICTION_TYPES,
  type JsonObject,
  type MarketplacePredictionType,
  type OrderStatus,
} from '../marketplace/marketplace.port.js';

const id = { description: 'Id of the order (UUID).', example: '6f2c1f0e-6a0e-4c43-9e53-0a3f1d7f9b11' };
const taskId = { description: 'UUID of the task.', example: '0e9c2f7b-31a5-4c0e-8d5c-6f1b7a2d9e44' };
const moment = '2026-01-31T12:00:00.000Z';
const link = (file: string) => ({ example: `/api/v1/client/predictions/${id.example}/download/${file}` });

/** Answer of E-44. */
export class RequestAccepted {
  @StringField(id)
  id!: string;

  @StringField(taskId)
  task_id!: string;

  @EnumField(ORDER_STATUSES, { name: 'RequestStatus', example: 'pending' })
  status!: OrderStatus;

  @DateTimeField({
    nullable: true,
    description: 'Estimated time of completion, based on recently completed orders; null if there are none.',
    example: moment,
  })
  estimated_completion!: Date | null;

  @NumberField({ description: "Binding price, held from the client's credits.", example: 12.5 })
  estimated_cost!: number;

  @StringField({ example: 'USD' })
  currency!: string;

  @IntegerField({ description: 'Position in the queue; 1 is next.', example: 1 })
  queue_position!: number;

  @IntegerField({ example: 5 })
  priority!: number;

  @DateTimeField({ example: moment })
  created_at!: Date;
}

export class RequestProgress {
  @NumberField({ nullable: true, description: 'Progress in percent; null if unknown.', example: 40 })
  percentage!: number | null;

  @StringField({ nullable: true, example: 'predict' })
  current_step!: string | null;

  @NumberField({
    nullable: true,
    description: "The evaluator's estimate of the remaining time, in seconds; null if unknown.",
    example: 30,
  })
  estimated_remaining!: number | null;
}

export class EvaluatorInfo {
  @StringField({ description: 'Id of the evaluator as text; `0` is the service itself.', example: '7' })
  evaluator_id!: string;

  @StringField({ nullable: true, example: 'desk_evaluator' })
  username!: string | null;

  @NumberField({ nullable: true, description: 'Reputation score; null until it can be measured.' })
  reputation_score!: number | null;

  @StringField({ description: 'Why `reputation_score` is null.', example: 'needs realised outcomes' })
  reason!: string;
}

export class CostInfo {
  @NumberField({ description: 'Binding price of the order.', example: 12.5 })
  estimated_cost!: number;

  @NumberField({ nullable: true, description: 'Amount paid; null until completed.', example: 12.5 })
  actual_cost!: number | null;

  @StringField({ example: 'USD' })
  currency!: string;
}

export class DownloadLinks {
  @StringField(link('results.csv'))
  csv_results!: string;

  @StringField(link('plot.png'))
  plot_image!: string;

  @StringField(link('metadata.json'))
  metadata!: string;

  @StringField(link('logs.txt'))
  logs!: string;
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
  confidence_intervals!: Readonly<Record<string, readonly number[]>>;

  @ObjectField({ description: 'Metadata of the model, as stated by the evaluator.' })
  model_metadata!: JsonObject;

  @NestedField(DownloadLinks)
  download_links!: DownloadLinks;
}

export class RequestFailure {
  @StringField({ description: 'Machine-readable reason.', example: 'expired' })
  reason!: string;

  @StringField({ nullable: true, example: 'Nobody finished the request in time' })
  message!: string | null;
}

export class RequestCancellation {
  @IntegerField({ description: 'Id of the user who cancelled the order.', example: 2 })
  cancelled_by!: number;

  @DateTimeField({ example: moment })
  cancelled_at!: Date;

  @StringField({ example: 'user_requested' })
  cancellation_reason!: string;
}

/** Answer of E-45 and E-47. */
export class RequestOut {
  @StringField(id)
  id!: string;

  @StringField(taskId)
  task_id!: string;

  @EnumField(ORDER_STATUSES, { name: 'RequestStatus', example: 'pending' })
  status!: OrderStatus;

  @StringField({ example: 'EURUSD' })
  symbol!: string;

  @EnumField(PREDICTION_TYPES, { name: 'MarketplacePredictionType', example: 'short_term' })
  prediction_type!: MarketplacePredictionType;

  @DateTimeField({ example: '2030-01-07T09:00:00.000Z' })
  datetime_requested!: Date;

  @IntegerField({ example: 5 })
  priority!: number;

  @NestedField(RequestProgress, {
    nullable: true,
    description: 'Progress; null unless the order is being computed.',
  })
  progress!: RequestProgress | null;

  @NestedField(EvaluatorInfo, {
    nullable: true,
    description: 'Evaluator that claimed the order; null if none.',
  })
  evaluator_info!: EvaluatorInfo | null;

  @NestedField(CostInfo)
  cost_info!: CostInfo;

  @NestedField(RequestResult, {
    nullable: true,
    description: 'Null until completed, and always for operators.',
  })
  result!: RequestResult | null;

  @NestedField(RequestFailure, { nullable: true, description: 'Why the order failed; otherwise null.' })
  failure!: RequestFailure | null;

  @NestedField(RequestCancellation, { nullable: true, description: 'Null unless the order was cancelled.' })
  cancellation!: RequestCancellation | null;

  @DateTimeField({ example: moment })
  created_at!: Date;

  @DateTimeField({ nullable: true, example: moment })
  claimed_at!: Date | null;

  @DateTimeField({
    nullable: true,
    description: 'Time at which the order was completed, failed or was cancelled; null before.',
    example: moment,
  })
  completed_at!: Date | null;

  @DateTimeField({ description: 'Time at which the order fails if not completed.', example: moment })
  expires_at!: Date;
}

/** Answer of E-48. */
export class RequestCancelled {
  @BooleanField({ description: 'Always true; failures are reported as errors.', example: true })
  success!: boolean;

  @StringField({ example: 'Prediction cancelled; its whole price was given back' })
  message!: string;

  @NumberField({ description: 'Amount returned to the credits.', example: 12.5 })
  refund_amount!: number;

  @StringField({ example: 'USD' })
  currency!: string;
}
