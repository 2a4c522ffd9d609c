import {
  DateTimeField,
  IntegerField,
  ListField,
  MAX_INTEGER,
  MoneyField,
  NestedField,
  StringField,
} from '#libs/http';
import type { Currency, Micros } from './billing.port.js';
import type { ScoreTotal } from './score-holds.port.js';

/*
 * Fields that many answers about money have, declared once. What needs a description or an example of its own is
 * declared where it stands.
 */

export const IdField = IntegerField({ example: 1 });
export const UserIdField = IntegerField({ example: 2 });
export const ProviderIdField = IntegerField({ example: 4 });
export const TransactionIdField = IntegerField({ example: 18 });
/** Id of a user in a body. */
export const OwnerIdField = (description: string) =>
  IntegerField({ strict: true, min: 1, max: MAX_INTEGER, description, example: 2 });
export const BilledOrderIdField = StringField({
  wire: 'prediction_id',
  nullable: true,
  example: '6f2c1f0e-6a0e-4c43-9e53-0a3f1d7f9b11',
});
export const DescriptionField = StringField({ nullable: true, example: 'EURUSD short_term' });
export const MomentField = DateTimeField({ example: '2026-01-31T12:00:00.000Z' });

export const CurrencyField = StringField({ example: 'USD' });
/** Currency of a request. */
export const CurrencyCodeField = StringField({
  default: 'USD',
  pattern: /^[A-Z]{3}$/,
  description: 'ISO 4217 currency code.',
  example: 'USD',
});

/** An amount that the object has under the name of another property. */
export const AmountOf = <Key extends string>(
  key: Key,
  options: { readonly wire?: string; readonly description?: string; readonly example: number },
) => MoneyField({ from: (owner: Readonly<Record<Key, Micros>>) => owner[key], ...options });

/** An amount of another property in micro-units; `of` is the name of that amount in JSON. */
export const ExactOf = <Key extends string>(
  key: Key,
  options: { readonly wire?: string; readonly of?: string; readonly example: number },
) => {
  const { of, ...others } = options;
  return IntegerField({
    from: (owner: Readonly<Record<Key, Micros>>) => owner[key],
    description: `${of === undefined ? 'The exact amount' : `Exact value of \`${of}\``} in micro-units (1e-6).`,
    ...others,
  });
};

/** What is paid by score in one currency. */
export class CurrencyByScore implements ScoreTotal {
  @CurrencyField currency!: Currency;
  @MoneyField({ description: 'Held now, until forecasts are scored.', example: 1.5 }) held!: Micros;
  @MoneyField({ description: 'Earned by scores in the period; part of the total.', example: 0.52 })
  earned!: Micros;
  @MoneyField({ description: 'Returned to clients in the period; part of no total.', example: 0.48 })
  returned!: Micros;
  @ExactOf('held', { of: 'held', example: 1_500_000 }) heldMicros?: Micros;
  @ExactOf('earned', { of: 'earned', example: 520_000 }) earnedMicros?: Micros;
  @ExactOf('returned', { of: 'returned', example: 480_000 }) returnedMicros?: Micros;
}

export const ByScoreField = ListField(NestedField(CurrencyByScore), {
  description: 'What is paid by score, for each currency that has any.',
});
