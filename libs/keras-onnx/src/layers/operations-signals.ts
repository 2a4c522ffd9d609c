import type { Value } from '../graph/emitter.js';
import {
  axisOf,
  binary,
  cast,
  matmul,
  reduce,
  reshape,
  scale,
  shift,
  sliceAxis,
  unary,
  unsqueeze,
} from '../graph/tensor-ops.js';
import type { LayerCall } from './definition.js';
import { first, lengthOf, numberOf, operand, type Operation, ownAxis, setting } from './operands.js';
import { waves } from './operations-transforms.js';
import { intoBins } from './pooling.js';

/** One half of an axis, gated by the other. */
const glu: Operation = (call) => {
  const x = first(call);
  const axis = ownAxis(call, x, numberOf(call, 'axis', -1));
  const half = lengthOf(call, x, axis) / 2;
  const [a, b] = [sliceAxis(call.emit, x, axis, 0, half), sliceAxis(call.emit, x, axis, half, 2 * half)];
  return binary(call.emit, 'Mul', a, unary(call.emit, 'Sigmoid', b));
};

const batchNorm: Operation = (call) => {
  const { emit } = call;
  const x = first(call);
  const axis = axisOf(numberOf(call, 'axis'), x.shape.length);
  const laid = (at: number, key: string): Value | undefined => {
    const given = call.args[at] ?? call.kwargs[key] ?? null;
    if (given === null) return undefined;
    const value = operand(call, given);
    return reshape(
      emit,
      value,
      x.shape.map((_, one) => (one === axis ? (value.shape[0] ?? 1) : 1)),
    );
  };
  const [mean, variance] = [laid(1, 'mean') ?? emit.scalar(0), laid(2, 'variance') ?? emit.scalar(1)];
  const [offset, factor] = [laid(3, 'offset'), laid(4, 'scale')];
  const root = unary(emit, 'Sqrt', shift(emit, variance, numberOf(call, 'epsilon', 1e-3)));
  const plain = unary(emit, 'Reciprocal', root);
  const inverse = factor === undefined ? plain : binary(emit, 'Mul', plain, factor);
  const below = binary(emit, 'Mul', mean, inverse);
  const rest = offset === undefined ? unary(emit, 'Neg', below) : binary(emit, 'Sub', offset, below);
  return binary(emit, 'Add', binary(emit, 'Mul', x, inverse), rest);
};

/** Windows of the last axis, one behind the other. */
function frames(call: LayerCall, x: Value, length: number, stride: number): Value {
  const axis = x.shape.length - 1;
  const count = 1 + Math.floor((lengthOf(call, x, axis) - length) / stride);
  if (!(count >= 1)) throw call.config.bad('sequence_length', 'at most the length of the last axis');
  const places = Array.from(
    { length: count * length },
    (_, at) => Math.floor(at / length) * stride + (at % length),
  );
  return call.emit.op(
    'Gather',
    [x, call.emit.integers(places, [count, length])],
    [...x.shape.slice(0, -1), count, length],
    {
      attributes: { axis: { int: axis } },
    },
  );
}

/** The weights of a window as SciPy makes them, periodic. */
function windowOf(call: LayerCall, length: number): number[] {
  const name = setting(call, 'window') ?? null;
  if (name !== null && name !== 'hann' && name !== 'hamming')
    throw call.config.refuse('a window that is no word', "use 'hann', 'hamming' or None");
  const [base, swing] = name === null ? [1, 0] : name === 'hann' ? [0.5, 0.5] : [0.54, 0.46];
  return Array.from({ length }, (_, at) => base - swing * Math.cos((2 * Math.PI * at) / length));
}

