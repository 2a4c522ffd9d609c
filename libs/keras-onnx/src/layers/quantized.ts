import type { Emitter, Value } from '../graph/emitter.js';
import { isObject, type LayerConfig } from '../graph/layer-config.js';
import { binary, reduce, shift, unary } from '../graph/tensor-ops.js';

/** How a layer was quantized (`int8`, `int4`, `float8`, …); undefined for layers in plain floats. */
export function quantizationOf(config: LayerConfig): string | undefined {
  const dtype = config.get('dtype');
  if (!isObject(dtype) || typeof dtype.class_name !== 'string' || !isObject(dtype.config)) return undefined;
  const { mode } = dtype.config;
  return /^Quantized|^GPTQ|^Int4|^AWQ/.test(dtype.class_name) && typeof mode === 'string' ? mode : undefined;
}

/** Layers that are computed as `quantize('int8')` left them. */
const INT8 = ['Dense', 'Embedding'];

/** Whether a layer was quantized to int8; any other way is refused by its name. */
export function isInt8(config: LayerConfig, className: string): boolean {
  const mode = quantizationOf(config);
  if (mode === undefined) return false;
  if (mode !== 'int8' || !INT8.includes(className))
    throw config.refuse(
      `the quantization '${mode}' of a ${className}`,
      'save the model before quantize(), or use int8 on Dense and Embedding',
    );
  return true;
}

/** Numbers as Keras rounds them to int8 on the way: 127 steps to the largest of each row, and how many steps make 1. */
export function toInt8(emit: Emitter, x: Value): { steps: Value; perUnit: Value } {
  const largest = reduce(emit, 'ReduceMax', unary(emit, 'Abs', x), [-1], true);
  const perUnit = binary(emit, 'Div', emit.scalar(127), shift(emit, largest, 1e-7));
  const rounded = unary(emit, 'Round', binary(emit, 'Mul', x, perUnit));
  const steps = emit.op('Clip', [rounded, emit.scalar(-127), emit.scalar(127)], x.shape);
  return { steps, perUnit };
}

/** What integers stand for. */
export const fromInt8 = (emit: Emitter, steps: Value, perUnit: Value): Value =>
  binary(emit, 'Div', steps, perUnit);
