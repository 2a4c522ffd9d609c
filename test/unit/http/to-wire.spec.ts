import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import {
  AnyField,
  BooleanField,
  compileValidator,
  DateTimeField,
  IntegerField,
  ListField,
  MapField,
  MoneyField,
  NestedField,
  NumberField,
  ObjectField,
  Rule,
  ruleViolation,
  StringField,
  toWire,
  UnitPriceField,
  wireTextOf,
} from '#libs/http';

class Leg {
  @StringField({ maxLength: 12 }) legName!: string;
  @MoneyField({ min: 0, max: 1_000, nullable: true }) legFee!: number | null;
}

class Base {
  @IntegerField() tradeId!: number;
}

@Rule<Trade>(({ maxPrice }) =>
  maxPrice === 0 ? ruleViolation('max_price must not be zero', 'max_price') : undefined,
)
class Trade extends Base {
  @StringField({ maxLength: 9 }) baseSymbol!: string;
  @IntegerField({ wire: 'last_7_days', default: 7 }) last7Days!: number;
  @IntegerField() lower95!: number;
  @BooleanField({ nullable: true }) isOpen!: boolean | null;
  @DateTimeField({ optional: true }) createdAt?: Date;
  @MoneyField({ max: 1_000_000, wire: 'max_price', default: 2.5 }) maxPrice!: number;
  @UnitPriceField({ max: 10 }) unitPrice!: number;
  @NestedField(Leg) firstLeg!: Leg;
  @NestedField(Leg, { nullable: true }) lastLeg!: Leg | null;
  @ListField(NestedField(Leg), { optional: true }) otherLegs?: readonly Leg[];
  @MapField(NestedField(Leg), { optional: true }) legsByName?: Readonly<Record<string, Leg>>;
  @MapField(IntegerField(), { optional: true }) openLimits?: Readonly<Record<string, number>>;
  @ListField(ListField(MoneyField()), { optional: true }) feeRows?: readonly (readonly number[])[];
  @ObjectField({ optional: true }) customParameters?: Readonly<Record<string, unknown>>;
  @AnyField({ optional: true, nullable: true }) rawPayload?: unknown;
  @StringField({ optional: true, secret: true }) doorCode?: string;
}

/** How an answer says what the domain says otherwise. */
class Outcome {
  @BooleanField({ always: true }) success?: true;
  @NumberField({ always: null, nullable: true }) qualityScore?: null;
  @MoneyField({ wire: 'payment_amount' }) payment!: number;
  @IntegerField({ wire: 'payment_amount_micros', from: ({ payment }: Outcome) => payment })
  paymentMicros?: number;
  @IntegerField({ wire: 'time_remaining', nullable: true, write: (ms: number) => Math.floor(ms / 1000) })
  remainingMs!: number | null;
  @StringField({ write: String }) evaluatorId!: number;
}

class Chain {
  @IntegerField() linkNumber!: number;
  @NestedField(() => Chain, { optional: true }) nextLink?: Chain;
}

const LEG = { legName: 'spot', legFee: 1_500_000 };
const TRADE: Trade = {
  tradeId: 7,
  baseSymbol: 'EURUSD',
  last7Days: 3,
  lower95: 1,
  isOpen: null,
  maxPrice: 12_345_678,
  unitPrice: 1_500,
  firstLeg: LEG,
  lastLeg: null,
};

