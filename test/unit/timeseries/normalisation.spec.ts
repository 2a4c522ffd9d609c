import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { Frame, loadNormalisation, Normalisation } from '#libs/timeseries';
import { csvFiles } from './csv-files.js';

const REAL = '../shared/data/normalization_minmax.json';
const withReal = existsSync(REAL) ? describe : describe.skip;
const { directory, write } = csvFiles();

describe('Normalisation', () => {
  it('scales by bounds, at the top or nested', () => {
    const columns = { CLOSE: { min: 1, max: 3 } };
    for (const one of [Normalisation.of(columns), Normalisation.of({ min_max_values: columns })]) {
      expect(one.names).toEqual(['CLOSE']);
      expect(one.apply('CLOSE', 2)).toBe(0.5);
      expect(one.apply('CLOSE', 4)).toBe(1.5);
      expect(one.invert('CLOSE', 0.25)).toBe(1.5);
      expect(one.invertWidth('CLOSE', 0.25)).toBe(0.5);
    }
  });

  it('scales by mean and standard deviation', () => {
    const one = Normalisation.of({ CLOSE: { mean: 10, std: 4 } });
    expect(one.apply('CLOSE', 12)).toBe(0.5);
    expect(one.invert('CLOSE', 0.5)).toBe(12);
    expect(one.invertWidth('CLOSE', 0.5)).toBe(2);
  });

  it('makes a constant of equal bounds and leaves a column of no spread alone', () => {
    const one = Normalisation.of({ A: { min: 5, max: 5 }, B: { mean: 5, std: 0 } });
    expect([one.apply('A', 9), one.invert('A', 0.3), one.invertWidth('A', 2)]).toEqual([0, 5, 0]);
    expect([one.apply('B', 9), one.invert('B', 9), one.invertWidth('B', 2)]).toEqual([9, 9, 2]);
  });

  it('converts frames and touches neither unknown columns nor the original', () => {
    const frame = Frame.of(Float64Array.of(1, 2), {
      X: Float64Array.of(7, 8),
      CLOSE: Float64Array.of(1, NaN),
    });
    const one = Normalisation.of({ CLOSE: { min: 0, max: 4 }, OTHER: { min: 0, max: 1 } });
    const scaled = one.applyTo(frame);
    expect(scaled.names).toEqual(['X', 'CLOSE']);
    expect([...scaled.column('CLOSE')]).toEqual([0.25, NaN]);
    expect(scaled.column('X')).toBe(frame.column('X'));
    expect([...frame.column('CLOSE')]).toEqual([1, NaN]);
    expect([...one.invertTo(scaled).column('CLOSE')]).toEqual([1, NaN]);
  });

  it('comes back to where it started', () => {
    const value = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    const scale = fc.oneof(
      fc
        .tuple(value, fc.double({ min: 1e-3, max: 1e6, noNaN: true }))
        .map(([min, width]) => ({ min, max: min + width })),
      fc.tuple(value, fc.double({ min: 1e-3, max: 1e6, noNaN: true })).map(([mean, std]) => ({ mean, std })),
    );
    fc.assert(
      fc.property(scale, value, (entry, x) => {
        const one = Normalisation.of({ A: entry });
        expect(Math.abs(one.invert('A', one.apply('A', x)) - x)).toBeLessThanOrEqual(1e-9);
      }),
    );
  });

  it.each([
    ['a list', [], 'must be a JSON object'],
    ['null', null, 'must be a JSON object'],
    ['nothing', {}, 'names no column'],
    ['an empty nest', { min_max_values: {} }, 'names no column'],
    ['global bounds', { min: 0, max: 1 }, 'column "min" must be an object'],
    ['a missing bound', { A: { min: 0 } }, 'column "A" has no max'],
    ['a missing std', { A: { mean: 0 } }, 'column "A" has no std'],
    ['neither bounds nor moments', { A: { lo: 0, hi: 1 } }, 'column "A" has neither'],
    [
      'both bounds and moments',
      { A: { min: 0, max: 1, mean: 0, std: 1 } },
      'column "A" has bounds and moments',
    ],
    ['text', { A: { min: '0', max: 1 } }, 'column "A" has a min that is no number'],
    ['null bound', { A: { min: 0, max: null } }, 'column "A" has a max that is no number'],
    ['bounds swapped', { A: { min: 2, max: 1 } }, 'column "A" has a max (1) below its min (2)'],
    ['negative std', { A: { mean: 0, std: -1 } }, 'column "A" has a negative std'],
    ['bounds too far apart', { A: { min: -1.7e308, max: 1.7e308 } }, 'too far apart'],
  ])('refuses %s', (_, json, words) => {
    expect(() => Normalisation.of(json)).toThrow(
      expect.objectContaining({
        kind: 'invalid',
        code: 'bad_normalisation',
        message: expect.stringContaining(words),
      }),
    );
  });

  it('names every column at fault', () => {
    expect(() => Normalisation.of({ A: { min: 0 }, B: { min: 0, max: 1 }, C: 5 }, 'scales.json')).toThrow(
      'scales.json: column "A" has no max; column "C" must be an object',
    );
  });

  it('refuses a column that it does not know', () => {
    const one = Normalisation.of({ A: { min: 0, max: 1 } });
    for (const ask of [() => one.apply('B', 1), () => one.invert('B', 1), () => one.invertWidth('B', 1)]) {
      expect(ask).toThrow(expect.objectContaining({ code: 'unknown_column' }));
    }
    expect(one.has('toString')).toBe(false);
  });
});

describe('loadNormalisation', () => {
  it('reads a file', async () => {
    const path = write('{"CLOSE": {"min": 1, "max": 3}}', 'scales.json');
    expect((await loadNormalisation(path)).apply('CLOSE', 2)).toBe(0.5);
  });

  it.each([
    ['none.json', undefined, { kind: 'not_found', code: 'normalisation_missing' }],
    ['text.json', 'not json', { kind: 'invalid', code: 'bad_normalisation' }],
    ['fault.json', '{"A": {}}', { kind: 'invalid', code: 'bad_normalisation' }],
    ['large.json', ' '.repeat(10_000_001), { kind: 'too_large', code: 'normalisation_too_large' }],
    ['', undefined, { kind: 'invalid', code: 'bad_normalisation' }],
  ])('refuses "%s" by its name alone', async (name, text, expected) => {
    if (text !== undefined) write(text, name);
    const error: unknown = await loadNormalisation(join(directory, name)).catch((one: unknown) => one);
    expect(error).toMatchObject(expected);
    expect((error as Error).message).not.toContain(join(directory, '/'));
    expect((error as Error).message).toContain(name);
  });

  it('says how a pickled scaler is exported', async () => {
    const path = write('\u0080\u0004pickle', 'scaler.pkl');
    await expect(loadNormalisation(path)).rejects.toThrow(
      /^scaler\.pkl is not JSON; .*\{"mean": m, "std": s\} .*feature_names_in_/,
    );
  });
});

withReal('a normalisation file of the field', () => {
  it('is read with all its columns', async () => {
    const one = await loadNormalisation(REAL);
    expect(one.names).toHaveLength(44);
    expect(one.apply('RSI', 94.03769170917694)).toBe(1);
    expect(one.invert('ATR', 0)).toBe(-7.8056735940622);
  });
});
