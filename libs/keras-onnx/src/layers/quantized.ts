import type { Emitter, Tensor, Value } from '../graph/emitter.js';
import { isObject, type LayerConfig } from '../graph/layer-config.js';
import { binary, cast, reduce, shift, unary } from '../graph/tensor-ops.js';
import { fixed, type WeightSlot } from './definition.js';

/** How Keras' `quantize()` left a layer. */
export interface Quantization {
  readonly mode: 'int8' | 'int4' | 'float8';
  /** Of int4: weights share scale and zero by groups of them, instead of one scale a unit. */
  readonly isGrouped: boolean;
  /** Whether inputs are rounded to int8 on the way. */
  readonly roundsInputs: boolean;
}

/** The modes of each layer that are computed. */
const MODES: Readonly<Record<string, readonly string[]>> = {
  Dense: ['int8', 'int4', 'float8'],
  EinsumDense: ['int8', 'int4', 'float8'],
  Embedding: ['int8', 'int4'],
  ReversibleEmbedding: ['int8', 'int4'],
};

/** The name under which a layer was quantized, as its policy says it (`int4/128`, `gptq/4/128`, …). */
export function quantizationName(config: LayerConfig): string | undefined {
  const dtype = config.get('dtype');
  if (!isObject(dtype) || typeof dtype.class_name !== 'string' || !isObject(dtype.config)) return undefined;
  const { mode } = dtype.config;
  return /^Quantized|^GPTQ|^Int4|^AWQ/.test(dtype.class_name) && typeof mode === 'string' ? mode : undefined;
}

/** How a layer was quantized; undefined for layers in plain floats. Every other way is refused by its name. */
export function quantizationOf(config: LayerConfig, className: string): Quantization | undefined {
  const name = quantizationName(config);
  if (name === undefined) return undefined;
  const [mode = '', block] = name.split('/');
  const refused = (): Error =>
    config.refuse(
      `the quantization '${name}' of a ${className}`,
      'save the model before quantize(), or quantize Dense, EinsumDense and Embedding to int8, int4 or float8 with Keras 3.15',
    );
  // Earlier releases packed int4 along the other axis, and named no block.
  if (MODES[className]?.includes(mode) !== true || (mode === 'int4' && block === undefined)) throw refused();
  return {
    mode: mode as Quantization['mode'],
    isGrouped: mode === 'int4' && Number(block) > 0,
    roundsInputs: mode !== 'float8' && roundsInputs(config, mode === 'int8', refused),
  };
}

/** Files that say nothing of it round by the mode's default. */
function roundsInputs(config: LayerConfig, byDefault: boolean, refused: () => Error): boolean {
  const how = config.get('quantization_config');
  if (!isObject(how) || !isObject(how.config)) return byDefault;
  const quantizer = how.config.activation_quantizer ?? null;
  if (quantizer === null) return false;
  const settings = isObject(quantizer) && isObject(quantizer.config) ? quantizer.config : {};
  const isUsual =
    isObject(quantizer) &&
    quantizer.class_name === 'AbsMaxQuantizer' &&
    String(settings.value_range) === '-127,127' &&
    settings.epsilon === 1e-7;
  if (!isUsual) throw refused();
  return true;
}

/** The variables of a quantized matrix, in the order in which Keras saves them. */
export function quantizedSlots(
  name: string,
  own: readonly WeightSlot[],
  how: Quantization | undefined,
): readonly WeightSlot[] {
  if (how === undefined) return own;
  if (how.mode === 'float8')
    return [
      ...own,
      ...['inputs_scale', 'inputs_amax_history', 'kernel_scale', 'kernel_amax_history'].map(trained),
      ...['outputs_grad_scale', 'outputs_grad_amax_history'].map(trained),
    ];
  const still = own.map((slot) => (slot.name === name ? { ...slot, trainable: false } : slot));
  return [...still, ...fixed(`${name}_scale`, ...(how.isGrouped ? [`${name}_zero`, 'g_idx'] : []))];
}

const trained = (name: string): WeightSlot => ({ name, trainable: true });

/** How a quantized matrix lies in its file. */
export interface MatrixLayout {
  /** Of int4: how long the packed axis is when it is unpacked. */
  readonly length: number;
  /** Of int4: the axis along which two numbers share a byte. */
  readonly packed: 0 | 1;
  /** Which lines have scales of their own; groups cut them across. */
  readonly scaled: 'rows' | 'columns';
}

