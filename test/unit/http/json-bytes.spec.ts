import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { IntegerField, JsonBytes, NumberField, StringField, wireBytesOf, wireTextOf } from '#libs/http';

describe('a flat object', () => {
  it('writes the same as bytes, whatever the numbers and texts are and however many', () => {
    class Reading {
      @IntegerField() bars!: number;
      @NumberField({ optional: true }) score?: number;
      @StringField({ nullable: true }) note!: string | null;
    }
    class Empty {
      @StringField({ optional: true }) note?: string;
    }
    const [text, bytes] = [wireTextOf(Reading), wireBytesOf(Reading)];
    const integer = fc.oneof(
      fc.integer(),
      fc.maxSafeInteger(),
      fc.constantFrom(-0, 999_999_999, -1_000_000_000),
    );
    const decimal = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), integer);
    const note = fc.oneof(fc.string({ unit: 'binary' }), fc.constant('é"'.repeat(40_000)));
    const reading = fc.record(
      { bars: integer, score: decimal, note: fc.option(note) },
      { requiredKeys: ['bars', 'note'] },
    );
    fc.assert(
      fc.property(fc.array(reading, { maxLength: 40 }), (readings) => {
        const into = new JsonBytes();
        for (const one of readings) bytes(one, into);
        expect(into.finish().toString()).toBe(readings.map(text).join(''));
      }),
    );
    const none = new JsonBytes();
    wireBytesOf(Empty)({}, none);
    expect(none.finish().toString()).toBe('{}');
  });
});
