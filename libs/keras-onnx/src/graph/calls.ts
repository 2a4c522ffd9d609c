import { corrupt } from '../errors.js';
import type { Resolved } from '../layers/definition.js';
import type { Emitter, Value } from './emitter.js';
import type { Argument, LayerSpec, NodeCall } from './spec.js';
import { cast } from './tensor-ops.js';

/** Layers that may be given whole numbers and compute with floats all the same. */
const COMPUTES_FLOATS = new Set([
  'Activation',
  'Add',
  'Average',
  'BatchNormalization',
  'Conv1D',
  'Conv2D',
  'Dense',
  'EinsumDense',
  'GRU',
  'GlobalAveragePooling1D',
  'LSTM',
  'LayerNormalization',
  'Masking',
  'Maximum',
  'Minimum',
  'Multiply',
  'Normalization',
  'ReLU',
  'Rescaling',
  'SimpleRNN',
  'Softmax',
  'Subtract',
]);

/** The inputs of a layer as it computes with them. */
export function floatsFor(emit: Emitter, className: string, inputs: readonly Value[]): readonly Value[] {
  if (!COMPUTES_FLOATS.has(className)) return inputs;
  // Of truths Add and Maximum make truths again.
  return inputs.map((value) =>
    value.type === 'bool' && className !== 'Dense' ? value : cast(emit, value, 'float32'),
  );
}

/** Legacy files name operation nodes like layers; they differ in taking operands one by one instead of as a list. */
export function isOperation(layer: LayerSpec, args: readonly Resolved[]): boolean {
  if (layer.kind === 'operation') return true;
  const merging = ['Add', 'Subtract', 'Multiply', 'Maximum', 'Minimum'].includes(layer.className);
  return merging && args.length === 2 && !Array.isArray(args[0]);
}

/**
 * What the counting of a layer's calls starts from. Calls refer to each other from 0, but Keras 2 counted the calls of a
 * nested model from 1 (number 0 built it), and so does the list of outputs for nested functional models to this day.
 */
export function firstNode(layer: LayerSpec | undefined, legacy: boolean, isOutput: boolean): number {
  if (layer?.model === undefined) return 0;
  return legacy || (isOutput && layer.model.kind === 'functional') ? 1 : 0;
}

/** The outputs of a call that has been written already. */
export type Find = (layer: string, node: number, legacy: boolean) => readonly Value[] | undefined;

/** Whether all tensors a call needs exist. */
export function ready(call: NodeCall, find: Find): boolean {
  const exists = (argument: Argument): boolean => {
    if (typeof argument !== 'object' || argument === null) return true;
    if (Array.isArray(argument)) return (argument as readonly Argument[]).every(exists);
    const isTensor = 'kind' in argument && argument.kind === 'tensor';
    return !isTensor || find(argument.layer, argument.node, call.legacy) !== undefined;
  };
  return [...call.args, ...Object.values(call.kwargs)].every(exists);
}

/** The arguments of a call with their tensors in place. */
export function resolveArguments(
  call: NodeCall,
  find: Find,
  emit: Emitter,
  layer: string,
): { args: Resolved[]; kwargs: Record<string, Resolved> } {
  const one = (argument: Argument): Resolved => {
    if (typeof argument !== 'object' || argument === null) return argument;
    if (Array.isArray(argument)) return (argument as readonly Argument[]).map(one);
    if (!('kind' in argument)) return null;
    if (argument.kind === 'constant')
      return { kind: 'value', value: emit.constant(argument.data, argument.shape) };
    if (argument.kind !== 'tensor') return argument;
    const value = find(argument.layer, argument.node, call.legacy)?.[argument.tensor];
    if (value === undefined)
      throw corrupt(`uses output ${argument.tensor} of '${argument.layer}', which has none`, layer);
    return { kind: 'value', value };
  };
  return {
    args: call.args.map(one),
    kwargs: Object.fromEntries(Object.entries(call.kwargs).map(([key, argument]) => [key, one(argument)])),
  };
}

/** All tensors of an argument, in order. */
export function tensorsOf(argument: Resolved): Value[] {
  if (typeof argument !== 'object' || argument === null) return [];
  if (Array.isArray(argument)) return (argument as readonly Resolved[]).flatMap(tensorsOf);
  return 'value' in argument ? [argument.value] : [];
}

/** The masks of a call: what its `mask` names for each input, else what the tensors carry. */
export function masksOf(
  emit: Emitter,
  inputs: readonly Value[],
  named: Resolved | undefined,
): (Value | undefined)[] {
  const list = Array.isArray(named) ? (named as readonly Resolved[]) : [named];
  return inputs.map((input, index) => {
    const [given] = tensorsOf(list[index] ?? null);
    return given ?? emit.masks.get(input.name);
  });
}
