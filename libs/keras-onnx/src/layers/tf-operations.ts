import { corrupt, unsupported } from '../errors.js';
import type { LayerCall, LayerDefinition, Resolved } from './definition.js';
import { operationOf } from './operations.js';

/** A function of TensorFlow 2 as an operation of Keras 3: its name, the argument that is the second operand, and settings. */
interface Translation {
  readonly op: string;
  /** The operation on what `op` answers. */
  readonly after?: string;
  readonly second?: string;
  readonly renamed?: Readonly<Record<string, string>>;
  /** What TensorFlow takes for settings that are left out, where Keras takes something else. */
  readonly defaults?: Readonly<Record<string, Resolved>>;
}

const pair = (op: string, second = 'y'): Translation => ({ op, second });
const plain = (op: string, renamed: Readonly<Record<string, string>> = {}): Translation => ({ op, renamed });

/** x / √max(Σx², 1e-12), where Keras compares the roots. */
const UNIT: Translation = { op: 'Normalize', defaults: { epsilon: 1e-6 } };

const FUNCTIONS: Readonly<Record<string, Translation>> = {
  '__operators__.add': pair('Add'),
  'math.add': pair('Add'),
  'math.subtract': pair('Subtract'),
  'math.multiply': pair('Multiply'),
  'math.squared_difference': { ...pair('Subtract'), after: 'Square' },
  'math.divide': pair('Divide'),
  'math.truediv': pair('Divide'),
  'math.floordiv': pair('FloorDivide'),
  'math.pow': pair('Power'),
  'math.maximum': pair('Maximum'),
  'math.minimum': pair('Minimum'),
  'math.greater': pair('Greater'),
  'math.greater_equal': pair('GreaterEqual'),
  'math.less': pair('Less'),
  'math.less_equal': pair('LessEqual'),
  'math.equal': pair('Equal'),
  'linalg.matmul': pair('Matmul', 'b'),
  'math.abs': plain('Absolute'),
  'math.negative': plain('Negative'),
  'math.sqrt': plain('Sqrt'),
  'math.rsqrt': plain('Rsqrt'),
  'math.square': plain('Square'),
  'math.exp': plain('Exp'),
  'math.log': plain('Log'),
  'math.log1p': plain('Log1p'),
  'math.sin': plain('Sin'),
  'math.cos': plain('Cos'),
  'math.sign': plain('Sign'),
  'math.floor': plain('Floor'),
  'math.round': plain('Round'),
  'math.reciprocal': plain('Reciprocal'),
  'math.tanh': plain('Tanh'),
  'math.sigmoid': plain('Sigmoid'),
  'math.softplus': plain('Softplus'),
  'nn.relu': plain('Relu'),
  'nn.elu': plain('Elu'),
  'nn.selu': plain('Selu'),
  'nn.silu': plain('Silu'),
  'nn.softmax': plain('Softmax'),
  'nn.leaky_relu': plain('LeakyRelu', { alpha: 'negative_slope' }),
  'math.reduce_sum': plain('Sum'),
  'math.reduce_mean': plain('Mean'),
  'math.reduce_max': plain('Max'),
  'math.reduce_min': plain('Min'),
  'math.reduce_prod': plain('Prod'),
  'math.reduce_std': plain('Std'),
  'math.reduce_variance': plain('Var'),
  'math.cumsum': { op: 'Cumsum', defaults: { axis: 0 } },
  'math.argmax': { op: 'Argmax', defaults: { axis: 0 } },
  'math.reduce_logsumexp': plain('Logsumexp'),
  'math.reduce_any': plain('Any'),
  'math.reduce_all': plain('All'),
  'math.mod': pair('Mod'),
  'math.floormod': pair('Mod'),
  'math.not_equal': pair('NotEqual'),
  'math.atan2': pair('Arctan2', 'x'),
  'math.divide_no_nan': pair('DivideNoNan'),
  'math.ceil': plain('Ceil'),
  'math.expm1': plain('Expm1'),
  'math.erf': plain('Erf'),
  'math.tan': plain('Tan'),
  'math.is_nan': plain('Isnan'),
  'math.is_finite': plain('Isfinite'),
  'math.is_inf': plain('Isinf'),
  'math.log_sigmoid': plain('LogSigmoid'),
  'math.softsign': plain('Softsign'),
  'math.argmin': { op: 'Argmin', defaults: { axis: 0 } },
  'math.cumprod': { op: 'Cumprod', defaults: { axis: 0 } },
  'math.l2_normalize': UNIT,
  'nn.l2_normalize': UNIT,
  'linalg.norm': plain('Norm'),
  'nn.gelu': { op: 'Gelu', defaults: { approximate: false } },
  'nn.log_softmax': plain('LogSoftmax'),
  'nn.relu6': plain('Relu6'),
  'nn.sigmoid': plain('Sigmoid'),
  'nn.softplus': plain('Softplus'),
  'nn.softsign': plain('Softsign'),
  'nn.swish': plain('Silu'),
  'nn.tanh': plain('Tanh'),
  gather: { op: 'Take', defaults: { axis: 0 } },
  ones_like: plain('OnesLike'),
  zeros_like: plain('ZerosLike'),
  pad: plain('Pad', { paddings: 'pad_width' }),
  repeat: plain('Repeat'),
  roll: plain('Roll'),
  sort: plain('Sort'),
  reshape: plain('Reshape', { shape: 'newshape' }),
  transpose: plain('Transpose', { perm: 'axes' }),
  'compat.v1.transpose': plain('Transpose', { perm: 'axes' }),
  expand_dims: plain('ExpandDims'),
  squeeze: plain('Squeeze'),
  concat: plain('Concatenate'),
  stack: plain('Stack'),
  unstack: plain('Unstack'),
  tile: plain('Tile', { multiples: 'repeats' }),
  cast: plain('Cast'),
  clip_by_value: plain('Clip', { clip_value_min: 'x_min', clip_value_max: 'x_max' }),
  reverse: plain('Flip'),
  one_hot: plain('OneHot', { depth: 'num_classes' }),
  identity: plain('Identity'),
  stop_gradient: plain('StopGradient'),
};

