import { corrupt } from '../errors.js';
import { sizeOf } from '../graph/dims.js';
import type { Value } from '../graph/emitter.js';
import {
  axisOf,
  binary,
  cast,
  concat,
  flip,
  matmul,
  reduce,
  reshape,
  scale,
  shift,
  transpose,
  unary,
  unsqueeze,
} from '../graph/tensor-ops.js';
import { allOf, tensorOf, visibleSteps } from './attention.js';
import type { LayerCall, Resolved } from './definition.js';
import { einsum } from './einsum.js';
import {
  axesOf,
  first,
  keeps,
  left,
  lengthOf,
  numberOf,
  operand,
  type Operation,
  ownAxis,
  second,
  setting,
} from './operands.js';
import { transforms } from './operations-transforms.js';
import { pool } from './pooling.js';
import { channelsFirst, channelsLast, paddingOf, perAxis, windowCount } from './windows.js';

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';

const sumOverLetters: Operation = (call) => {
  const operands = call.args.map((one) => operand(call, one));
  return einsum(call.emit, String(setting(call, 'subscripts')), operands);
};

/** Sums over pairs of axes; the others follow in order. */
function contracted(
  call: LayerCall,
  a: Value,
  b: Value,
  pairs: readonly (readonly [number, number])[],
): Value {
  const one = LETTERS.slice(0, a.shape.length).split('');
  const other = LETTERS.slice(a.shape.length, a.shape.length + b.shape.length).split('');
  for (const [from, to] of pairs) other[to] = one[from] ?? 'a';
  const gone = new Set(pairs.map(([from]) => one[from]));
  const free = [...one, ...other].filter((letter) => !gone.has(letter));
  return einsum(call.emit, `${one.join('')},${other.join('')}->${free.join('')}`, [a, b]);
}

const tensordot: Operation = (call) => {
  const [a, b] = [left(call), second(call)];
  const axes = setting(call, 'axes') ?? 2;
  const count = typeof axes === 'number' ? axes : 0;
  const [one, other] = Array.isArray(axes)
    ? axes.map((list: unknown) => [list].flat().map(Number))
    : [
        Array.from({ length: count }, (_, axis) => a.shape.length - count + axis),
        Array.from({ length: count }, (_, axis) => axis),
      ];
  const pairs = (one ?? []).map(
    (axis, index) => [axisOf(axis, a.shape.length), axisOf(other?.[index] ?? 0, b.shape.length)] as const,
  );
  return contracted(call, a, b, pairs);
};

const dot: Operation = (call) => {
  const [a, b] = [left(call), second(call)];
  if (a.shape.length === 0 || b.shape.length === 0) return binary(call.emit, 'Mul', a, b);
  return contracted(call, a, b, [[a.shape.length - 1, Math.max(b.shape.length - 2, 0)]]);
};

const flat = (call: LayerCall, x: Value): Value => reshape(call.emit, x, [sizeOf(x.shape)]);

const inputOf = (call: LayerCall): Value =>
  operand(call, call.args[0] ?? call.kwargs.inputs ?? call.kwargs.x);

const pooling =
  (op: string): Operation =>
  (call) => {
    const x = inputOf(call);
    return pool(call, x, op, x.shape.length - 2);
  };

/** A convolution whose kernel is an operand: [kernel…, in, out], or for each channel its own. */
const convolution =
  (isDepthwise: boolean): Operation =>
  (call) => {
    const { emit, config } = call;
    const given = inputOf(call);
    const spatial = given.shape.length - 2;
    const kernel = operand(call, call.args[1] ?? call.kwargs.kernel);
    if (kernel.shape.length !== spatial + 2)
      throw corrupt('the kernel does not fit the input', call.layer.name);
    const x = channelsFirst(call, given);
    const lengths = kernel.shape.map((_, axis) => lengthOf(call, kernel, axis));
    const [inside = 1, outside = 1] = lengths.slice(spatial);
    const channels = lengthOf(call, x, 1);
    const filters = isDepthwise ? inside * outside : outside;
    const laid = isDepthwise ? reshape(emit, kernel, [...lengths.slice(0, spatial), 1, filters]) : kernel;
    const weights = transpose(emit, laid, [
      spatial + 1,
      spatial,
      ...Array.from({ length: spatial }, (_, axis) => axis),
    ]);
    const [strides, dilations] = [
      perAxis(call, 'strides', spatial, [1]),
      perAxis(call, 'dilation_rate', spatial, [1]),
    ];
    const windows = strides.map((stride, axis) => ({
      kernel: lengths[axis] ?? 1,
      stride,
      dilation: dilations[axis] ?? 1,
    }));
    const padding = config.word('padding', ['valid', 'same'], 'valid');
    const space = x.shape.slice(2);
    const counts = space.map((length, axis) =>
      windowCount(length, windows[axis] ?? { kernel: 1, stride: 1, dilation: 1 }, padding),
    );
    const out = emit.op('Conv', [x, weights], [x.shape[0] ?? 1, filters, ...counts], {
      attributes: {
        kernel_shape: { ints: lengths.slice(0, spatial) },
        strides: { ints: strides },
        dilations: { ints: dilations },
        group: { int: isDepthwise ? channels : channels / inside },
        ...paddingOf(space, windows, padding),
      },
    });
    return channelsLast(call, out);
  };

