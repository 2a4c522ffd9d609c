import { describe, expect, it } from '@jest/globals';
import {
  BooleanField,
  compileValidator,
  DateTimeField,
  EnumField,
  IntegerField,
  ListField,
  MapField,
  MoneyField,
  NestedField,
  NumberField,
  ObjectField,
  RawText,
  Rule,
  ruleViolation,
  StringField,
  UnitPriceField,
  type DtoClass,
  type Source,
} from '#libs/http';

class Payment {
  @MoneyField({ optional: true }) amount?: number;
  @UnitPriceField({ optional: true }) price?: number;
  @MoneyField({ optional: true, strict: true }) ownAmount?: number;
  @IntegerField({ optional: true, strict: true }) count?: number;
  @NumberField({ optional: true, strict: true }) share?: number;
}

class Address {
  @StringField({ maxLength: 20 }) city!: string;
  @StringField({ secret: true, optional: true }) door_code?: string;
}

@Rule((order: Order) =>
  order.symbol === undefined && order.ticker === undefined
    ? ruleViolation('either symbol or ticker must be given')
    : undefined,
)
class Order {
  @StringField({ optional: true, minLength: 1, maxLength: 10, pattern: /^[A-Z]+$/ }) symbol?: string;
  @StringField({ optional: true, nullable: true }) ticker?: string | null;
  @IntegerField({ min: 0, max: 1000, nullable: true, default: 1 }) horizon!: number | null;
  @NumberField({ optional: true }) price?: number;
  @BooleanField({ default: true }) active!: boolean;
  @EnumField(['short', 'long'], { default: 'short' }) side!: string;
  @EnumField([1, 2], { optional: true }) level?: number;
  @DateTimeField({ optional: true }) at?: Date;
  @ListField(IntegerField({ min: 1 }), { optional: true, minItems: 1, maxItems: 3, unique: true })
  horizons?: number[];
  @MapField(IntegerField({ min: 1 }), { optional: true }) limits?: Record<string, number>;
  @ObjectField({ optional: true }) extra?: Record<string, unknown>;
  @NestedField(Address, { optional: true }) address?: Address;
  @ListField(NestedField(Address), { optional: true }) others?: Address[];
  @StringField({ optional: true, multiline: true }) note?: string;
}

class Login {
  @StringField() username!: string;
  @StringField({ secret: true, minLength: 8 }) password!: string;
}

class SpecialLogin extends Login {
  @StringField() realm!: string;
}

function violations<T extends object>(dto: DtoClass<T>, raw: unknown, source: Source = 'body') {
  const result = compileValidator(dto)(raw, source);
  return 'violations' in result ? result.violations : [];
}

function valueOf<T extends object>(dto: DtoClass<T>, raw: unknown, source: Source = 'body'): T {
  const result = compileValidator(dto)(raw, source);
  if ('violations' in result) throw new Error(JSON.stringify(result.violations));
  return result.value;
}

const firstOf = (raw: Record<string, unknown>) => violations(Order, { symbol: 'EURUSD', ...raw })[0];

