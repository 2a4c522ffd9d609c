import {
  DateTimeField,
  EnumField,
  IntegerField,
  ListField,
  NestedField,
  NumberField,
  StringField,
} from '#libs/http';
import { CURRENCY } from './pricing.dto.js';

export const CREDIT_TYPES = ['purchased', 'earned', 'bonus', 'refund'] as const;
/** Kinds of accounts that belong to users. */
const ACCOUNTS = ['available', 'held', 'earned'] as const;
const MOVEMENTS = ['hold', 'adjustment', 'capture', 'void', 'credit', 'expiry', 'payout'] as const;

const SMALLEST_AMOUNT = 0.000_001;
const MAX_AMOUNT = 1_000_000_000;
/** PostgreSQL's integer. */
const MAX_ID = 2_147_483_647;

class Movement {
  @IntegerField({ min: 1, max: MAX_ID, description: 'Id of the user who owns the money.', example: 2 })
  user_id!: number;

  @NumberField({
    min: SMALLEST_AMOUNT,
    max: MAX_AMOUNT,
    description: 'Amount, up to 6 decimals.',
    example: 100,
  })
  amount!: number;

  @StringField({ default: 'USD', pattern: CURRENCY, description: 'ISO 4217 currency code.', example: 'USD' })
  currency!: string;

  @StringField({
    optional: true,
    nullable: true,
    maxLength: 255,
    description: 'Text to show in statements.',
    example: 'Bank transfer of 31 January',
  })
  description?: string | null;

  @StringField({
    optional: true,
    nullable: true,
    maxLength: 255,
    description: 'Reference of the payment at the bank or payment service.',
    example: 'TRX-2026-0131-77',
  })
  payment_reference?: string | null;
}

/** Credits for a user. */
export class TopUpRequest extends Movement {
  @EnumField(CREDIT_TYPES, {
    name: 'CreditType',
    default: 'purchased',
    description:
      "Type of the credits: `purchased` was paid for by the user, `bonus` and `refund` are granted by the platform, `earned` converts the user's earnings.",
    example: 'purchased',
  })
  credit_type!: (typeof CREDIT_TYPES)[number];

  @DateTimeField({
    optional: true,
    nullable: true,
    description: 'Time at which unused credits expire; never if absent or null.',
    example: null,
  })
  expires_at?: Date | null;
}

/** Earnings that were paid out. */
export class PayoutRequest extends Movement {}

export class CreditOut {
  @IntegerField({ example: 1 })
  id!: number;

  @IntegerField({ example: 2 })
  user_id!: number;

  @EnumField(CREDIT_TYPES, { name: 'CreditType', example: 'purchased' })
  credit_type!: (typeof CREDIT_TYPES)[number];

  @NumberField({ example: 100 })
  amount!: number;

  @StringField({ example: 'USD' })
  currency!: string;

  @NumberField({
    nullable: true,
    description: 'Amount used so far; null for credits that do not expire, because their use is not tracked.',
    example: null,
  })
  used_amount!: number | null;

  @IntegerField({ description: 'Id of the transaction that granted the credits.', example: 17 })
  source_transaction_id!: number;

  @DateTimeField({ nullable: true, example: null })
  expires_at!: Date | null;

  @DateTimeField({ example: '2026-01-31T12:00:00.000Z' })
  created_at!: Date;
}

export class PayoutOut {
  @IntegerField({ example: 18 })
  transaction_id!: number;

  @IntegerField({ example: 4 })
  user_id!: number;

  @NumberField({ example: 100 })
  amount!: number;

  @StringField({ example: 'USD' })
  currency!: string;
}

export class CurrencyBalance {
  @StringField({ example: 'USD' })
  currency!: string;

  @NumberField({ description: 'Available credits; negative if money is owed.', example: 88 })
  available!: number;

  @NumberField({ description: 'Amount held for open orders.', example: 12 })
  held!: number;

  @NumberField({ description: 'Earnings that have not been paid out.', example: 0 })
  earned!: number;

  @IntegerField({ description: 'Exact value of `available` in micro-units (1e-6).', example: 88_000_000 })
  available_micros!: number;

  @IntegerField({ description: 'Exact value of `held` in micro-units (1e-6).', example: 12_000_000 })
  held_micros!: number;

  @IntegerField({ description: 'Exact value of `earned` in micro-units (1e-6).', example: 0 })
  earned_micros!: number;

  @NumberField({ description: 'How far below zero `available` may fall.', example: 1000 })
  credit_limit!: number;
}

export class BalanceOut {
  @EnumField(['postpaid', 'prepaid'], { name: 'BillingMode', example: 'postpaid' })
  billing_mode!: 'postpaid' | 'prepaid';

  @ListField(NestedField(CurrencyBalance), { description: 'One entry per currency; USD is always included.' })
  balances!: CurrencyBalance[];
}

/** A page of the caller's own rows. */
export class OwnPageQuery {
  @IntegerField({ default: 50, min: 1, max: 1000, description: 'Maximum number of items.', example: 50 })
  limit!: number;

  @IntegerField({ default: 0, min: 0, max: MAX_ID, description: 'Items to skip.' })
  offset!: number;
}

/** Whose money an administrator looks at. */
export class MoneyOwner {
  @IntegerField({ min: 1, max: MAX_ID, description: 'Id of the user.', example: 2 })
  user_id!: number;
}

/** One movement on one of the caller's accounts. */
export class StatementLine {
  @IntegerField({ example: 18 })
  transaction_id!: number;

  @EnumField(MOVEMENTS, { name: 'MoneyMovement', example: 'hold' })
  transaction_type!: (typeof MOVEMENTS)[number];

  @EnumField(ACCOUNTS, { name: 'MoneyAccount', example: 'available' })
  account!: (typeof ACCOUNTS)[number];

  @NumberField({ description: 'Amount; negative for outgoing money.', example: -6.25 })
  amount!: number;

  @IntegerField({ description: 'Exact value of `amount` in micro-units (1e-6).', example: -6_250_000 })
  amount_micros!: number;

  @StringField({ example: 'USD' })
  currency!: string;

  @StringField({ nullable: true, example: '6f2c1f0e-6a0e-4c43-9e53-0a3f1d7f9b11' })
  prediction_id!: string | null;

  @StringField({ nullable: true, example: 'EURUSD short_term' })
  description!: string | null;

  @DateTimeField({ example: '2026-01-31T12:00:00.000Z' })
  created_at!: Date;
}
