import * as fc from 'fast-check';
import { type Document, resolved, type Schema } from './description.js';

/** Texts that have broken programs: for databases, shells, paths, markup, parsers, terminals. None names a table of ours. */
const HOSTILE_TEXTS = [
  '',
  ' ',
  '\u0000',
  'a\u0000b',
  '\ud800',
  '\udfff\ud800',
  '\u202eabc',
  '\ufeffx',
  '😀'.repeat(40),
  'ß'.repeat(300),
  'A'.repeat(5_000),
  "' OR 1=1 --",
  '"; DROP TABLE x; --',
  '../../../../etc/passwd',
  '..\\..\\windows',
  '<script>alert(1)</script>',
  'javascript:alert(1)',
  '${7*7}{{7*7}}',
  '%s%n%x',
  '%00%2e%2e',
  'x\r\nSet-Cookie: y=z',
  '`id`;$(id)',
  'null',
  'NaN',
  '-0',
  '1e400',
  '0x10',
  '1e3',
  ' 1',
  '٣',
  '__proto__',
  'constructor',
  '=1+1',
];
const HOSTILE_MOMENTS = [
  '9999-12-31T23:59:59-23:59',
  '9999-12-31T23:59:59.999Z',
  '0001-01-01T00:00:00Z',
  '0000-01-01',
  '+010000-01-01T00:00:00Z',
  '2024-02-30',
  '2024-01-01T25:00:00Z',
  '1969-12-31T23:59:59.9999999Z',
];
const HOSTILE_NUMBERS = [
  0,
  -0,
  -1,
  0.1,
  1e-7,
  0.000_001_5,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 53,
  2 ** 63,
  1e308,
  -1e308,
];

export const hostileText: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...HOSTILE_TEXTS) },
  { weight: 1, arbitrary: fc.constantFrom(...HOSTILE_MOMENTS, ...HOSTILE_NUMBERS.map(String)) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 30 }) },
);

/** A value that a client may send for any member. */
export const hostileValue: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 3, arbitrary: hostileText },
  { weight: 2, arbitrary: fc.constantFrom(...HOSTILE_NUMBERS) },
  { weight: 2, arbitrary: fc.constantFrom(null, true, false, [], {}, [null], [[]], { a: { b: [1] } }) },
  { weight: 1, arbitrary: fc.constantFrom(...HOSTILE_MOMENTS) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
);

/** Values that a schema allows, and values at its edges. */
export class SchemaValues {
  constructor(private readonly document: Document) {}

  /** Mostly what the schema allows; a rule about several fields may still refuse it. */
  valid(given: Schema, depth = 0): fc.Arbitrary<unknown> {
    const schema = resolved(this.document, given);
    const made = this.#made(schema, depth);
    return schema.example === undefined
      ? made
      : fc.oneof({ weight: 2, arbitrary: fc.constant(schema.example) }, { weight: 1, arbitrary: made });
  }

  #made(schema: Schema, depth: number): fc.Arbitrary<unknown> {
    if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
    const options = schema.anyOf ?? schema.oneOf;
    if (options !== undefined) return fc.oneof(...options.map((one) => this.valid(one, depth + 1)));
    const types = [schema.type ?? 'object'].flat();
    return fc.oneof(...types.map((type) => this.#ofType(type, schema, depth)));
  }

  #ofType(type: string, schema: Schema, depth: number): fc.Arbitrary<unknown> {
    switch (type) {
      case 'null':
        return fc.constant(null);
      case 'boolean':
        return fc.boolean();
      case 'integer':
        return fc.integer({ min: schema.minimum ?? 0, max: Math.min(schema.maximum ?? 1_000, 2 ** 31 - 1) });
      case 'number':
        return fc
          .double({ min: schema.minimum ?? 0, max: schema.maximum ?? 1_000, noNaN: true })
          .map((value) => Math.round(value * 100) / 100);
      case 'string':
        return textOf(schema);
      case 'array':
        return fc.array(this.valid(schema.items ?? {}, depth + 1), {
          minLength: schema.minItems ?? 0,
          maxLength: Math.max(schema.minItems ?? 0, Math.min(schema.maxItems ?? 3, 3)),
        });
      default:
        return depth > 4 ? fc.constant({}) : this.#object(schema, depth);
    }
  }

