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
  @IntegerField({ min: 1, max: MAX_ID, description: 'Whose money it is.', example: 2 })
  user_id!: number;

  @NumberField({
    min: SMALLEST_AMOUNT,
    max: MAX_AMOUNT,
    description: 'Amount; kept to 6 decimals.',
    example: 100,
  })
  amount!: number;

  @StringField({ default: 'USD', pattern: CURRENCY, description: 'ISO 4217 code.', example: 'USD' })
  currency!: string;

  @StringField({
    optional: true,
    nullable: true,
    maxLength: 255,
    description: 'For statements.',
    example: 'Bank transfer of 31 January',
  })
  description?: string | null;

  @StringField({
    optional: true,
    nullable: true,
    maxLength: 255,
    description: 'What the bank or payment service calls it.',
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
      '`purchased` was paid from outside, `bonus` and `refund` are given by the platform, `earned` makes own earnings spendable.',
    example: 'purchased',
  })
  credit_type!: (typeof CREDIT_TYPES)[number];

  @DateTimeField({
    optional: true,
    nullable: true,
    description: 'What is unused then is taken back. Never, when absent or null.',
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
    description: 'Of a credit that expires; others are not told apart when they are spent.',
    example: null,
  })
  used_amount!: number | null;

  @IntegerField({ description: 'The movement that brought it.', example: 17 })
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

  @NumberField({ description: 'Credits to spend; below zero what is owed.', example: 88 })
  available!: number;

  @NumberField({ description: 'Reserved for open requests.', example: 12 })
  held!: number;

  @NumberField({ description: 'Earned and not paid out.', example: 0 })
  earned!: number;

  @IntegerField({ description: '`available` in micro-units, exact.', example: 88_000_000 })
  available_micros!: number;

  @IntegerField({ description: '`held` in micro-units, exact.', example: 12_000_000 })
  held_micros!: number;

  @IntegerField({ description: '`earned` in micro-units, exact.', example: 0 })
  earned_micros!: number;

  @NumberField({ description: 'How far below zero `available` may go.', example: 1000 })
  credit_limit!: number;
}

export class BalanceOut {
  @EnumField(['postpaid', 'prepaid'], { name: 'BillingMode', example: 'postpaid' })
  billing_mode!: 'postpaid' | 'prepaid';

  @ListField(NestedField(CurrencyBalance), { description: 'One a currency, USD always.' })
  balances!: CurrencyBalance[];
}

/** A page of the caller's own rows. */
export class OwnPageQuery {
  @IntegerField({ default: 50, min: 1, max: 1000, description: 'Most items of the answer.', example: 50 })
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

  @NumberField({ description: 'Below zero for what went.', example: -6.25 })
  amount!: number;

  @IntegerField({ description: 'The same in micro-units, exact.', example: -6_250_000 })
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