/** softmax(q · kᵀ · scale) · v over (rows, steps, heads, size). */
const attention: Operation = (call) => {
  const { emit } = call;
  const operands = [0, 1, 2].map((at) =>
    operand(call, call.args[at] ?? call.kwargs[['query', 'key', 'value'][at] ?? '']),
  );
  const [q, k, v] = operands.map((one) => transpose(emit, one, [0, 2, 1, 3]));
  if (q === undefined || k === undefined || v === undefined)
    throw new Error('invariant broken: three operands');
  const width = lengthOf(call, q, 3);
  const factor = Number(call.kwargs.scale ?? setting(call, 'scale') ?? 1 / Math.sqrt(width));
  const raw = scale(emit, matmul(emit, q, transpose(emit, k, [0, 1, 3, 2])), factor);
  const bias = tensorOf(call.kwargs.bias);
  const scores = bias === undefined ? raw : binary(emit, 'Add', raw, cast(emit, bias, 'float32'));
  const [targets = 1, sources = 1] = scores.shape.slice(-2);
  const seen = allOf(emit, [
    tensorOf(call.kwargs.mask),
    setting(call, 'is_causal') === true ? visibleSteps(emit, targets, sources, true, undefined) : undefined,
  ]);
  const lowered =
    seen === undefined
      ? scores
      : emit.op('Where', [seen, scores, emit.scalar(-1e30)], scores.shape, { type: 'float32' });
  const weights = emit.op('Softmax', [lowered], scores.shape, { attributes: { axis: { int: 3 } } });
  return transpose(emit, matmul(emit, weights, v), [0, 2, 1, 3]);
};

const moments: Operation = (call) => {
  const { emit } = call;
  const x = first(call);
  const axes = axesOf(call, x, 'axes');
  const mean = reduce(emit, 'ReduceMean', x, axes, true);
  const off = binary(emit, 'Sub', x, mean);
  return [
    reduce(emit, 'ReduceMean', x, axes, keeps(call)),
    reduce(emit, 'ReduceMean', binary(emit, 'Mul', off, off), axes, keeps(call)),
  ];
};

/** (x − mean) / √(variance + ε) · γ + β with operands along the axes. */
const layerNorm: Operation = (call) => {
  const { emit } = call;
  const x = first(call);
  const axes = axesOf(call, x);
  const off = binary(emit, 'Sub', x, reduce(emit, 'ReduceMean', x, axes, true));
  const spread = shift(
    emit,
    reduce(emit, 'ReduceMean', binary(emit, 'Mul', off, off), axes, true),
    numberOf(call, 'epsilon', 1e-7),
  );
  return scaled(call, binary(emit, 'Div', off, unary(emit, 'Sqrt', spread)), ['gamma', 'beta']);
};

const rmsNorm: Operation = (call) => {
  const { emit } = call;
  const x = first(call);
  const square = reduce(emit, 'ReduceMean', binary(emit, 'Mul', x, x), axesOf(call, x), true);
  const root = unary(emit, 'Sqrt', shift(emit, square, numberOf(call, 'epsilon', 1e-7)));
  return scaled(call, binary(emit, 'Div', x, root), ['scale']);
};

function scaled(call: LayerCall, x: Value, [factor, offset]: readonly string[]): Value {
  const { emit } = call;
  const given = (at: number, key: string | undefined): Value | undefined =>
    tensorOf(call.args[at] ?? call.kwargs[key ?? '']);
  const [gamma, beta] = [given(1, factor), given(2, offset)];
  const grown = gamma === undefined ? x : binary(emit, 'Mul', x, gamma);
  return beta === undefined ? grown : binary(emit, 'Add', grown, beta);
}

const triangle =
  (upper: boolean): Operation =>
  (call) => {
    const x = first(call);
    return call.emit.op('Trilu', [x, call.emit.builder.integers([numberOf(call, 'k', 0)], [])], x.shape, {
      attributes: { upper: { int: upper ? 1 : 0 } },
    });
  };

/** Tensors of a list joined along an axis; rows of numbers become columns first where NumPy does that. */
const stacked =
  (axis: number, wide: (call: LayerCall, x: Value) => Value): Operation =>
  (call) => {
    const [given] = call.args;
    const list = Array.isArray(given) ? (given as readonly Resolved[]) : [given];
    const values = list.map((one) => wide(call, operand(call, one)));
    return concat(call.emit, values, values[0]?.shape.length === 1 ? 0 : axis);
  };

const same = (_call: LayerCall, x: Value): Value => x;

/** Operations that multiply tensors, filter sequences, and join them. */
export const products: Readonly<Record<string, Operation>> = {
  Einsum: sumOverLetters,
  Tensordot: tensordot,
  Dot: dot,
  Inner: (call) => {
    const [a, b] = [left(call), second(call)];
    return contracted(call, a, b, [[a.shape.length - 1, b.shape.length - 1]]);
  },
  Outer: (call) =>
    binary(
      call.emit,
      'Mul',
      unsqueeze(call.emit, flat(call, left(call)), 1),
      unsqueeze(call.emit, flat(call, second(call)), 0),
    ),
  ...transforms,
  MaxPool: pooling('MaxPool'),
  AveragePool: pooling('AveragePool'),
  Conv: convolution(false),
  DepthwiseConv: convolution(true),
  DotProductAttention: attention,
  Moments: moments,
  LayerNorm: layerNorm,
  RMSNorm: rmsNorm,
  Tril: triangle(false),
  Triu: triangle(true),
  Hstack: stacked(1, same),
  Vstack: stacked(0, (call, x) => (x.shape.length === 1 ? unsqueeze(call.emit, x, 0) : x)),
  Append: (call) => {
    const axis = setting(call, 'axis') ?? null;
    const both = [left(call), second(call)];
    return axis === null
      ? concat(
          call.emit,
          both.map((one) => flat(call, one)),
          0,
        )
      : concat(call.emit, both, Number(axis));
  },
  Ravel: (call) => flat(call, first(call)),
  Fliplr: (call) => flip(call.emit, first(call), 1),
  Flipud: (call) => ((x: Value) => flip(call.emit, x, ownAxis(call, x, 0)))(first(call)),
};
