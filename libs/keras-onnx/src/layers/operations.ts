import { unsupported } from '../errors.js';
import type { Value } from '../graph/emitter.js';
import { binary, cast, matmul, reduce, softmax, unary, where } from '../graph/tensor-ops.js';
import { activationOf, celu, elu, gelu, leakyRelu, softmaxOver, squareplus } from './activations.js';
import type { LayerCall, Resolved } from './definition.js';
import {
  axesOf,
  first,
  keeps,
  left,
  numberOf,
  operand,
  type Operation,
  ownAxis,
  second,
  setting,
} from './operands.js';
import { arrange } from './operations-arrange.js';
import { matrices } from './operations-matrices.js';
import { extremeOf, norms } from './operations-norms.js';
import { numeric } from './operations-numeric.js';
import { pairs } from './operations-pairs.js';
import { products } from './operations-products.js';
import { quantileOperations } from './operations-quantiles.js';
import { selecting } from './operations-select.js';
import { shaping } from './operations-shapes.js';
import { signals } from './operations-signals.js';
import { special } from './operations-special.js';
import { refusedClass } from './refusals.js';
import { types } from './whole-numbers.js';

const elementwise =
  (op: string): Operation =>
  (call) =>
    unary(call.emit, op, first(call));
const pair =
  (op: string): Operation =>
  (call) =>
    binary(call.emit, op, left(call), second(call));
const compare =
  (op: string): Operation =>
  (call) =>
    binary(call.emit, op, left(call), second(call), 'bool');
const logical =
  (op: string): Operation =>
  (call) => {
    const [a, b] = [cast(call.emit, left(call), 'bool'), cast(call.emit, second(call), 'bool')];
    return binary(call.emit, op, a, b, 'bool');
  };
const activation =
  (name: string): Operation =>
  (call) =>
    activationOf(name, call.layer.name, 'keras3')(call.emit, first(call));
const clip: Operation = (call) => {
  const { emit } = call;
  const x = first(call);
  const [low, high] = [
    operand(call, (setting(call, 'x_min') ?? null) as Resolved),
    operand(call, (setting(call, 'x_max') ?? null) as Resolved),
  ];
  return emit.op('Clip', [x, low, high], x.shape);
};

const logarithm =
  (base: number): Operation =>
  (call) =>
    binary(call.emit, 'Div', unary(call.emit, 'Log', first(call)), call.emit.scalar(Math.log(base)));

const choose: Operation = (call) => {
  const condition = cast(call.emit, operand(call, call.args[0]), 'bool');
  return where(call.emit, condition, operand(call, call.args[1]), operand(call, call.args[2]));
};

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

const cumulative: Operation = (call) => {
  const x = first(call);
  const axis = ownAxis(call, x, numberOf(call, 'axis'));
  return call.emit.op('CumSum', [x, call.emit.builder.integers([axis], [])], x.shape);
};

/** Operations that summarize axes. */
const reductions: Readonly<Record<string, Operation>> = {
  Sum: reduction('ReduceSum'),
  Mean: reduction('ReduceMean'),
  Max: extremeOf('ReduceMax'),
  Min: extremeOf('ReduceMin'),
  Amax: extremeOf('ReduceMax'),
  Amin: extremeOf('ReduceMin'),
  Prod: reduction('ReduceProd'),
  Var: variance,
  Std: (call) => unary(call.emit, 'Sqrt', variance(call)),
  Logsumexp: reduction('ReduceLogSumExp'),
  Cumsum: cumulative,
};

