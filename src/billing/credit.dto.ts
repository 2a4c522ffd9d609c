import {
  DateTimeField,
  EnumField,
  IntegerField,
  LimitField,
  ListField,
  MoneyField,
  NestedField,
  PathIdField,
  OffsetField,
  StringField,
} from '#libs/http';
import { type Balance, CREDIT_TYPES, type CreditGrant, type Currency, type Micros } from './billing.port.js';
import { TRANSACTION_TYPES, type TransactionType } from './ledger.js';
import {
  AmountOf,
  BilledOrderIdField,
  CurrencyCodeField,
  CurrencyField,
  DescriptionField,
  ExactOf,
  IdField,
  MomentField,
  OwnerIdField,
  ProviderIdField,
  TransactionIdField,
  UserIdField,
} from './money.fields.js';

/** Kinds of accounts that belong to users. */
const ACCOUNTS = ['available', 'held', 'escrow', 'earned'] as const;

const SMALLEST_AMOUNT = 0.000_001;
const MAX_AMOUNT = 1_000_000_000;

class Movement {
  @OwnerIdField('Id of the user who owns the money.') userId!: number;

  @MoneyField({
    strict: true,
    min: SMALLEST_AMOUNT,
    max: MAX_AMOUNT,
    description: 'Amount, up to 6 decimals.',
    example: 100,
  })
  amount!: Micros;

  @CurrencyCodeField currency!: Currency;

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
  paymentReference?: string | null;
}

/** Credits for a user. */
export class TopUpRequest extends Movement {
  @EnumField(CREDIT_TYPES, {
    wire: 'credit_type',
    name: 'CreditType',
    default: 'purchased',
    description:
      "Type of the credits: `purchased` was paid for by the user, `bonus` and `refund` are granted by the platform, `earned` converts the user's earnings.",
    example: 'purchased',
  })
  type!: CreditGrant['type'];

  @DateTimeField({
    optional: true,
    nullable: true,
    description: 'Time at which unused credits expire; never if absent or null.',
    example: null,
  })
  expiresAt?: Date | null;
}

/** Earnings that were paid out. */
export class PayoutRequest extends Movement {}

export class CreditOut {
  @IdField id!: number;
  @UserIdField userId!: number;
  @EnumField(CREDIT_TYPES, { wire: 'credit_type', name: 'CreditType', example: 'purchased' })
  type!: CreditGrant['type'];
  @MoneyField({ wire: 'amount', example: 100 }) amountMicros!: Micros;
  @CurrencyField currency!: Currency;

  @MoneyField({
    wire: 'used_amount',
    nullable: true,
    description: 'Amount used so far; null for credits that do not expire, because their use is not tracked.',
    example: null,
  })
  usedMicros!: Micros | null;

  @IntegerField({ description: 'Id of the transaction that granted the credits.', example: 17 })
  sourceTransactionId!: number;

  @DateTimeField({ nullable: true, example: null }) expiresAt!: Date | null;
  @MomentField createdAt!: Date;
}

export class PayoutOut {
  @TransactionIdField transactionId!: number;
  @ProviderIdField userId!: number;
  @MoneyField({ example: 100 }) amount!: Micros;
  @CurrencyField currency!: Currency;
}

export class CurrencyBalance implements Balance {
  @CurrencyField currency!: Currency;

  @MoneyField({ description: 'Available credits; negative if money is owed.', example: 88 })
  available!: Micros;

  @MoneyField({ description: 'Amount held for open orders.', example: 12 }) held!: Micros;
  @MoneyField({ description: 'Amount held of answered orders until their forecasts are scored.', example: 0 })
  escrow!: Micros;
  @MoneyField({ description: 'Earnings that have not been paid out.', example: 0 }) earned!: Micros;
  @ExactOf('available', { of: 'available', example: 88_000_000 }) availableMicros?: Micros;
  @ExactOf('held', { of: 'held', example: 12_000_000 }) heldMicros?: Micros;
  @ExactOf('escrow', { of: 'escrow', example: 0 }) escrowMicros?: Micros;
  @ExactOf('earned', { of: 'earned', example: 0 }) earnedMicros?: Micros;

  @MoneyField({ description: 'How far below zero `available` may fall.', example: 1000 })
  creditLimit!: Micros;
}

export class BalanceOut {
  @EnumField(['postpaid', 'prepaid'], { name: 'BillingMode', example: 'postpaid' })
  billingMode!: 'postpaid' | 'prepaid';

  @ListField(NestedField(CurrencyBalance), { description: 'One entry per currency; USD is always included.' })
  balances!: readonly CurrencyBalance[];
}

/** A page of the caller's own rows. */
export class OwnPageQuery {
  @LimitField({ default: 50, max: 1000, example: 50 }) limit!: number;
  @OffsetField offset!: number;
}

/** Whose money an administrator looks at. */
export class MoneyOwner {
  @PathIdField({ description: 'Id of the user.', example: 2 }) userId!: number;
}

/** One movement on one of the caller's accounts. */
export class StatementLine {
  @TransactionIdField transactionId!: number;

  @EnumField(TRANSACTION_TYPES, { wire: 'transaction_type', name: 'MoneyMovement', example: 'hold' })
  type!: TransactionType;

  @EnumField(ACCOUNTS, { name: 'MoneyAccount', example: 'available' }) account!: (typeof ACCOUNTS)[number];

  @AmountOf('amountMicros', { description: 'Amount; negative for outgoing money.', example: -6.25 })
  amount?: Micros;

  @ExactOf('amountMicros', { of: 'amount', example: -6_250_000 }) amountMicros!: Micros;
  @CurrencyField currency!: Currency;
  @BilledOrderIdField orderId!: string | null;
  @DescriptionField description!: string | null;
  @MomentField createdAt!: Date;
}