describe('the compiled validator', () => {
  it('takes what is declared, fills defaults and drops the rest', () => {
    const order = valueOf(Order, { symbol: 'AAPL', unknown: 1, ['__proto__x']: 2 });
    expect(order).toBeInstanceOf(Order);
    expect(JSON.parse(JSON.stringify(order))).toEqual({
      symbol: 'AAPL',
      horizon: 1,
      active: true,
      side: 'short',
    });
  });

  it('takes no boolean for money, no amount that it would have to round, and only numbers where it is strict', () => {
    const value = valueOf(Payment, {
      amount: '1.5',
      price: 0.000001,
      own_amount: 0.1 + 0.2,
      count: 2.0,
      share: 1e-9,
    });
    expect(value).toEqual({ amount: 1_500_000, price: 1, ownAmount: 300_000, count: 2, share: 1e-9 });
    const faultOf = (body: object) => {
      const checked = compileValidator(Payment)(body, 'body');
      return 'violations' in checked ? checked.violations[0]?.type : null;
    };
    for (const name of ['amount', 'price', 'own_amount']) {
      expect([faultOf({ [name]: true }), faultOf({ [name]: false })]).toEqual(['float_type', 'float_type']);
      expect(faultOf({ [name]: 0.0000015 })).toBe('decimal_max_places');
    }
    expect(faultOf({ amount: '0.0000015' })).toBe('decimal_max_places');
    expect(faultOf({ own_amount: '1' })).toBe('float_type');
    for (const wrong of [true, '1', null]) {
      expect([faultOf({ count: wrong }), faultOf({ share: wrong })]).toEqual(['int_type', 'float_type']);
    }
  });

  it('takes numbers from text, integral floats and booleans, but no text from numbers', () => {
    const order = valueOf(Order, { symbol: 'A', horizon: '12', price: '1e-3', active: 'no', level: 2.0 });
    expect(order).toMatchObject({ horizon: 12, price: 0.001, active: false, level: 2 });
    expect(valueOf(Order, { symbol: 'A', horizon: true }).horizon).toBe(1);
    expect(valueOf(Order, { symbol: 'A', horizon: ' 5 ' }).horizon).toBe(5);
    expect(valueOf(Order, { symbol: 'A', horizon: 7.0 }).horizon).toBe(7);
    expect(firstOf({ symbol: 5 })).toEqual({
      type: 'string_type',
      loc: ['body', 'symbol'],
      msg: 'Input should be a valid string',
      input: 5,
    });
  });

  it('shows what was sent, not what it was converted to', () => {
    expect(firstOf({ horizon: '-1' })).toMatchObject({ type: 'greater_than_equal', input: '-1' });
    expect(firstOf({ horizon: true, horizons: ['0'] })).toMatchObject({
      loc: ['body', 'horizons', 0],
      input: '0',
    });
    expect(firstOf({ horizons: ['1', 1] })).toMatchObject({ type: 'value_error', input: ['1', 1] });
    expect(violations(Order, { symbol: 'A', horizon: '2000' }, 'query')[0]).toMatchObject({
      loc: ['query', 'horizon'],
      input: '2000',
    });
    expect(violations(Payment, { amount: '1.0000001' })[0]).toMatchObject({ input: '1.0000001' });
  });

  it.each([
    [{ horizon: 1.5 }, 'int_from_float', undefined],
    [{ horizon: 'x' }, 'int_parsing', undefined],
    [{ horizon: [] }, 'int_type', undefined],
    [{ horizon: 2 ** 53 }, 'int_parsing_size', undefined],
    [{ horizon: '9'.repeat(400) }, 'int_parsing_size', undefined],
    [{ horizon: -1 }, 'greater_than_equal', { ge: 0 }],
    [{ horizon: 1001 }, 'less_than_equal', { le: 1000 }],
    [{ price: 'abc' }, 'float_parsing', undefined],
    [{ price: {} }, 'float_type', undefined],
    [{ price: 'NaN' }, 'finite_number', undefined],
    [{ price: Infinity }, 'finite_number', undefined],
    [{ price: null }, 'float_type', undefined],
    [{ active: 'perhaps' }, 'bool_parsing', undefined],
    [{ extra: { deep: [{ huge: Infinity }] } }, 'value_error', { error: {} }],
    [{ extra: { deep: [{ bell: '\u0007' }] } }, 'value_error', { error: {} }],
    [{ extra: { ['key\u0000']: 1 } }, 'value_error', { error: {} }],
    [{ extra: { broken: '\ud800' } }, 'value_error', { error: {} }],
    [{ active: [] }, 'bool_type', undefined],
    [{ side: 'flat' }, 'string_pattern_mismatch', { pattern: '^(short|long)$' }],
    [{ level: 3 }, 'literal_error', { expected: '1, 2' }],
    [{ symbol: '' }, 'string_too_short', { min_length: 1 }],
    [{ symbol: 'A'.repeat(11) }, 'string_too_long', { max_length: 10 }],
    [{ symbol: 'a' }, 'string_pattern_mismatch', { pattern: '^[A-Z]+$' }],
    [{ ticker: 'a\u0000b' }, 'value_error', { error: {} }],
    [{ ticker: 'a\ud800' }, 'value_error', { error: {} }],
    [{ at: 'soon' }, 'datetime_from_date_parsing', { error: 'input is too short' }],
    [
      { at: '2024-02-30T00:00' },
      'datetime_from_date_parsing',
      { error: 'day value is outside expected range' },
    ],
    [{ at: 5 }, 'datetime_type', undefined],
    [{ horizons: 5 }, 'list_type', undefined],
    [{ horizons: [1, 2, 3, 4] }, 'too_long', { field_type: 'List', max_length: 3, actual_length: 4 }],
    [{ horizons: [] }, 'too_short', { field_type: 'List', min_length: 1, actual_length: 0 }],
    [{ horizons: ['1', 1] }, 'value_error', { error: {} }],
    [{ limits: [] }, 'dict_type', undefined],
    [{ extra: 'x' }, 'dict_type', undefined],
    [{ address: 'x' }, 'model_attributes_type', undefined],
  ])('%j is answered with %s', (raw: Record<string, unknown>, type, ctx) => {
    const field = Object.keys(raw)[0];
    expect(firstOf(raw)).toMatchObject({ type, loc: ['body', field] });
    expect(firstOf(raw)?.ctx).toEqual(ctx);
  });

  it('names the place of a wrong member', () => {
    expect(firstOf({ horizons: [1, 0] })).toMatchObject({ loc: ['body', 'horizons', 1], input: 0 });
    expect(firstOf({ limits: { a: 1, b: 'x' } })).toMatchObject({ loc: ['body', 'limits', 'b'] });
    expect(firstOf({ others: [{ city: 'Bonn' }, {}] })).toMatchObject({
      type: 'missing',
      loc: ['body', 'others', 1, 'city'],
      input: {},
    });
  });

  it('reports every field in order of declaration, inherited ones first', () => {
    expect(violations(SpecialLogin, {}).map(({ loc }) => loc[1])).toEqual(['username', 'password', 'realm']);
  });

  it('never shows a secret', () => {
    const text = JSON.stringify([
      violations(Login, { password: 'short' }),
      violations(Login, 'password=hunter22'),
      violations(Login, { username: 1, password: 'sh0rt', token: 'sh0rt' }),
      firstOf({ address: { door_code: 'sh0rt' } }),
      firstOf({ address: { city: 1, door_code: 'sh0rt\u0000' } }),
    ]);
    expect(text).not.toMatch(/"short"|hunter22|sh0rt/);
    expect(violations(Login, { token: 'x', colour: 'red' })[0]).toEqual({
      type: 'missing',
      loc: ['body', 'username'],
      msg: 'Field required',
      input: { colour: 'red' },
    });
  });

  it('evaluates rules only when the fields are valid', () => {
    expect(violations(Order, { horizon: 5 })).toEqual([
      {
        type: 'value_error',
        loc: ['body'],
        msg: 'Value error, either symbol or ticker must be given',
        input: { horizon: 5 },
        ctx: { error: {} },
      },
    ]);
    expect(violations(Order, { horizon: 'x' }).map(({ type }) => type)).toEqual(['int_parsing']);
  });

  it('answers an absent body and one that is no object', () => {
    const missing = { type: 'missing', loc: ['body'], msg: 'Field required', input: null };
    expect(violations(Order, undefined)).toEqual([missing]);
    expect(violations(Order, null)).toEqual([missing]);
    for (const raw of [[], 'x', 5, new RawText('{}', 'text/plain')]) {
      expect(violations(Order, raw)[0]).toMatchObject({ type: 'model_attributes_type', loc: ['body'] });
    }
  });

  it('reads moments as UTC unless they name an offset', () => {
    const at = (text: string) => valueOf(Order, { symbol: 'A', at: text }).at?.toISOString();
    expect(at('2024-01-10T08:00:00')).toBe('2024-01-10T08:00:00.000Z');
    expect(at('2024-01-10 08:00:00.1234+02:30')).toBe('2024-01-10T05:30:00.123Z');
    expect(at('2024-02-29')).toBe('2024-02-29T00:00:00.000Z');
  });

  it('takes the last of repeated query parameters, and all of them for a list', () => {
    const query = { symbol: ['A', 'B'], horizons: '4', horizon: '3' };
    expect(valueOf(Order, query, 'query')).toMatchObject({ symbol: 'B', horizons: [4], horizon: 3 });
  });

  it('is not fooled by __proto__', () => {
    const raw = JSON.parse(
      '{"symbol":"A","__proto__":{"polluted":1},"limits":{"__proto__":1,"a":2}}',
    ) as object;
    const order = valueOf(Order, raw);
    expect(order).toBeInstanceOf(Order);
    expect('polluted' in order).toBe(false);
    expect(Object.keys(order.limits ?? {})).toEqual(['a']);
  });

  it('stops at 200 violations of a list', () => {
    const others = Array.from({ length: 5000 }, () => ({}));
    expect(violations(Order, { symbol: 'A', others })).toHaveLength(200);
  });
});
