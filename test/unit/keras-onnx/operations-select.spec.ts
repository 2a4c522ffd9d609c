import { describe, expect, it } from '@jest/globals';
import { at, expectLayer, numbers, random, runLayer, tabulate } from './models.js';

const x = random([2, 4, 3], numbers(31));

describe('keras.ops nodes that choose numbers', () => {
  it('take by lists of lists, which add their axes', async () => {
    const picked = [
      [0, 1, -1],
      [2, 2, 0],
    ];
    await expectLayer(
      {
        className: 'Take',
        config: { axis: 2 },
        operation: true,
        inputs: [x],
        args: ([one]) => [one, picked],
      },
      tabulate([2, 4, 2, 3], (b, t, i, j) => at(x, b, t, ((picked[i]?.[j] ?? 0) + 3) % 3)),
    );
  });

  it('sort an axis whose length is open, but not the rows of a run', async () => {
    const asked = {
      operation: true,
      inputs: [x],
      variable: true,
      args: (all: readonly unknown[]) => [...all],
    };
    const rising = (b: number, f: number): number[] =>
      Array.from({ length: 4 }, (_, t) => at(x, b, t, f)).sort((one, other) => one - other);
    await expectLayer(
      { ...asked, className: 'Sort', config: { axis: 1 } },
      tabulate(x.shape, (b, t, f) => rising(b, f)[t] ?? Number.NaN),
    );
    await expectLayer(
      { ...asked, className: 'Argsort', config: { axis: 1 } },
      tabulate(x.shape, (b, t, f) =>
        Array.from({ length: 4 }, (_, one) => one).findIndex((one) => at(x, b, one, f) === rising(b, f)[t]),
      ),
    );
    await expect(runLayer({ ...asked, className: 'Sort', config: { axis: 0 } })).rejects.toThrow(
      'rows of a run',
    );
  });

  it('multiply on where a number is missing', async () => {
    const holes = { shape: [2, 3], data: [2, Number.NaN, 3, Number.NaN, 4, 5] };
    await expectLayer(
      {
        className: 'Nancumprod',
        config: { axis: 1 },
        operation: true,
        inputs: [holes],
        args: (all) => [...all],
      },
      { shape: [2, 3], data: [2, 2, 6, 1, 4, 20] },
    );
  });
});