  #object({ properties, required = [], additionalProperties }: Schema, depth: number): fc.Arbitrary<unknown> {
    if (properties !== undefined) {
      const members = Object.entries(properties).map(([name, one]) => [name, this.valid(one, depth + 1)]);
      const record = Object.fromEntries(members) as Record<string, fc.Arbitrary<unknown>>;
      return fc.record(record, { requiredKeys: required.filter((name) => name in record) });
    }
    const member =
      typeof additionalProperties === 'object'
        ? this.valid(additionalProperties, depth + 1)
        : fc.jsonValue({ maxDepth: 1 });
    return fc.dictionary(fc.stringMatching(/^[a-z_]{1,8}$/), member, { maxKeys: 3 });
  }

  /** What lies just at or beyond the limits of the schema, or is of another kind. */
  near(given: Schema): fc.Arbitrary<unknown> {
    const schema = resolved(this.document, given);
    const { minimum, maximum, minLength = 0, maxLength, maxItems = 2 } = schema;
    const edges = [
      ...(minimum === undefined ? [] : [minimum, minimum - 1, String(minimum)]),
      ...(maximum === undefined ? [] : [maximum, maximum + 1, maximum + 0.5]),
      ...(minLength > 0 ? ['x'.repeat(minLength - 1)] : []),
      ...(maxLength === undefined ? [] : ['x'.repeat(maxLength), 'x'.repeat(maxLength + 1)]),
      ...(schema.items === undefined ? [] : [Array.from({ length: Math.min(maxItems, 200) + 1 }, () => 1)]),
      ...(schema.example === undefined ? [] : [[schema.example], `${String(schema.example)} `]),
    ];
    return edges.length === 0 ? hostileValue : fc.oneof(fc.constantFrom(...edges), hostileValue);
  }

  /** An allowed object with one or two members changed, taken away or added. */
  nearlyValid(given: Schema, examples: readonly unknown[]): fc.Arbitrary<unknown> {
    const valid =
      examples.length === 0 ? this.valid(given) : fc.oneof(fc.constantFrom(...examples), this.valid(given));
    const schema = resolved(this.document, given);
    if (schema.items !== undefined) return fc.array(this.nearlyValid(schema.items, []), { maxLength: 3 });
    const members = Object.entries(schema.properties ?? {});
    if (members.length === 0) return fc.oneof(valid, hostileValue);
    const change = fc.oneof(
      ...members.map(([name, one]) => fc.tuple(fc.constant(name), fc.oneof(this.near(one), ABSENT))),
      fc.tuple(hostileText, hostileValue),
    );
    return fc
      .tuple(valid, fc.array(change, { minLength: 1, maxLength: 2 }))
      .map(([object, changes]) => changed(object, changes));
  }
}

const absent = Symbol('absent');
const ABSENT = fc.constant(absent);

function changed(object: unknown, changes: readonly (readonly [string, unknown])[]): unknown {
  if (typeof object !== 'object' || object === null) return object;
  const members = { ...object } as Record<string, unknown>;
  for (const [name, value] of changes) {
    if (value === absent) delete members[name];
    else members[name] = value;
  }
  return members;
}

function textOf({ format, pattern, minLength = 0, maxLength }: Schema): fc.Arbitrary<unknown> {
  if (format === 'date-time') {
    return fc
      .date({ min: new Date('2020-01-01'), max: new Date('2035-01-01'), noInvalidDate: true })
      .map((date) => date.toISOString());
  }
  if (format === 'email') return fc.emailAddress();
  if (format === 'uri') return fc.webUrl();
  const plain = fc.string({ unit: 'grapheme-ascii', minLength, maxLength: Math.min(maxLength ?? 30, 60) });
  return pattern === undefined ? plain : (matching(pattern) ?? plain);
}

/** Null for a pattern with looking ahead, which fast-check can't turn round. */
function matching(pattern: string): fc.Arbitrary<string> | null {
  const turnable = pattern.replaceAll(/\(\?[!=][^)]*\)/g, '');
  return turnable.includes('(?') && !turnable.includes('(?:')
    ? null
    : fc.stringMatching(new RegExp(turnable));
}
