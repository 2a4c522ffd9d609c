import { corrupt, unsupported } from '../errors.js';
import { isObject } from './layer-config.js';
import type { Argument, ConstantTensor, NodeCall, TensorReference } from './spec.js';

/** One argument of a Keras 3 call, as its serializer wrote it. */
export function parseArgument(raw: unknown, layer: string): Argument {
  if (raw === null || raw === undefined) return null;
  if (typeof raw === 'string' || typeof raw === 'number' || typeof raw === 'boolean') return raw;
  if (Array.isArray(raw)) return raw.map((one) => parseArgument(one, layer));
  if (!isObject(raw)) throw corrupt('a call has a malformed argument', layer);
  const config = isObject(raw.config) ? raw.config : {};
  // Keras 2 wrote slices without a class.
  if (!('class_name' in raw) && 'start' in raw && 'stop' in raw) return sliceOf(raw, layer);
  switch (raw.class_name) {
    case '__keras_tensor__':
      return tensorReference(config.keras_history, layer);
    case '__tensor__':
    case '__numpy__':
      return constantTensor(config.value, typeof config.dtype === 'string' ? config.dtype : 'float32', layer);
    case '__slice__':
      return sliceOf(config, layer);
    case '__ellipsis__':
      return { kind: 'ellipsis' };
    case '__lambda__':
      throw unsupported(
        'a Python lambda among the arguments',
        'use built-in layers or keras.ops instead',
        layer,
      );
    default:
      throw unsupported(
        `an argument of kind '${String(raw.class_name)}'`,
        'use tensors and plain numbers',
        layer,
      );
  }
}

/** One call in the list style of Keras 2: `[[layer, node, tensor, {kwargs}], …]`. */
export function parseLegacyCall(node: readonly unknown[], layer: string): NodeCall {
  // A call with a single input may be written without the outer list.
  const entries = typeof node[0] === 'string' ? [node] : node;
  const kwargs: Record<string, Argument> = {};
  const inputs = entries.map((entry) => {
    if (!Array.isArray(entry)) throw corrupt('a call in inbound_nodes is malformed', layer);
    const [name, index, tensor, extra] = entry as unknown[];
    if (isObject(extra)) {
      for (const [key, value] of Object.entries(extra)) kwargs[key] = legacyArgument(value, layer);
    }
    if (name === '_CONSTANT_VALUE') return parseArgument(tensor, layer);
    return tensorReference([name, index, tensor], layer);
  });
  return {
    legacy: true,
    args: inputs.length === 1 && inputs[0] !== undefined ? [inputs[0]] : [inputs],
    kwargs,
  };
}

function legacyArgument(value: unknown, layer: string): Argument {
  const isReference =
    Array.isArray(value) && value.length >= 3 && typeof value[0] === 'string' && typeof value[1] === 'number';
  return isReference ? tensorReference(value.slice(0, 3), layer) : parseArgument(value, layer);
}

function tensorReference(history: unknown, layer: string): TensorReference {
  if (Array.isArray(history)) {
    const [name, node, tensor] = history as unknown[];
    if (typeof name === 'string' && Number.isSafeInteger(node) && Number.isSafeInteger(tensor)) {
      return { kind: 'tensor', layer: name, node: Number(node), tensor: Number(tensor) };
    }
  }
  throw corrupt('a call refers to a tensor of unknown origin', layer);
}

const sliceOf = (raw: Readonly<Record<string, unknown>>, layer: string): Argument => ({
  kind: 'slice',
  start: bound(raw.start, layer),
  stop: bound(raw.stop, layer),
  step: bound(raw.step, layer),
});

function bound(value: unknown, layer: string): number | null {
  if (value === null || value === undefined) return null;
  if (Number.isSafeInteger(value)) return Number(value);
  throw unsupported('a slice with a computed bound', 'slice with plain integers', layer);
}

function constantTensor(value: unknown, dtype: string, layer: string): ConstantTensor {
  const shape: number[] = [];
  for (let level = value; Array.isArray(level); level = (level as unknown[])[0]) shape.push(level.length);
  const flat: unknown[] = shape.length === 0 ? [value] : (value as unknown[]).flat(shape.length - 1);
  const size = shape.reduce((product, length) => product * length, 1);
  if (flat.length !== size) throw corrupt('a constant tensor is ragged', layer);
  const data = Float32Array.from(flat, (one) => {
    if (typeof one !== 'number' && typeof one !== 'boolean')
      throw corrupt('a constant tensor holds no numbers', layer);
    return Number(one);
  });
  return { kind: 'constant', shape, data, dtype };
}
