import {
  BooleanField,
  DateTimeField,
  EnumField,
  IntegerField,
  ListField,
  NestedField,
  NumberField,
  Rule,
  ruleViolation,
  StringField,
} from '#libs/http';
import {
  ORDER_STATUSES,
  PREDICTION_TYPES,
  type MarketplacePredictionType,
  type OrderStatus,
} from '../marketplace/marketplace.port.js';

/** PostgreSQL's integer. */
const MAX_OFFSET = 2_147_483_647;
const SORTS = ['created_at', 'completed_at', 'priority', 'cost'] as const;

/** Query of E-46: which orders, and how they are sorted. All given conditions must hold. */
@Rule<RequestsQuery>(({ start_date: start, end_date: end }) =>
  start !== undefined && end !== undefined && start > end
    ? ruleViolation('`start_date` must not be after `end_date`', 'start_date')
    : undefined,
)
export class RequestsQuery {
  @EnumField(ORDER_STATUSES, {
    name: 'RequestStatus',
    optional: true,
    description: 'Return only this status.',
  })
  status?: OrderStatus;

  @StringField({ optional: true, minLength: 1, maxLength: 32, description: 'Return only this exact symbol.' })
  symbol?: string;

  @EnumField(PREDICTION_TYPES, {
    name: 'MarketplacePredictionType',
    optional: true,
    description: 'Return only this type.',
  })
  prediction_type?: MarketplacePredictionType;

  @DateTimeField({ optional: true, description: 'Return only orders created at or after this time.' })
  start_date?: Date;

  @DateTimeField({ optional: true, description: 'Return only orders created at or before this time.' })
  end_date?: Date;

  @IntegerField({ default: 50, min: 1, max: 100, description: 'Maximum number of items.', example: 50 })
  limit!: number;

  @IntegerField({ default: 0, min: 0, max: MAX_OFFSET, description: 'Items to skip.' })
  offset!: number;

  @EnumField(SORTS, {
    name: 'RequestSort',
    default: 'created_at',
    description: 'Sort key; ties are sorted newest first. `cost` means `estimated_cost`.',
    example: 'created_at',
  })
  sort!: (typeof SORTS)[number];

  @EnumField(['desc', 'asc'], {
    name: 'SortOrder',
    default: 'desc',
    description: 'Direction of `sort`.',
    example: 'desc',
  })
  order!: 'desc' | 'asc';
}

/** A line of the list. */
export class RequestSummary {
  @StringField({ description: 'Id of the order (UUID).', example: '6f2c1f0e-6a0e-4c43-9e53-0a3f1d7f9b11' })
  id!: string;

  @StringField({ description: 'UUID of the task.', example: '0e9c2f7b-31a5-4c0e-8d5c-6f1b7a2d9e44' })
  task_id!: string;

  @EnumField(ORDER_STATUSES, { name: 'RequestStatus', example: 'pending' })
  status!: OrderStatus;

  @StringField({ example: 'EURUSD' })
  symbol!: string;

  @EnumField(PREDICTION_TYPES, { name: 'MarketplacePredictionType', example: 'short_term' })
  prediction_type!: MarketplacePredictionType;

  @IntegerField({ example: 5 })
  priority!: number;

  @NumberField({ description: 'Binding price of the order.', example: 12.5 })
  estimated_cost!: number;

  @NumberField({ nullable: true, description: 'Amount paid; null until completed.', example: 12.5 })
  actual_cost!: number | null;

  @StringField({ example: 'USD' })
  currency!: string;

  @DateTimeField({ example: '2026-01-31T12:00:00.000Z' })
  created_at!: Date;

  @DateTimeField({
    nullable: true,
    description: 'Time at which the order was completed, failed or was cancelled; null before.',
    example: '2026-01-31T12:10:00.000Z',
  })
  completed_at!: Date | null;
}

/** Answer of E-46. */
export class RequestListOut {
  @ListField(NestedField(RequestSummary), { description: 'Orders on this page.' })
  predictions!: readonly RequestSummary[];

  @IntegerField({ description: 'Number of matching orders on all pages.', example: 1 })
  total_count!: number;

  @IntegerField({ description: 'Number of this page, starting at 1.', example: 1 })
  page!: number;

  @IntegerField({ description: 'Number of pages; 0 if nothing matches.', example: 1 })
  pages!: number;

  @BooleanField({ example: false })
  has_next!: boolean;

  @BooleanField({ example: false })
  has_prev!: boolean;
}
