import { corrupt } from '../errors.js';
import type { Resolved } from '../layers/definition.js';
import type { Emitter, Value } from './emitter.js';
import type { Argument, LayerSpec, ModelSpec, NodeCall } from './spec.js';

/** Legacy files name operation nodes like layers; they differ in taking operands one by one instead of as a list. */
export function isOperation(layer: LayerSpec, args: readonly Resolved[]): boolean {
  if (layer.kind === 'operation') return true;
  const merging = ['Add', 'Subtract', 'Multiply', 'Maximum', 'Minimum'].includes(layer.className);
  return merging && args.length === 2 && !Array.isArray(args[0]);
}

/** Calls of a nested functional model count from 1: number 0 is the call that built it. */
export function firstNode(layer: LayerSpec | undefined, model: ModelSpec): number {
  if (layer?.model === undefined || model.kind === 'sequential') return 0;
  if (layer.model.kind === 'functional') return 1;
  const used = model.layers.flatMap((one) => one.calls.flatMap((call) => nodesOf(call, layer.name)));
  const ends = model.outputs.flatMap((end) => (end.layer === layer.name ? [end.node] : []));
  // Keras 2 counted nested Sequential models the same way, Keras 3 does not.
  return [...used, ...ends].includes(0) ? 0 : 1;
}

function nodesOf(argument: NodeCall | Argument, layer: string): number[] {
  if (typeof argument !== 'object' || argument === null) return [];
  if (Array.isArray(argument)) return (argument as readonly Argument[]).flatMap((one) => nodesOf(one, layer));
  if ('args' in argument)
    return [...argument.args, ...Object.values(argument.kwargs)].flatMap((one) => nodesOf(one, layer));
  return 'kind' in argument && argument.kind === 'tensor' && argument.layer === layer ? [argument.node] : [];
}

/** The outputs of a call that has been written already. */
export type Find = (layer: string, node: number) => readonly Value[] | undefined;

/** Whether all tensors a call needs exist. */
export function ready(argument: NodeCall | Argument, find: Find): boolean {
  if (typeof argument !== 'object' || argument === null) return true;
  if (Array.isArray(argument)) return (argument as readonly Argument[]).every((one) => ready(one, find));
  if ('args' in argument)
    return [...argument.args, ...Object.values(argument.kwargs)].every((one) => ready(one, find));
  return (
    !('kind' in argument) || argument.kind !== 'tensor' || find(argument.layer, argument.node) !== undefined
  );
}

/** The arguments of a call with their tensors in place. */
export function resolve(
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
    const value = find(argument.layer, argument.node)?.[argument.tensor];
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