describe('the compiled writer', () => {
  it('writes declared fields under their names in JSON, in order of declaration, inherited ones first', () => {
    const wire = toWire(Trade, { ...TRADE, createdAt: new Date(0), otherLegs: [LEG] });
    expect(JSON.stringify(wire)).toBe(
      JSON.stringify({
        trade_id: 7,
        base_symbol: 'EURUSD',
        last_7_days: 3,
        lower95: 1,
        is_open: null,
        created_at: '1970-01-01T00:00:00.000Z',
        max_price: 12.35,
        unit_price: 0.0015,
        first_leg: { leg_name: 'spot', leg_fee: 1.5 },
        last_leg: null,
        other_legs: [{ leg_name: 'spot', leg_fee: 1.5 }],
      }),
    );
  });

  it('writes members of lists and maps, and never renames the keys of free JSON', () => {
    const free = { camelKey: [{ innerKey: 1 }], snake_key: null };
    const wire = toWire(Trade, {
      ...TRADE,
      legsByName: { firstOne: LEG },
      openLimits: { dayLimit: 1 },
      feeRows: [[1_000_000], []],
      customParameters: free,
      rawPayload: free,
    });
    expect(wire).toMatchObject({
      legs_by_name: { firstOne: { leg_name: 'spot', leg_fee: 1.5 } },
      open_limits: { dayLimit: 1 },
      fee_rows: [[1], []],
      custom_parameters: free,
      raw_payload: free,
    });
  });

  it('shows what is constant, computed or said in another unit', () => {
    const outcome = { payment: 3_504_999, remainingMs: 1_999, evaluatorId: 7, quality: 'high' };
    expect(toWire(Outcome, outcome)).toEqual({
      success: true,
      quality_score: null,
      payment_amount: 3.5,
      payment_amount_micros: 3_504_999,
      time_remaining: 1,
      evaluator_id: '7',
    });
    expect(toWire(Outcome, { ...outcome, remainingMs: null })).toMatchObject({ time_remaining: null });
  });

  it('reads getters and instances, and follows classes that hold themselves', () => {
    class Row {
      readonly linkNumber = 1;
      readonly passwordHash = 'scrypt$';
      get nextLink() {
        return { linkNumber: 2, passwordHash: 'scrypt$' };
      }
    }
    expect(toWire(Chain, new Row())).toEqual({ link_number: 1, next_link: { link_number: 2 } });
  });

  it('writes numbers with a fraction in texts for clients of the original', () => {
    class Reading {
      @NumberField({ wire: 'noise_std' }) noise!: number;
      @IntegerField({ write: Math.trunc }) barsLeft!: number;
      @NumberField({ nullable: true }) score!: number | null;
      @StringField({ always: 'ok' }) status?: 'ok';
      @StringField({ optional: true }) note?: string;
    }
    const text = wireTextOf(Reading);
    expect(text({ noise: 1, barsLeft: 2.7, score: null })).toBe(
      '{"noise_std":1.0,"bars_left":2,"score":null,"status":"ok"}',
    );
    expect(text({ noise: 1e21, barsLeft: 0, score: 0.5, note: 'a "b"' })).toBe(
      '{"noise_std":1e+21,"bars_left":0,"score":0.5,"status":"ok","note":"a \\"b\\""}',
    );
  });

  it('refuses a class without fields', () => {
    class Nothing {}
    expect(() => toWire(Nothing, {})).toThrow('Nothing declares no field');
  });
});

