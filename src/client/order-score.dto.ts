import { EnumField, IntegerField, MoneyField, NestedField } from '#libs/http';
import type { Micros } from '../billing/billing.port.js';
import { ORDER_SCORE_STATES, type Order, type OrderScoreState } from '../marketplace/marketplace.port.js';
import { ScoreShareField } from '../marketplace/order.fields.js';

/** The part of the price that is paid by score. */
export class ScoreInfo {
  @ScoreShareField scoreShare!: Micros | null;

  @EnumField(ORDER_SCORE_STATES, {
    wire: 'state',
    name: 'ScoreState',
    nullable: true,
    description:
      '`held`: the forecast cannot be scored yet; `scored`; `unresolvable`: it cannot be, all was returned. Null before the answer.',
    example: 'held',
  })
  scoreState!: OrderScoreState | null;

  @MoneyField({ wire: 'held', nullable: true, description: 'What was held at the answer.', example: 0.5 })
  scoreHeld!: Micros | null;

  @MoneyField({
    wire: 'earned',
    nullable: true,
    description: 'What the provider earned of it.',
    example: 0.26,
  })
  scoreEarned!: Micros | null;

  @MoneyField({
    nullable: true,
    from: ({ scoreHeld, scoreEarned }: Pick<Order, 'scoreHeld' | 'scoreEarned'>) =>
      scoreHeld === null || scoreEarned === null ? null : scoreHeld - scoreEarned,
    description: "What returned to the client's credits.",
    example: 0.24,
  })
  returned?: Micros | null;

  @IntegerField({
    wire: 'held_micros',
    from: ({ scoreHeld }: Pick<Order, 'scoreHeld'>) => scoreHeld,
    nullable: true,
    description: 'Exact value of `held` in micro-units (1e-6).',
    example: 500_000,
  })
  heldMicros?: Micros | null;

  @IntegerField({
    wire: 'earned_micros',
    from: ({ scoreEarned }: Pick<Order, 'scoreEarned'>) => scoreEarned,
    nullable: true,
    description: 'Exact value of `earned` in micro-units (1e-6).',
    example: 260_000,
  })
  earnedMicros?: Micros | null;
}

export const ScoreInfoField = NestedField(ScoreInfo, {
  nullable: true,
  from: (order: Order) => (order.scoreShare === null ? null : order),
  description: 'The part of the price that is paid by score; null if none is.',
});
