import { sizeOf } from '../graph/dims.js';
import type { Emitter, Value } from '../graph/emitter.js';
import {
  binary,
  cast,
  concat,
  reduce,
  reshape,
  takeIndex,
  transpose,
  unary,
  unsqueeze,
  where,
} from '../graph/tensor-ops.js';
import type { LayerCall } from './definition.js';
import { axesOf, first, keeps, lengthOf, type Operation, setting } from './operands.js';
import { sorted } from './operations-select.js';

/** Where a level lies between order statistics: the two numbers there, and the share of the upper one. */
type Between = (at: number) => readonly [low: number, high: number, share: number];

/** The even one of two neighbours as near as each other, as TensorFlow rounds. */
function nearest(at: number): number {
  const low = Math.floor(at);
  if (at - low !== 0.5) return Math.round(at);
  return low % 2 === 0 ? low : low + 1;
}

const METHODS: Readonly<Record<string, Between>> = {
  // From the number above and the one below that, as TensorFlow does it: an infinite one counts even with a share of 0.
  linear: (at) => {
    const low = Math.max(Math.ceil(at) - 1, 0);
    return [low, low + 1, Math.fround(1 - Math.fround(low + 1 - at))];
  },
  lower: (at) => [Math.floor(at), Math.floor(at), 0],
  higher: (at) => [Math.ceil(at), Math.ceil(at), 0],
  nearest: (at) => [nearest(at), nearest(at), 0],
  midpoint: (at) => [Math.floor(at), Math.ceil(at), 0.5],
};

/** One axis to order along: that of the setting, or its axes laid together at the end. */
function together(emit: Emitter, x: Value, axes: readonly number[]): { row: Value; axis: number } {
  const [only] = axes;
  if (axes.length === 1 && only !== undefined) return { row: x, axis: only };
  const others = [...x.shape.keys()].filter((axis) => !axes.includes(axis));
  const moved = transpose(emit, x, [...others, ...axes]);
  const rest = moved.shape.slice(0, others.length);
  return {
    row: reshape(emit, moved, [...rest, sizeOf(moved.shape.slice(others.length))]),
    axis: others.length,
  };
}

/** The numbers at the given levels between order statistics; NaN where one of the numbers is none. */
function quantiles(call: LayerCall, levels: readonly number[], method = 'linear'): Value[] {
  const { emit } = call;
  const x = first(call);
  const between = Object.hasOwn(METHODS, method) ? METHODS[method] : undefined;
  if (between === undefined)
    throw call.config.refuse(`the method '${method}'`, `use ${Object.keys(METHODS).join(', ')}`);
  const axes = axesOf(call, x);
  const { row, axis } = together(emit, x, axes);
  const [order] = sorted(call, row, axis);
  const last = lengthOf(call, row, axis) - 1;
  const gone = reduce(emit, 'ReduceMax', cast(emit, unary(emit, 'IsNaN', row), 'float32'), [axis], false);
  const unclear = cast(emit, gone, 'bool');
  return levels.map((level) => {
    const [low, high, share] = between(level * last);
    const [below, above] = [low, Math.min(high, last)].map((place) => takeIndex(emit, order, axis, place));
    if (below === undefined || above === undefined) throw new Error('invariant broken: two numbers');
    const weighed = (one: Value, by: number): Value => binary(emit, 'Mul', one, emit.scalar(by));
    const mixed =
      low === high
        ? below
        : binary(emit, 'Add', weighed(above, share), weighed(below, Math.fround(1 - share)));
    const value = where(emit, unclear, emit.scalar(NaN), mixed);
    if (!keeps(call)) return value;
    return reshape(
      emit,
      value,
      x.shape.map((dim, one) => (axes.includes(one) ? 1 : dim)),
    );
  });
}

const quantile =
  (levelOf: (given: number) => number, methodOf?: (call: LayerCall) => string): Operation =>
  (call) => {
    const given = call.args[1] ?? call.kwargs.q ?? setting(call, 'q');
    const levels = [given].flat(3) as unknown[];
    if (levels.some((one) => typeof one !== 'number'))
      throw call.config.refuse('levels that are tensors', 'use plain numbers');
    const found = quantiles(
      call,
      levels.map((one) => levelOf(Number(one))),
      methodOf?.(call),
    );
    const [only] = found;
    return Array.isArray(given) || only === undefined
      ? concat(
          call.emit,
          found.map((one) => unsqueeze(call.emit, one, 0)),
          0,
        )
      : only;
  };

/** Order statistics. Keras holds the levels in float32, which decides between two numbers where a level falls on one. */
export const quantileOperations: Readonly<Record<string, Operation>> = {
  Median: (call) => quantiles(call, [0.5])[0] ?? first(call),
  // Keras does not pass the method of a node on, whatever the file says.
  Quantile: quantile(Math.fround),
  Percentile: quantile(
    (given) => Math.fround(Math.fround(given) / 100),
    (call) => String(setting(call, 'method') ?? 'linear'),
  ),
};