const leg = fc.record({
  legName: fc.stringMatching(/^[a-z ]{0,12}$/),
  legFee: fc.option(fc.integer({ min: 0, max: 100_000 }).map((cents) => cents * 10_000)),
});
/** JSON numbers only: -0 is written as 0. */
const json = fc.jsonValue({ maxDepth: 2, noUnicodeString: true } as object).map((value) => {
  return JSON.parse(JSON.stringify(value)) as unknown;
});
const key = fc.stringMatching(/^[a-zA-Z_]{1,8}$/).filter((name) => name !== '__proto__');
const trade: fc.Arbitrary<Trade> = fc.record(
  {
    tradeId: fc.integer(),
    baseSymbol: fc.stringMatching(/^[A-Z]{0,9}$/),
    last7Days: fc.integer(),
    lower95: fc.integer(),
    isOpen: fc.option(fc.boolean()),
    createdAt: fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }),
    maxPrice: fc.integer({ min: 1, max: 100_000_000 }).map((cents) => cents * 10_000),
    unitPrice: fc.integer({ min: 0, max: 10_000_000 }),
    firstLeg: leg,
    lastLeg: fc.option(leg),
    otherLegs: fc.array(leg, { maxLength: 3 }),
    legsByName: fc.dictionary(key, leg, { maxKeys: 3, noNullPrototype: true }),
    openLimits: fc.dictionary(key, fc.integer(), { maxKeys: 3, noNullPrototype: true }),
    feeRows: fc.array(
      fc.array(
        fc.nat(1e6).map((cents) => cents * 10_000),
        { maxLength: 2 },
      ),
      { maxLength: 2 },
    ),
    customParameters: fc.dictionary(key, json, { maxKeys: 3, noNullPrototype: true }),
    rawPayload: json,
    doorCode: fc.stringMatching(/^[0-9]{0,4}$/),
  },
  {
    requiredKeys: [
      'tradeId',
      'baseSymbol',
      'last7Days',
      'lower95',
      'isOpen',
      'maxPrice',
      'unitPrice',
      'firstLeg',
      'lastLeg',
    ],
  },
);

describe('writing and reading', () => {
  it('give back what was written', () => {
    fc.assert(
      fc.property(trade, (value) => {
        const sent = JSON.parse(JSON.stringify(toWire(Trade, value))) as unknown;
        const read = compileValidator(Trade)(sent, 'body');
        expect(read).not.toHaveProperty('violations');
        if ('value' in read) expect(read.value).toEqual(value);
      }),
      { numRuns: 200 },
    );
  });

  it('let nothing out that is not declared', () => {
    const undeclared = fc.dictionary(
      fc.constantFrom('passwordHash', 'password_hash', 'legSecret', 'x'),
      json,
      {
        noNullPrototype: true,
      },
    );
    fc.assert(
      fc.property(trade, undeclared, (value, more) => {
        const padded = {
          ...more,
          ...value,
          firstLeg: { ...more, ...value.firstLeg },
          ...(value.otherLegs && { otherLegs: value.otherLegs.map((one) => ({ ...more, ...one })) }),
        };
        expect(toWire(Trade, padded)).toEqual(toWire(Trade, value));
      }),
      { numRuns: 100 },
    );
  });

  const violations = (raw: unknown) => {
    const result = compileValidator(Trade)(raw, 'body');
    return 'violations' in result ? result.violations : [];
  };
  const sent = toWire(Trade, TRADE);

  it('name faults, defaults and secrets by the names in JSON', () => {
    expect(violations({ ...sent, first_leg: { leg_name: 1, leg_fee: 0 } })[0]?.loc).toEqual([
      'body',
      'first_leg',
      'leg_name',
    ]);
    const { is_open: _, ...rest } = { ...sent, isOpen: true, door_code: '1234' } as Record<string, unknown>;
    expect(violations(rest)).toEqual([
      {
        type: 'missing',
        loc: ['body', 'is_open'],
        msg: 'Field required',
        input: expect.not.objectContaining({ door_code: '1234' }),
      },
    ]);
    const { last_7_days: _days, max_price: _price, ...short } = sent;
    const read = compileValidator(Trade)(short, 'body');
    expect(read).toMatchObject({ value: { last7Days: 7, maxPrice: 2_500_000 } });
  });

  it('check amounts as they are sent, and rules as the domain has them', () => {
    expect(violations({ ...sent, max_price: 1_000_001 })[0]).toMatchObject({
      type: 'less_than_equal',
      ctx: { le: 1_000_000 },
    });
    expect(violations({ ...sent, fee_rows: [[1, 1e10]] })[0]).toMatchObject({
      type: 'less_than_equal',
      loc: ['body', 'fee_rows', 0, 1],
    });
    expect(violations({ ...sent, max_price: 0 })[0]).toMatchObject({ loc: ['body', 'max_price'] });
  });
});
