import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import {
  at,
  expectLayer,
  numbers,
  random,
  runLayer,
  sum,
  tabulate,
  type LayerCase,
  type Nd,
} from './models.js';

const RUNS = { numRuns: 10 };
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const FUNCTIONS: Record<string, (x: number) => number> = {
  tanh: Math.tanh,
  sigmoid,
  relu: (x) => Math.max(x, 0),
  hard_sigmoid: (x) => Math.min(Math.max(x / 6 + 0.5, 0), 1),
  softsign: (x) => x / (1 + Math.abs(x)),
  silu: (x) => x * sigmoid(x),
};

interface Cell {
  readonly kind: 'SimpleRNN' | 'GRU' | 'LSTM';
  readonly units: number;
  readonly activation: string;
  readonly gate: string;
  readonly use_bias: boolean;
  readonly reset_after: boolean;
}

const GATES = { SimpleRNN: 1, GRU: 3, LSTM: 4 } as const;

function weightsOf(cell: Cell, features: number, next: () => number): Nd[] {
  const width = GATES[cell.kind] * cell.units;
  const bias = cell.kind === 'GRU' && cell.reset_after ? [2, width] : [width];
  const half = (): number => next() / 2;
  return [
    random([features, width], half),
    random([cell.units, width], half),
    ...(cell.use_bias ? [random(bias, half)] : []),
  ];
}

/** The equations of Keras, one number at a time. Returns the outputs in processing order and the last states. */
function recur(
  cell: Cell,
  x: Nd,
  weights: readonly Nd[],
  backwards: boolean,
  initial?: readonly Nd[],
): { sequence: Nd; states: Nd[] } {
  const [kernel, recurrent, bias] = weights;
  const { units, kind } = cell;
  const [rows = 0, steps = 0, features = 0] = x.shape;
  if (kernel === undefined || recurrent === undefined) throw new Error('a cell has two kernels');
  const [act, gate] = [FUNCTIONS[cell.activation] ?? Math.tanh, FUNCTIONS[cell.gate] ?? sigmoid];
  const biasAt = (half: number, column: number): number => {
    if (bias === undefined) return 0;
    if (bias.shape.length === 2) return at(bias, half, column);
    return half === 0 ? at(bias, column) : 0;
  };
  const outputs: number[][][] = [];
  let hidden = Array.from({ length: rows }, (_, b) =>
    Array.from({ length: units }, (_unit, u) => (initial?.[0] === undefined ? 0 : at(initial[0], b, u))),
  );
  let carry = Array.from({ length: rows }, (_, b) =>
    Array.from({ length: units }, (_unit, u) => (initial?.[1] === undefined ? 0 : at(initial[1], b, u))),
  );
  for (let step = 0; step < steps; step += 1) {
    const t = backwards ? steps - 1 - step : step;
    const [nextHidden, nextCarry]: [number[][], number[][]] = [[], []];
    for (let b = 0; b < rows; b += 1) {
      const old = hidden[b] ?? [];
      const input = (g: number, u: number): number =>
        sum(features, (f) => at(x, b, t, f) * at(kernel, f, g * units + u)) + biasAt(0, g * units + u);
      const recall = (g: number, u: number, from: number[]): number =>
        sum(units, (k) => (from[k] ?? 0) * at(recurrent, k, g * units + u)) + biasAt(1, g * units + u);
      const all = (g: number, of: (z: number) => number): number[] =>
        old.map((_, u) => of(input(g, u) + recall(g, u, old)));
      if (kind === 'SimpleRNN') nextHidden.push(all(0, act));
      else if (kind === 'LSTM') {
        const [i, f, c, o] = [all(0, gate), all(1, gate), all(2, act), all(3, gate)];
        const memory = old.map((_, u) => (f[u] ?? 0) * (carry[b]?.[u] ?? 0) + (i[u] ?? 0) * (c[u] ?? 0));
        nextCarry.push(memory);
        nextHidden.push(memory.map((one, u) => (o[u] ?? 0) * act(one)));
      } else {
        const [z, r] = [all(0, gate), all(1, gate)];
        const candidate = old.map((_, u) => {
          const recalled = cell.reset_after
            ? (r[u] ?? 0) * recall(2, u, old)
            : recall(
                2,
                u,
                old.map((one, k) => one * (r[k] ?? 0)),
              );
          return act(input(2, u) + recalled);
        });
        nextHidden.push(old.map((one, u) => (z[u] ?? 0) * one + (1 - (z[u] ?? 0)) * (candidate[u] ?? 0)));
      }
    }
    hidden = nextHidden;
    if (kind === 'LSTM') carry = nextCarry;
    outputs.push(hidden);
  }
  const sequence = tabulate([rows, steps, units], (b, t, u) => outputs[t]?.[b]?.[u] ?? 0);
  const states = [hidden, ...(kind === 'LSTM' ? [carry] : [])].map((state) =>
    tabulate([rows, units], (b, u) => state[b]?.[u] ?? 0),
  );
  return { sequence, states };
}

const configOf = (cell: Cell, more: Record<string, unknown> = {}): Record<string, unknown> => ({
  units: cell.units,
  activation: cell.activation,
  recurrent_activation: cell.gate,
  use_bias: cell.use_bias,
  reset_after: cell.reset_after,
  ...more,
});