function translated(
  call: LayerCall,
  name: string,
  { op, second, renamed = {}, defaults = {} }: Translation,
): LayerCall {
  const kwargs: Record<string, Resolved> = {
    ...defaults,
    ...Object.fromEntries(Object.entries(call.kwargs).map(([key, value]) => [renamed[key] ?? key, value])),
  };
  // TensorFlow's modes of padding are written in capitals.
  if (typeof kwargs.mode === 'string') kwargs.mode = kwargs.mode.toLowerCase();
  if (
    kwargs.transpose_a === true ||
    kwargs.transpose_b === true ||
    kwargs.exclusive === true ||
    (kwargs.batch_dims ?? 0) !== 0 ||
    kwargs.direction === 'DESCENDING' ||
    kwargs.reverse === true
  )
    throw call.config.refuse(
      `the TensorFlow function ${name} with these settings`,
      'transpose or reverse first',
    );
  const other = second === undefined ? undefined : (call.args[1] ?? kwargs[second]);
  const args: Resolved[] = [call.args[0] ?? null, ...(other === undefined ? [] : [other])];
  // The layer's own settings are no settings of the operation.
  return {
    ...call,
    config: call.config.only(),
    args,
    kwargs: op === 'Cast' ? { dtype: String(kwargs.dtype) } : kwargs,
  };
}

/** A function of TensorFlow that Keras 2 put between its layers. */
const tfOpLambda: LayerDefinition = {
  masks: 'drop',
  emit(call) {
    const name = String(call.config.get('function')).replace(/^tf\./, '');
    const found = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
    if (found === undefined) throw refused(call, name);
    const answers = operationOf(found.op, call.layer.name)(translated(call, name, found));
    if (found.after === undefined) return answers;
    const args = [answers].flat().map((value): Resolved => ({ kind: 'value', value }));
    return operationOf(
      found.after,
      call.layer.name,
    )({ ...call, config: call.config.only(), args, kwargs: {} });
  },
};

const refused = (call: LayerCall, name: string): Error =>
  unsupported(
    `the TensorFlow function ${name}`,
    'rebuild it from layers, or export the model to ONNX',
    call.layer.name,
  );

/** x[…] of Keras 2. */
const slicing: LayerDefinition = {
  masks: 'drop',
  emit(call) {
    const spec = call.kwargs.slice_spec ?? null;
    return operationOf(
      'GetItem',
      call.layer.name,
    )({ ...call, config: call.config.only(), args: [call.args[0] ?? null, spec] });
  },
};

/** Operators of TensorFlow's graphs, as `TensorFlowOpLayer` names them. */
const OPERATORS: Readonly<Record<string, string>> = {
  Add: 'Add',
  AddV2: 'Add',
  Sub: 'Subtract',
  Mul: 'Multiply',
  RealDiv: 'Divide',
  Pow: 'Power',
  Maximum: 'Maximum',
  Minimum: 'Minimum',
  MatMul: 'Matmul',
  BatchMatMulV2: 'Matmul',
  Neg: 'Negative',
  Abs: 'Absolute',
  Sqrt: 'Sqrt',
  Square: 'Square',
  Exp: 'Exp',
  Log: 'Log',
  Tanh: 'Tanh',
  Sigmoid: 'Sigmoid',
  Relu: 'Relu',
  Softplus: 'Softplus',
  Identity: 'Identity',
};

/** One operator of a graph, with the constants that stood beside it. */
const tensorFlowOp: LayerDefinition = {
  masks: 'drop',
  emit(call) {
    const { config, emit, layer } = call;
    const definition = config.get('node_def');
    const text = typeof definition === 'string' ? definition : JSON.stringify(definition ?? '');
    const op = /"?op"?:\s*"(\w+)"/.exec(text)?.[1] ?? '';
    const found = Object.hasOwn(OPERATORS, op) ? OPERATORS[op] : undefined;
    if (found === undefined || /transpose_[ab]|adj_[xy]/.test(text)) throw refused(call, op);
    const constants = new Map(Object.entries(config.get('constants') ?? {}) as [string, unknown][]);
    const tensors = [...call.inputs];
    const args = Array.from({ length: tensors.length + constants.size }, (_, index): Resolved => {
      const constant = constants.get(String(index));
      if (constant === undefined) {
        const value = tensors.shift();
        if (value === undefined) throw corrupt('has fewer inputs than its operator', layer.name);
        return { kind: 'value', value };
      }
      if (typeof constant === 'number') return constant;
      const flat = [constant].flat(8) as unknown[];
      if (
        !Array.isArray(constant) ||
        constant.length !== flat.length ||
        flat.some((one) => typeof one !== 'number')
      )
        throw refused(call, `${op} with a constant of several axes`);
      return { kind: 'value', value: emit.constant(Float32Array.from(flat, Number), [flat.length]) };
    });
    return operationOf(found, layer.name)({ ...call, config: config.only(), args, kwargs: {} });
  },
};

/** Plain operations that Keras 2 kept as layers. */
export const TF_OPERATION_LAYERS: Readonly<Record<string, LayerDefinition>> = {
  TFOpLambda: tfOpLambda,
  SlicingOpLambda: slicing,
  TensorFlowOpLayer: tensorFlowOp,
};
