import type { Value } from '../graph/emitter.js';
import { binary, reduce, unary } from '../graph/tensor-ops.js';
import type { LayerCall } from './definition.js';
import { axesOf, first, numberOf, ownAxis, setting, type Operation } from './operands.js';
import { unitLength } from './normalization.js';

const keeps = (call: LayerCall): boolean => setting(call, 'keepdims') === true;

const reduction =
  (op: string): Operation =>
  (call) => {
    if ((setting(call, 'initial') ?? null) !== null)
      throw call.config.refuse('an initial value', 'leave it out');
    const x = first(call);
    return reduce(call.emit, op, x, axesOf(call, x), keeps(call));
  };

/** Mean squared distance from the mean (the population variance, as NumPy's default). */
function variance(call: LayerCall): Value {
  const { emit } = call;
  const x = first(call);
  const axes = axesOf(call, x);
  const centred = binary(emit, 'Sub', x, reduce(emit, 'ReduceMean', x, axes, true));
  return reduce(emit, 'ReduceMean', binary(emit, 'Mul', centred, centred), axes, keeps(call));
}

const norm: Operation = (call) => {
  const order = setting(call, 'ord') ?? 2;
  const x = first(call);
  if (order !== 1 && order !== 2) throw call.config.refuse(`a norm of order ${String(order)}`, 'use 1 or 2');
  return reduce(call.emit, order === 1 ? 'ReduceL1' : 'ReduceL2', x, axesOf(call, x), keeps(call));
};

const normalize: Operation = (call) => {
  if ((setting(call, 'order') ?? 2) !== 2)
    throw call.config.refuse('normalize with another order', 'use order 2');
  const x = first(call);
  return unitLength(call.emit, x, axesOf(call, x), numberOf(call, 'epsilon', 1e-7));
};

const cumulative: Operation = (call) => {
  const x = first(call);
  const axis = ownAxis(call, x, numberOf(call, 'axis'));
  return call.emit.op('CumSum', [x, call.emit.builder.integers([axis], [])], x.shape);
};

/** Operations that summarize axes. */
export const reductions: Readonly<Record<string, Operation>> = {
  Sum: reduction('ReduceSum'),
  Mean: reduction('ReduceMean'),
  Max: reduction('ReduceMax'),
  Min: reduction('ReduceMin'),
  Amax: reduction('ReduceMax'),
  Amin: reduction('ReduceMin'),
  Prod: reduction('ReduceProd'),
  Var: variance,
  Std: (call) => unary(call.emit, 'Sqrt', variance(call)),
  Logsumexp: reduction('ReduceLogSumExp'),
  Norm: norm,
  Normalize: normalize,
  Cumsum: cumulative,
};