const cells = fc.record({
  kind: fc.constantFrom('SimpleRNN' as const, 'GRU' as const, 'LSTM' as const),
  units: fc.integer({ min: 1, max: 4 }),
  activation: fc.constantFrom('tanh', 'relu', 'softsign', 'silu'),
  gate: fc.constantFrom('sigmoid', 'hard_sigmoid', 'tanh'),
  use_bias: fc.boolean(),
  reset_after: fc.boolean(),
});
const seed = fc.integer({ min: 0, max: 1e6 });

describe('recurrent layers', () => {
  it('follow the equations of Keras in both directions, fused or written out', async () => {
    await fc.assert(
      fc.asyncProperty(
        cells,
        seed,
        fc.boolean(),
        fc.boolean(),
        fc.boolean(),
        async (cell, from, sequences, backwards, variable) => {
          const next = numbers(from);
          const x = random([2, 5, 3], next);
          const weights = weightsOf(cell, 3, next);
          const { sequence, states } = recur(cell, x, weights, backwards);
          const [last] = states;
          const config = configOf(cell, {
            return_sequences: sequences,
            go_backwards: backwards,
            return_state: true,
          });
          if (last === undefined) throw new Error('a recurrence has a state');
          await expectLayer(
            { className: cell.kind, config, inputs: [x], weights, variable },
            sequences ? sequence : last,
            ...states,
          );
        },
      ),
      { numRuns: 30 },
    );
  });

  it('start from given states', async () => {
    await fc.assert(
      fc.asyncProperty(cells, seed, async (cell, from) => {
        const next = numbers(from);
        const x = random([2, 4, 3], next);
        const weights = weightsOf(cell, 3, next);
        const initial = Array.from({ length: cell.kind === 'LSTM' ? 2 : 1 }, () =>
          random([2, cell.units], next),
        );
        const { sequence } = recur(cell, x, weights, false, initial);
        await expectLayer(
          {
            className: cell.kind,
            config: configOf(cell, { return_sequences: true }),
            inputs: [x, ...initial],
            weights,
          },
          sequence,
        );
      }),
      RUNS,
    );
  });

  it('run both ways with every merge mode', async () => {
    await fc.assert(
      fc.asyncProperty(
        cells,
        seed,
        fc.constantFrom('concat', 'sum', 'ave', 'mul', null),
        fc.boolean(),
        async (cell, from, mode, sequences) => {
          const next = numbers(from);
          const x = random([2, 4, 3], next);
          const [ahead, back] = [weightsOf(cell, 3, next), weightsOf(cell, 3, next)];
          const [a, b] = [recur(cell, x, ahead, false), recur(cell, x, back, true)];
          const { units } = cell;
          const y = sequences ? a.sequence : (a.states[0] ?? x);
          const z = sequences
            ? tabulate([2, 4, units], (i, t, u) => at(b.sequence, i, 3 - t, u))
            : (b.states[0] ?? x);
          const joined = (): Nd =>
            tabulate([...y.shape.slice(0, -1), 2 * units], (...index) => {
              const u = index.at(-1) ?? 0;
              const rest = index.slice(0, -1);
              return u < units ? at(y, ...rest, u) : at(z, ...rest, u - units);
            });
          const each = (of: (one: number, other: number) => number): Nd => ({
            shape: y.shape,
            data: y.data.map((one, index) => of(one, z.data[index] ?? 0)),
          });
          const merged: Record<string, () => Nd[]> = {
            concat: () => [joined()],
            sum: () => [each((p, q) => p + q)],
            ave: () => [each((p, q) => (p + q) / 2)],
            mul: () => [each((p, q) => p * q)],
            null: () => [y, z],
          };
          const layer = {
            module: 'keras.layers',
            class_name: cell.kind,
            config: { name: 'inner', ...configOf(cell, { return_sequences: sequences }) },
          };
          const test: LayerCase = {
            className: 'Bidirectional',
            config: { merge_mode: mode, layer },
            inputs: [x],
            weights: [...ahead, ...back],
          };
          await expectLayer(test, ...(merged[String(mode)]?.() ?? []));
        },
      ),
      { numRuns: 15 },
    );
  });

  it('are applied to every step by TimeDistributed', async () => {
    const next = numbers(6);
    const [x, kernel, bias] = [random([2, 4, 3], next), random([3, 5], next), random([5], next)];
    const layer = { module: 'keras.layers', class_name: 'Dense', config: { name: 'inner', units: 5 } };
    const want = tabulate(
      [2, 4, 5],
      (b, t, u) => sum(3, (f) => at(x, b, t, f) * at(kernel, f, u)) + at(bias, u),
    );
    await expectLayer(
      {
        className: 'TimeDistributed',
        config: { layer },
        inputs: [x],
        weights: [kernel, bias],
        variable: true,
      },
      want,
    );
  });

  it('start anew with every call, also those that were trained to keep their states', async () => {
    const x = random([1, 3, 2], numbers(1));
    const cell: Cell = {
      kind: 'GRU',
      units: 2,
      activation: 'tanh',
      gate: 'sigmoid',
      use_bias: true,
      reset_after: true,
    };
    const test = { className: 'GRU', inputs: [x], weights: weightsOf(cell, 2, numbers(2)) };
    const want = await runLayer({ ...test, config: configOf(cell, {}) });
    expect(await runLayer({ ...test, config: configOf(cell, { stateful: true }) })).toEqual(want);
  });
});
