import {
  DateTimeField,
  EnumField,
  IntegerField,
  MoneyField,
  NumberField,
  StringField,
  UnitPriceField,
} from '#libs/http';
import { ORDER_INTERVALS, PREDICTION_TYPES } from './marketplace.port.js';

/*
 * Fields that many answers about orders have, declared once; clients and evaluators know an order as an order. What
 * needs a description or an example of its own is declared where it stands.
 */

const id = { description: 'Id of the order (UUID).', example: '6f2c1f0e-6a0e-4c43-9e53-0a3f1d7f9b11' };
export const OrderIdField = StringField(id);
export const RequestIdField = StringField({ ...id, wire: 'request_id' });
export const TaskIdField = StringField({
  description: 'UUID of the task.',
  example: '9a0b4a52-5c55-4a3e-8f0e-1f6a1c1de0a7',
});

export const SymbolField = StringField({ example: 'EURUSD' });
export const PredictionTypeField = EnumField(PREDICTION_TYPES, {
  name: 'MarketplacePredictionType',
  example: 'short_term',
});
/** Filters and directions of lists. */
export const SymbolFilterField = StringField({
  optional: true,
  minLength: 1,
  maxLength: 32,
  description: 'Return only this exact symbol.',
});
export const PredictionTypeFilterField = EnumField(PREDICTION_TYPES, {
  name: 'MarketplacePredictionType',
  optional: true,
  description: 'Return only orders of this prediction type.',
});
export const SortOrderField = EnumField(['desc', 'asc'], {
  name: 'SortOrder',
  default: 'desc',
  description: 'Direction of `sort`.',
  example: 'desc',
});

export const TargetTimeField = DateTimeField({
  description: 'First time to predict.',
  example: '2026-02-01T12:00:00.000Z',
});
export const LookbackField = IntegerField({ description: 'Bars of history to use.', example: 1000 });
export const HorizonField = IntegerField({ description: 'Number of bars to predict.', example: 6 });
export const IntervalField = EnumField(ORDER_INTERVALS, {
  name: 'MarketplaceInterval',
  description: 'Length of a bar.',
  example: '1h',
});
export const ModelNameField = StringField({
  description: 'Model that the price is for.',
  example: 'default_predictor',
});
export const OrderCurrencyField = StringField({ description: 'Currency of the amounts.', example: 'USD' });

export const ExpectedPaymentField = MoneyField({
  wire: 'expected_payment',
  description: "The evaluator's share of the price.",
  example: 3.5,
});

export const ScoreShareField = UnitPriceField({
  wire: 'score_share',
  nullable: true,
  description:
    "Fraction of the provider's share that is held at the answer until the forecast can be scored, and then paid by its score; the rest returns to the client. Null: nothing is.",
  example: 0.4,
});

/** A moment of the past: creation, claim. */
export const OrderTimeField = DateTimeField({ example: '2026-01-31T12:00:00.000Z' });

export const LeaseEpochField = IntegerField({
  description:
    'Number of the claim; rises with every claim. Send it back so that an older claim is not mistaken for this one.',
  example: 1,
});
export const TimeoutField = DateTimeField({
  description: 'Deadline; answers after it are rejected.',
  example: '2026-01-31T12:30:00.000Z',
});
/** Milliseconds in the property, whole seconds in JSON, 0 when they are over. */
export const TimeRemainingField = IntegerField({
  wire: 'time_remaining',
  write: (ms: number) => Math.max(0, Math.floor(ms / 1000)),
  description: 'Seconds until the deadline; 0 if overdue.',
  example: 1500,
});

/** How good an answer was is known when the market has moved, and from nobody's own word before. */
const unmeasured = {
  nullable: true,
  always: null,
  description: 'Always null; see `reason`.',
  example: null,
} as const;
export const UnmeasuredField = NumberField(unmeasured);
const NEEDS_OUTCOMES = 'needs realised outcomes';
export const UnmeasuredReasonField = StringField({
  always: NEEDS_OUTCOMES,
  description: 'Why values here are null.',
  example: NEEDS_OUTCOMES,
});
/** Of a value that outcomes give, once there are enough. */
export const MeasuredReasonField = <Of extends string>(of: Of) =>
  StringField({
    nullable: true,
    from: (measured: Readonly<Record<Of, unknown>>) => (measured[of] === null ? NEEDS_OUTCOMES : null),
    description: 'Why values here are null; null when they are not.',
    example: null,
  });
/** A reputation, wherever one is shown. */
export const REPUTATION = {
  nullable: true,
  description:
    'Reputation, 0 to 1: quality × the rate of claims answered in time; null below 40 outcomes of the last 365 days.',
  example: 0.0186,
} as const;
/** A quality, wherever one is shown. */
export const QUALITY = {
  nullable: true,
  description:
    'Quality, 0 to 1: n / (n + 50) × the lower 90 % bound of the skill over the last 365 days; null below 40 outcomes.',
  example: 0.019,
} as const;