/** The numbers that a quantized matrix stands for. */
export function dequantized(
  found: ReadonlyMap<string, Tensor>,
  name: string,
  how: Quantization,
  { length, packed, scaled }: MatrixLayout,
): Tensor | undefined {
  const [stored, scale] = [found.get(name), found.get(`${name}_scale`)];
  if (stored === undefined || scale === undefined) return stored;
  if (how.mode === 'float8') return float8Steps(stored, scale.data[0] ?? 1);
  const whole = how.mode === 'int4' ? unpacked(stored, length, packed) : stored;
  const [, width = 1] = whole.shape;
  const [zero, groups] = [found.get(`${name}_zero`)?.data, found.get('g_idx')?.data];
  const data = whole.data.map((step, at) => {
    const [row, column] = [Math.floor(at / width), at % width];
    const [line, across] = scaled === 'rows' ? [row, column] : [column, row];
    if (!how.isGrouped) return step / (scale.data[line] ?? 1);
    const [, stride = 1] = scale.shape;
    const group = groups?.[across] ?? 0;
    const place = scaled === 'rows' ? line * stride + group : group * stride + line;
    return (step - (zero?.[place] ?? 0)) * (scale.data[place] ?? 1);
  });
  return { shape: whole.shape, data };
}

/** Two numbers of four bits in each byte, the lower one first. */
function unpacked({ shape, data }: Tensor, length: number, axis: 0 | 1): Tensor {
  const [rows = 1, columns = 1] = shape;
  const [height, width] = axis === 1 ? [rows, length] : [length, columns];
  const nibble = (byte: number, isHigh: boolean): number => (((isHigh ? byte >> 4 : byte) & 15) ^ 8) - 8;
  const whole = Float32Array.from({ length: height * width }, (_, at) => {
    const [row, column] = [Math.floor(at / width), at % width];
    const place = axis === 1 ? row * columns + (column >> 1) : (row >> 1) * columns + column;
    return nibble(data[place] ?? 0, (axis === 1 ? column : row) % 2 === 1);
  });
  return { shape: [height, width], data: whole };
}

const MOST_FLOAT8 = 448;

/** A matrix rounded to eight-bit floats (E4M3) of the scale. */
function float8Steps({ shape, data }: Tensor, scale: number): Tensor {
  return { shape, data: data.map((one) => toFloat8(Math.fround(one / scale)) * scale) };
}

function toFloat8(value: number): number {
  const size = Math.min(Math.abs(value), MOST_FLOAT8);
  if (!(size > 0)) return value;
  const step = 2 ** (Math.max(Math.floor(Math.log2(size)), -6) - 3);
  const [below, rest] = [Math.floor(size / step), (size / step) % 1];
  const isUp = rest > 0.5 || (rest === 0.5 && below % 2 === 1);
  return Math.sign(value) * (below + (isUp ? 1 : 0)) * step;
}

/** Inputs as a quantized layer sees them: rounded to 127 steps of the largest over the axes, or to eight-bit floats. */
export function roundedInputs(
  emit: Emitter,
  x: Value,
  how: Quantization | undefined,
  { axes = [-1], scale }: { axes?: readonly number[]; scale: () => Tensor },
): Value {
  if (how?.mode === 'float8') {
    const factor = emit.scalar(scale().data[0] ?? 1);
    const divided = binary(emit, 'Div', x, factor);
    const most = [-MOST_FLOAT8, MOST_FLOAT8].map((one) => emit.scalar(one));
    const cut = emit.op('Clip', [divided, ...most], x.shape);
    return binary(emit, 'Mul', cast(emit, cast(emit, cut, 'float8'), 'float32'), factor);
  }
  if (how?.roundsInputs !== true || how.isGrouped) return x;
  const largest = reduce(emit, 'ReduceMax', unary(emit, 'Abs', x), axes, true);
  const perUnit = binary(emit, 'Div', emit.scalar(127), shift(emit, largest, 1e-7));
  const rounded = unary(emit, 'Round', binary(emit, 'Mul', x, perUnit));
  const steps = emit.op('Clip', [rounded, emit.scalar(-127), emit.scalar(127)], x.shape);
  return binary(emit, 'Div', steps, perUnit);
}

/** The bias of a float8 layer, which is rounded to bfloat16. */
export const roundedBias = (data: Float32Array): Float32Array =>
  data.map((one) => {
    const view = new DataView(new ArrayBuffer(4));
    view.setFloat32(0, one);
    const bits = view.getUint32(0);
    view.setUint32(
      0,
      (Math.floor((bits + 0x7fff + (Math.floor(bits / 0x10000) % 2)) / 0x10000) * 0x10000) >>> 0,
    );
    return view.getFloat32(0);
  });