const OPERATIONS: Readonly<Record<string, Operation>> = {
  Add: pair('Add'),
  Subtract: pair('Sub'),
  Multiply: pair('Mul'),
  Divide: pair('Div'),
  TrueDivide: pair('Div'),
  Power: pair('Pow'),
  Maximum: pair('Max'),
  Minimum: pair('Min'),
  Matmul: (call) => matmul(call.emit, left(call), second(call)),
  Negative: elementwise('Neg'),
  Absolute: elementwise('Abs'),
  Abs: elementwise('Abs'),
  Sign: elementwise('Sign'),
  Floor: elementwise('Floor'),
  Ceil: elementwise('Ceil'),
  Reciprocal: elementwise('Reciprocal'),
  Square: (call) => ((x: Value) => binary(call.emit, 'Mul', x, x))(first(call)),
  Sqrt: elementwise('Sqrt'),
  Rsqrt: (call) => unary(call.emit, 'Reciprocal', unary(call.emit, 'Sqrt', first(call))),
  Exp: elementwise('Exp'),
  Expm1: (call) => binary(call.emit, 'Sub', unary(call.emit, 'Exp', first(call)), call.emit.scalar(1)),
  Log: elementwise('Log'),
  Log1p: (call) => unary(call.emit, 'Log', binary(call.emit, 'Add', first(call), call.emit.scalar(1))),
  Log2: logarithm(2),
  Log10: logarithm(10),
  Sin: elementwise('Sin'),
  Cos: elementwise('Cos'),
  Tan: elementwise('Tan'),
  Sinh: elementwise('Sinh'),
  Cosh: elementwise('Cosh'),
  Arcsin: elementwise('Asin'),
  Arccos: elementwise('Acos'),
  Arctan: elementwise('Atan'),
  Arcsinh: elementwise('Asinh'),
  Arccosh: elementwise('Acosh'),
  Arctanh: elementwise('Atanh'),
  Erf: elementwise('Erf'),
  Tanh: elementwise('Tanh'),
  Clip: clip,
  Where: choose,
  Greater: compare('Greater'),
  GreaterEqual: compare('GreaterOrEqual'),
  Less: compare('Less'),
  LessEqual: compare('LessOrEqual'),
  Equal: compare('Equal'),
  NotEqual: (call) => unary(call.emit, 'Not', binary(call.emit, 'Equal', left(call), second(call), 'bool')),
  LogicalAnd: logical('And'),
  LogicalOr: logical('Or'),
  LogicalXor: logical('Xor'),
  LogicalNot: (call) => unary(call.emit, 'Not', cast(call.emit, first(call), 'bool')),
  LogSoftmax: (call) => softmax(call.emit, first(call), numberOf(call, 'axis', -1), 'LogSoftmax'),
  Softmax: (call) => softmaxOver(numberOf(call, 'axis', -1))(call.emit, first(call)),
  Gelu: (call) => gelu(setting(call, 'approximate') !== false)(call.emit, first(call)),
  LeakyRelu: (call) => leakyRelu(numberOf(call, 'negative_slope', 0.2))(call.emit, first(call)),
  Elu: (call) => elu(numberOf(call, 'alpha', 1))(call.emit, first(call)),
  Squareplus: (call) => squareplus(numberOf(call, 'b', 4))(call.emit, first(call)),
  Celu: (call) => celu(numberOf(call, 'alpha', 1))(call.emit, first(call)),
  ...Object.fromEntries(
    Object.entries({
      Relu: 'relu',
      Relu6: 'relu6',
      Sigmoid: 'sigmoid',
      Silu: 'silu',
      Selu: 'selu',
      Softplus: 'softplus',
      Softsign: 'softsign',
      HardSigmoid: 'hard_sigmoid',
      HardSilu: 'hard_silu',
      HardTanh: 'hard_tanh',
      LogSigmoid: 'log_sigmoid',
      Mish: 'mish',
      SparsePlus: 'sparse_plus',
      TanhShrink: 'tanh_shrink',
    }).map(([className, name]): [string, Operation] => [className, activation(name)]),
  ),
  ...reductions,
  ...arrange,
  ...numeric,
  ...pairs,
  ...selecting,
  ...quantileOperations,
  ...norms,
  ...products,
  ...shaping,
  ...matrices,
  ...signals,
  ...special,
  ...types,
};

/** Operations that compile, for documentation and messages. */
export const SUPPORTED_OPERATIONS: readonly string[] = Object.keys(OPERATIONS).sort();

/** The writer of an operation node. Throws `model_unsupported`, naming the node, for an unknown one. */
export function operationOf(className: string, name: string): Operation {
  const operation = Object.hasOwn(OPERATIONS, className) ? OPERATIONS[className] : undefined;
  if (operation !== undefined) return operation;
  const { what, need } = refusedClass('operation', className);
  throw unsupported(what, need, name);
}
