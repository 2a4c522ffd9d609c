import { corrupt, unsupported } from '../errors.js';
import type { Tensor } from '../graph/emitter.js';
import { isObject } from '../graph/layer-config.js';

type Json = Readonly<Record<string, unknown>>;

/** Settings that were renamed in Keras 2, for every layer that has them. */
const RENAMED: Readonly<Record<string, string>> = {
  output_dim: 'units',
  bias: 'use_bias',
  p: 'rate',
  sigma: 'stddev',
  inner_activation: 'recurrent_activation',
  dropout_W: 'dropout',
  dropout_U: 'recurrent_dropout',
  border_mode: 'padding',
  nb_filter: 'filters',
  filter_length: 'kernel_size',
  subsample_length: 'strides',
  subsample: 'strides',
  atrous_rate: 'dilation_rate',
  pool_length: 'pool_size',
  stride: 'strides',
};

const CLASSES: Readonly<Record<string, string>> = {
  Convolution1D: 'Conv1D',
  AtrousConvolution1D: 'Conv1D',
  Convolution2D: 'Conv2D',
  AtrousConvolution2D: 'Conv2D',
};

const MERGES: Readonly<Record<string, string>> = {
  sum: 'Add',
  mul: 'Multiply',
  ave: 'Average',
  max: 'Maximum',
  concat: 'Concatenate',
};

/** The configuration of a Keras 1 model in the words of Keras 2. */
export function upgradeKeras1(raw: unknown): unknown {
  if (Array.isArray(raw)) return raw.map(upgradeKeras1);
  if (!isObject(raw)) return raw;
  if (typeof raw.class_name !== 'string' || (!isObject(raw.config) && !Array.isArray(raw.config)))
    return Object.fromEntries(Object.entries(raw).map(([key, value]) => [key, upgradeKeras1(value)]));
  if (Array.isArray(raw.config)) return { ...raw, config: raw.config.map(upgradeKeras1) };
  return upgradeLayer(raw, raw.class_name, raw.config as Json);
}

function upgradeLayer(raw: Json, className: string, config: Json): Json {
  if (className === 'Model') return { ...raw, config: upgradeModel(config) };
  const keep = className === 'Embedding' ? { output_dim: config.output_dim } : {};
  const renamed = Object.fromEntries(
    Object.entries(config).map(([key, value]) => [
      RENAMED[key] ?? key,
      key === 'layer' ? upgradeKeras1(value) : value,
    ]),
  );
  if (className === 'Merge') return { ...raw, ...mergeLayer(config) };
  if (className === 'TimeDistributedDense') {
    const inner = { class_name: 'Dense', config: { ...renamed, name: `${String(config.name)}_dense` } };
    return { ...raw, class_name: 'TimeDistributed', config: { ...config, layer: inner } };
  }
  return {
    ...raw,
    class_name: CLASSES[className] ?? className,
    config: { ...renamed, ...keep, ...dataFormat(config), ...twoSided(className, config) },
  };
}

const upgradeModel = (config: Json): Json => ({ ...config, layers: upgradeKeras1(config.layers) });

function mergeLayer(config: Json): Json {
  const mode = String(config.mode);
  const name = typeof config.name === 'string' ? config.name : 'merge';
  const className = MERGES[mode];
  if (className === undefined || isObject(config.layers) || Array.isArray(config.layers)) {
    throw unsupported(`the Keras 1 merge '${mode}'`, 'load and save the model with Keras 2', name);
  }
  return {
    class_name: className,
    config: { name, ...(mode === 'concat' ? { axis: config.concat_axis ?? -1 } : {}) },
  };
}

function dataFormat(config: Json): Json {
  if (config.dim_ordering === 'th') {
    throw unsupported(
      "the Theano order of axes (dim_ordering 'th')",
      'load and save the model with Keras 2',
      typeof config.name === 'string' ? config.name : undefined,
    );
  }
  return config.dim_ordering === 'tf' ? { data_format: 'channels_last' } : {};
}

/** Kernels of two axes were two settings. */
function twoSided(className: string, config: Json): Json {
  if ('nb_row' in config) return { kernel_size: [config.nb_row, config.nb_col] };
  return className === 'UpSampling1D' && 'length' in config ? { size: config.length } : {};
}

const GATES: Readonly<Record<string, readonly string[]>> = {
  LSTM: ['i', 'f', 'c', 'o'],
  GRU: ['z', 'r', 'h'],
};

/** One variable of a Keras 1 file with its name. */
export interface NamedTensor {
  readonly name: string;
  readonly tensor: Tensor;
}

/**
 * The variables of one layer as Keras 2 has them: recurrent layers saved a kernel, a recurrent kernel and a bias for each
 * gate (`lstm_1_W_i`, …), and convolutions over one axis had kernels of two.
 */
export function upgradeVariables(found: readonly NamedTensor[]): Tensor[] {
  const gated = /^(.*)_(W|U|b)_([a-z])$/;
  const stems = new Map<string, NamedTensor[]>();
  const order: (string | NamedTensor)[] = [];
  for (const one of found) {
    const stem = gated.exec(one.name)?.[1];
    if (stem === undefined) order.push(one);
    else if (stems.has(stem)) stems.get(stem)?.push(one);
    else {
      stems.set(stem, [one]);
      order.push(stem);
    }
  }
  return order.flatMap((one) =>
    typeof one === 'string' ? joinGates(one, stems.get(one) ?? []) : [flat(one)],
  );
}

function joinGates(stem: string, parts: readonly NamedTensor[]): Tensor[] {
  const gates = Object.values(GATES).find((names) => names.length * 3 === parts.length);
  if (gates === undefined) throw corrupt(`has ${parts.length} variables of gates`, stem);
  return ['W', 'U', 'b'].map((kind) =>
    beside(
      gates.map((gate) => {
        const part = parts.find(({ name }) => name === `${stem}_${kind}_${gate}`);
        if (part === undefined) throw corrupt(`has no variable '${stem}_${kind}_${gate}'`, stem);
        return part.tensor;
      }),
    ),
  );
}

/** Matrices or vectors of one height, one beside the other. */
function beside(parts: readonly Tensor[]): Tensor {
  const [first] = parts;
  const rows = first?.shape.length === 2 ? (first.shape[0] ?? 1) : 1;
  const widths = parts.map(({ data }) => data.length / rows);
  const width = widths.reduce((sum, one) => sum + one, 0);
  const data = new Float32Array(rows * width);
  for (let row = 0; row < rows; row += 1) {
    let at = row * width;
    parts.forEach((part, index) => {
      const size = widths[index] ?? 0;
      data.set(part.data.subarray(row * size, (row + 1) * size), at);
      at += size;
    });
  }
  return { shape: first?.shape.length === 2 ? [rows, width] : [width], data };
}

/** (steps, 1, channels, filters) becomes (steps, channels, filters) for convolutions over one axis. */
function flat({ name, tensor }: NamedTensor): Tensor {
  const [steps = 1, one, ...rest] = tensor.shape;
  const isOverOneAxis = /(convolution1d|conv1d)\w*_W$/.test(name) && tensor.shape.length === 4 && one === 1;
  return isOverOneAxis ? { shape: [steps, ...rest], data: tensor.data } : tensor;
}
