import { describe, expect, it } from '@jest/globals';
import { validateSync } from 'class-validator';
import * as fc from 'fast-check';
import {
  BooleanField,
  compileValidator,
  EnumField,
  IntegerField,
  ListField,
  MapField,
  NestedField,
  NumberField,
  Rule,
  ruleViolation,
  StringField,
} from '#libs/http';

class Leg {
  @StringField({ minLength: 1, maxLength: 4 }) side!: string;
  @NumberField({ min: 0 }) size!: number;
}

@Rule<Trade>(({ low, high }) => (low! > high! ? ruleViolation('low must not be above high') : undefined))
class Trade {
  @StringField({ pattern: /^[a-c]*$/, maxLength: 5, nullable: true }) name!: string | null;
  @StringField({ optional: true, multiline: true, minLength: 2 }) note?: string;
  @IntegerField({ optional: true, nullable: true, min: -3, max: 3 }) low!: number | null;
  @IntegerField({ default: 2, min: -3 }) high!: number;
  @BooleanField({ optional: true }) open?: boolean;
  @EnumField(['x', 'y']) kind!: string;
  @ListField(IntegerField({ min: 0, max: 5 }), { optional: true, minItems: 1, maxItems: 3, unique: true })
  marks?: number[];
  @MapField(NumberField({ max: 9 }), { optional: true }) limits?: Record<string, number>;
  @NestedField(Leg, { optional: true, nullable: true }) leg?: Leg | null;
  @ListField(NestedField(Leg), { optional: true, maxItems: 2 }) legs?: Leg[];
}

const text = fc.oneof(
  fc.string({ maxLength: 6 }),
  fc.stringMatching(/^[abc]{0,6}$/),
  fc.constantFrom('\u0000', 'a\nb', '👍🏽', 'x\ufe0f', '\ud83d'),
);
/** Mostly something that fits, so that whole objects are accepted often enough. */
const mostly = <T, U>(fitting: fc.Arbitrary<T>, any: fc.Arbitrary<U>) =>
  fc.oneof({ weight: 7, arbitrary: fitting as fc.Arbitrary<T | U> }, { weight: 1, arbitrary: any });
const number = fc.oneof(fc.integer({ min: -5, max: 12 }), fc.double({ min: -5, max: 12, noNaN: true }));
const leg = mostly(
  fc.record({ side: fc.stringMatching(/^[bs]{1,4}$/), size: fc.nat(9) }),
  fc.record({ side: text, size: number }, { requiredKeys: [] }),
);
const sometimes = <T>(likely: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 6, arbitrary: likely }, { weight: 1, arbitrary: fc.constant(null) });

/** Values that already have the type of their field: what coercion would produce from whatever a client sent. */
const coerced = fc.record(
  {
    name: sometimes(mostly(fc.stringMatching(/^[abc]{0,5}$/), text)),
    note: mostly(fc.stringMatching(/^[a-z\n]{2,9}$/), text),
    low: sometimes(mostly(fc.integer({ min: -3, max: 0 }), fc.integer({ min: -5, max: 5 }))),
    high: mostly(fc.integer({ min: 0, max: 5 }), fc.integer({ min: -5, max: 5 })),
    open: fc.boolean(),
    kind: mostly(fc.constantFrom('x', 'y'), fc.constant('z')),
    marks: mostly(
      fc.uniqueArray(fc.nat(5), { minLength: 1, maxLength: 3 }),
      fc.array(fc.integer({ min: -1, max: 6 }), { maxLength: 5 }),
    ),
    limits: fc.dictionary(fc.stringMatching(/^[a-d]{1,3}$/), mostly(fc.nat(9), number), { maxKeys: 3 }),
    leg: sometimes(leg),
    legs: mostly(fc.array(leg, { maxLength: 2 }), fc.array(leg, { minLength: 3, maxLength: 3 })),
  },
  { requiredKeys: ['name', 'kind'] },
);

/** The same object as class-validator wants to see it: instances all the way down. */
function instance(raw: Record<string, unknown>): Trade {
  const legOf = (value: unknown) => (value === null ? null : Object.assign(new Leg(), value));
  return Object.assign(new Trade(), { high: 2 }, raw, {
    ...(raw['leg'] !== undefined && { leg: legOf(raw['leg']) }),
    ...(Array.isArray(raw['legs']) && { legs: raw['legs'].map(legOf) }),
  });
}

describe('the compiled validator and class-validator', () => {
  it('accept the same objects after coercion', () => {
    const seen = { accepted: 0, refused: 0 };
    fc.assert(
      fc.property(coerced, (raw) => {
        const isAccepted = !('violations' in compileValidator(Trade)(raw, 'body'));
        seen[isAccepted ? 'accepted' : 'refused'] += 1;
        expect({ raw, isAccepted }).toEqual({ raw, isAccepted: validateSync(instance(raw)).length === 0 });
      }),
      { numRuns: 1500, seed: 7 },
    );
    expect(Math.min(seen.accepted, seen.refused)).toBeGreaterThan(200);
  });

  it('never throws, whatever JSON comes', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), (json) => {
        const result = compileValidator(Trade)(JSON.parse(json), 'body');
        return 'violations' in result ? result.violations.length > 0 : result.value instanceof Trade;
      }),
      { numRuns: 1000 },
    );
  });
});