/** Spectra of windows that slide over the last axis. */
const shortFourier: Operation = (call) => {
  const { emit } = call;
  const given = first(call);
  const [length, stride, size] = ['sequence_length', 'sequence_stride', 'fft_length'].map((key) =>
    numberOf(call, key),
  ) as [number, number, number];
  const half = Math.floor(size / 2);
  const isCentred = setting(call, 'center') !== false;
  const own = lengthOf(call, given, given.shape.length - 1);
  const pads = given.shape.map((_, axis) => (axis === given.shape.length - 1 ? half : 0));
  const x = isCentred
    ? emit.op(
        'Pad',
        [given, emit.builder.integers([...pads, ...pads])],
        [...given.shape.slice(0, -1), own + 2 * half],
        {
          attributes: { mode: { text: 'reflect' } },
        },
      )
    : given;
  if ((setting(call, 'window') ?? null) === null && length !== size)
    throw call.config.refuse(
      'no window that is shorter than fft_length, which Keras answers by its backend,',
      "use 'hann', 'hamming' or one length",
    );
  const columns = half + 1;
  const weights = windowOf(call, length);
  const before = Math.floor((size - length) / 2);
  const { cos, sin } = waves(size, columns, size, -1);
  const seen = frames(call, x, size, stride);
  return [cos, sin].map((wave) => {
    const weighted = wave.map((value, at) => value * (weights[Math.floor(at / columns) - before] ?? 0));
    return matmul(emit, seen, emit.constant(weighted, [size, columns]));
  });
};

/** The largest `k` of a row have the class among them; of numbers that are not all finite nothing is said to be among them. */
const inTopK: Operation = (call) => {
  const { emit } = call;
  const [targets, predictions] = [
    operand(call, call.args[0] ?? call.kwargs.targets),
    operand(call, call.args[1] ?? call.kwargs.predictions),
  ];
  const index = unsqueeze(emit, cast(emit, targets, 'int64'), 1);
  const own = emit.op('GatherElements', [predictions, index], [targets.shape[0] ?? 1, 1], {
    attributes: { axis: { int: 1 } },
  });
  const above = cast(emit, binary(emit, 'Greater', predictions, own, 'bool'), 'float32');
  const count = reduce(emit, 'ReduceSum', above, [1], false);
  const isAmong = binary(emit, 'Less', count, emit.scalar(numberOf(call, 'k')), 'bool');
  const size = binary(emit, 'Less', unary(emit, 'Abs', predictions), emit.scalar(Infinity), 'bool');
  const isSound = reduce(emit, 'ReduceMin', cast(emit, size, 'float32'), [1], false);
  return binary(emit, 'And', isAmong, cast(emit, isSound, 'bool'), 'bool');
};

/** The area below a line through the numbers of an axis. */
const trapezoid: Operation = (call) => {
  const { emit } = call;
  const y = first(call);
  if ((setting(call, 'x') ?? null) !== null) throw call.config.refuse("'x'", 'use dx');
  const axis = ownAxis(call, y, numberOf(call, 'axis', -1));
  const length = lengthOf(call, y, axis);
  const [before, behind] = [sliceAxis(emit, y, axis, 0, length - 1), sliceAxis(emit, y, axis, 1, length)];
  const sum = reduce(emit, 'ReduceSum', binary(emit, 'Add', before, behind), [axis], false);
  return scale(emit, sum, numberOf(call, 'dx', 1) / 2);
};

const poolInto =
  (op: string): Operation =>
  (call) => {
    const start = call.config.get('data_format') === 'channels_first' ? 2 : 1;
    const sizes = ([setting(call, 'output_size')].flat() as unknown[]).map(Number);
    const x = operand(call, call.args[0] ?? call.kwargs.inputs);
    return intoBins(
      call,
      x,
      op,
      sizes,
      sizes.map((_, index) => start + index),
    );
  };

/** Operations that normalize, pool and look at sequences in windows. */
export const signals: Readonly<Record<string, Operation>> = {
  Glu: glu,
  BatchNorm: batchNorm,
  AdaptiveAveragePool: poolInto('ReduceMean'),
  AdaptiveMaxPool: poolInto('ReduceMax'),
  ExtractSequences: (call) =>
    frames(call, first(call), numberOf(call, 'sequence_length'), numberOf(call, 'sequence_stride')),
  STFT: shortFourier,
  InTopK: inTopK,
  Trapezoid: trapezoid,
};
