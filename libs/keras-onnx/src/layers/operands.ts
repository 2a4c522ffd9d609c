import { corrupt, unsupported } from '../errors.js';
import { isFanned, type Value } from '../graph/emitter.js';
import { sizeOf } from '../graph/dims.js';
import { axisOf, cast, reshape } from '../graph/tensor-ops.js';
import type { LayerCall, Resolved } from './definition.js';

/** Writes one `keras.ops` node. */
export type Operation = (call: LayerCall) => Value | readonly Value[];

/** A setting of the node, which Keras keeps in its config or among the arguments of the call. */
export function setting(call: LayerCall, key: string): unknown {
  const configured = call.config.get(key);
  return configured === undefined ? call.kwargs[key] : configured;
}

/** A tensor argument as it is. */
export function tensor(call: LayerCall, argument: Resolved | undefined): Value {
  if (typeof argument === 'object' && argument !== null && 'value' in argument) return argument.value;
  throw corrupt('an operand is no tensor', call.layer.name);
}

/** An operand: a tensor as floats, or a number. */
export function operand(call: LayerCall, argument: Resolved | undefined): Value {
  if (typeof argument === 'number' || typeof argument === 'boolean')
    return call.emit.scalar(Number(argument));
  const listed = Array.isArray(argument) ? listOf(argument as readonly Resolved[]) : undefined;
  if (listed !== undefined) return call.emit.constant(Float32Array.from(listed.flat), listed.shape);
  return cast(call.emit, tensor(call, argument), 'float32');
}

/** A list of plain numbers, or lists of such lists of one length, with its shape. */
export function listOf(list: readonly Resolved[]): { flat: number[]; shape: number[] } | undefined {
  if (list.length > 0 && list.every((one) => typeof one === 'number' || typeof one === 'boolean'))
    return { flat: list.map(Number), shape: [list.length] };
  const parts = list.map((one) => (Array.isArray(one) ? listOf(one as readonly Resolved[]) : undefined));
  const shape = parts[0]?.shape;
  if (shape === undefined || parts.some((part) => String(part?.shape) !== String(shape))) return undefined;
  return { flat: parts.flatMap((part) => part?.flat ?? []), shape: [list.length, ...shape] };
}

/** The first argument as floats. */
export const first = (call: LayerCall): Value =>
  operand(call, call.args[0] ?? call.kwargs.x ?? call.kwargs.x1);

/** A number among the settings. */
export function numberOf(call: LayerCall, key: string, fallback?: number): number {
  const value = setting(call, key) ?? fallback;
  if (typeof value !== 'number') throw call.config.bad(key, 'a number');
  return value;
}

/** The axes a setting names, counted from the front; null and left out mean all of them. */
export function axesOf(call: LayerCall, x: Value, key = 'axis'): number[] {
  const value = setting(call, key);
  if (value === null || value === undefined) return x.shape.map((_, axis) => ownAxis(call, x, axis));
  return [value].flat().map((axis) => ownAxis(call, x, Number(axis)));
}

/** An axis counted from the front; the samples of a fanned-out tensor are no axis of the model and are refused. */
export function ownAxis(call: LayerCall, x: Value, axis: number): number {
  const at = axisOf(axis, x.shape.length);
  if (at === 0 && isFanned(x)) {
    throw unsupported(
      'an operation across the rows behind a random layer',
      'put it before that layer, or run the model without sampling',
      call.layer.name,
    );
  }
  return at;
}

/** The two operands of a pair as floats. */
export const left = (call: LayerCall): Value =>
  operand(call, call.args[0] ?? call.kwargs.x1 ?? call.kwargs.x);
export const second = (call: LayerCall): Value =>
  operand(call, call.args[1] ?? call.kwargs.x2 ?? call.kwargs.y);

/** Whether a reduction keeps its axes. */
export const keeps = (call: LayerCall): boolean => setting(call, 'keepdims') === true;

/** The first argument with the axis of a setting; without an axis all numbers stand in one row, as NumPy does it. */
export function alongAxis(
  call: LayerCall,
  key = 'axis',
  fallback: number | null = null,
): { x: Value; axis: number } {
  const x = first(call);
  const value = setting(call, key);
  const axis = value === undefined ? fallback : value;
  if (axis !== null) return { x, axis: ownAxis(call, x, Number(axis)) };
  if (x.shape.length > 0) ownAxis(call, x, 0);
  return { x: reshape(call.emit, x, [sizeOf(x.shape)]), axis: 0 };
}

/** A length that must be known when the graph is written. */
export function lengthOf(call: LayerCall, x: Value, axis: number): number {
  const length = x.shape[axis];
  if (typeof length === 'number') return length;
  if (axis === 0)
    throw call.config.refuse('a shape that depends on the rows of a run', 'use other axes than the first');
  throw call.config.refuse('an axis of unknown length', 'save the model with that length fixed');
}
