import type { Dim } from '../graph/dims.js';
import { corrupt } from '../errors.js';
import type { Distribution, Emitter, Tensor, Value } from '../graph/emitter.js';
import { dependsOnSamples } from '../graph/emitter.js';
import type { LayerConfig } from '../graph/layer-config.js';
import { SAMPLES, showShape } from '../graph/dims.js';
import type { Argument, LayerSpec, SliceArgument } from '../graph/spec.js';

/** One variable of a layer, in the order Keras saves them. */
export interface WeightSlot {
  readonly name: string;
  readonly trainable: boolean;
  /** Keras 3 saves this variable of an inner layer a second time at this layer's own place. */
  readonly isCopy?: boolean;
}

/** Settings of a layer that are not in its configuration. */
export type LearnedSettings = Readonly<Record<string, unknown>>;

/** A layer inside another one; `places` are the attribute names it may be saved under, newest first. */
export interface ChildLayer {
  readonly places: readonly string[];
  readonly layer: LayerSpec;
  /** The file may have no variables of it. */
  readonly isOptional?: boolean;
}

/** An argument of a call with its tensors in place. */
export type Resolved =
  | { readonly kind: 'value'; readonly value: Value }
  | Exclude<Argument, { readonly kind: 'tensor' } | { readonly kind: 'constant' } | readonly Argument[]>
  | SliceArgument
  | readonly Resolved[];

/** One call of a layer while its operators are being written. */
export interface LayerCall {
  readonly layer: LayerSpec;
  readonly config: LayerConfig;
  readonly emit: Emitter;
  /** The tensors of the first argument (or of the arguments named in `takes`). */
  readonly inputs: readonly Value[];
  /** The mask of each input: the one the call names, else the one its tensor carries. */
  readonly masks: readonly (Value | undefined)[];
  readonly args: readonly Resolved[];
  readonly kwargs: Readonly<Record<string, Resolved>>;
  /** A variable by its name; its shape is checked against `shape`. */
  weight(name: string, shape: readonly Dim[]): Tensor;
  /** A constant made once for all calls of this layer. */
  once(key: string, make: () => Value): Value;
  /** Writes a layer that this one wraps; `settings` take the place of its own. */
  inner(
    layer: LayerSpec,
    inputs: readonly Value[],
    kwargs?: Readonly<Record<string, Resolved>>,
    settings?: Readonly<Record<string, unknown>>,
  ): readonly Value[];
}

/**
 * What the compiler knows of a layer class. `masks` says what a mask from Masking or Embedding meets here: that of the first
 * input passes on, is dropped as Keras drops it, or is worked with by `emit` itself (`use`), which hangs a mask on its outputs by
 * {@link masked}.
 */
export interface LayerDefinition {
  readonly masks: 'pass' | 'drop' | 'use';
  /** It may answer whole numbers: its dtype is that of what it answers, not of what it computes with. */
  readonly isWhole?: boolean;
  readonly weights?: (config: LayerConfig) => readonly WeightSlot[];
  /** Where Keras 3 saves the variables, below the layer's own place; recurrent layers keep them in their cell. */
  readonly variables?: string;
  /** The name of the Python class, where Keras exports it under another one: the places of variables are called by it. */
  readonly savedAs?: string;
  /** Turns variables as they are saved into those that `emit` expects. */
  readonly adapt?: (found: ReadonlyMap<string, Tensor>, config: LayerConfig) => ReadonlyMap<string, Tensor>;
  /** Settings from the text that Keras keeps of what the layer learned by `adapt`, and from variables by their names. */
  readonly learned?: (
    text: string,
    layer: string,
    named: (name: string) => Tensor | undefined,
  ) => LearnedSettings;
  readonly children?: (layer: LayerSpec) => readonly ChildLayer[];
  readonly emit: (call: LayerCall) => Value | readonly Value[];
}

/** Names of trainable variables as slots. */
export function trainable(...names: string[]): WeightSlot[] {
  return names.map((name) => ({ name, trainable: true }));
}

/** As {@link trainable}, with a bias where the layer has one. */
export function withBias(config: LayerConfig, ...names: string[]): WeightSlot[] {
  return trainable(...names, ...(config.flag('use_bias', true) ? ['bias'] : []));
}

/** A variable of the layer as a constant of the graph, made once. `laid` gives its numbers another shape. */
export function variable(
  call: LayerCall,
  name: string,
  shape: readonly number[],
  laid: readonly number[] = shape,
): Value {
  return call.once(name, () => call.emit.constant(call.weight(name, shape).data, laid));
}

/** The tensor with a mask for the layers behind it; without one it carries none. */
export function masked(call: LayerCall, value: Value, mask: Value | undefined): Value {
  if (mask === undefined) call.emit.masks.delete(value.name);
  else call.emit.masks.set(value.name, mask);
  return value;
}

/**
 * The mask that a recurrent layer works with. Keras looks for one on the tensor only where the sequence is the only tensor of
 * the call: with initial states a mask counts that the call names.
 */
export function stepMask(call: LayerCall, hasStates: boolean): Value | undefined {
  const { mask } = call.kwargs;
  const isNamed = typeof mask === 'object' && mask !== null && 'value' in mask;
  return isNamed || !hasStates ? call.masks[0] : undefined;
}

/** Names of variables that training does not touch as slots. */
export function fixed(...names: string[]): WeightSlot[] {
  return names.map((name) => ({ name, trainable: false }));
}

/** The only input tensor of a call, with a rank check. */
export function only(call: LayerCall, rank?: number): Value {
  const [input] = call.inputs;
  if (input === undefined || call.inputs.length !== 1)
    throw corrupt(`takes one tensor, not ${call.inputs.length}`, call.layer.name);
  if (rank !== undefined && input.shape.length !== rank) {
    throw corrupt(`takes ${rank} axes, not ${showShape(input.shape)}`, call.layer.name);
  }
  return input;
}

/** A length that must be a number at compile time, like the channels of a convolution. */
export function known(call: LayerCall, dim: Dim | undefined, what: string): number {
  if (typeof dim !== 'number')
    throw call.config.refuse(`an unknown ${what}`, 'save the model with that length fixed');
  return dim;
}

/** A random tensor that fits `shape`: its rows become the samples unless they are already. */
export function drawRandom(call: LayerCall, shape: readonly Dim[], distribution: Distribution): Value {
  const [rows, ...rest] = shape;
  const first = rows !== undefined && dependsOnSamples(rows) ? rows : SAMPLES;
  return call.emit.random([first, ...rest], distribution);
}

/** A dropout mask that keeps the expected value: 0, or 1 / (1 − rate). */
export function drawMask(call: LayerCall, shape: readonly Dim[], rate: number): Value {
  const high = rate === 1 ? 0 : 1 / (1 - rate);
  return drawRandom(call, shape, { kind: 'bernoulli', keep: 1 - rate, high });
}
