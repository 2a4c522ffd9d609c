import { corrupt } from '../errors.js';
import { definitionOf } from '../layers/registry.js';
import type { WeightSlot } from '../layers/definition.js';
import type { Tensor } from './emitter.js';
import { LayerConfig } from './layer-config.js';
import type { LayerSpec, ModelSpec } from './spec.js';

/**
 * Where variables come from. `tree` is `model.weights.h5` of Keras 3: every layer has a place of its own. `flat` is the
 * older way (legacy HDF5, TensorFlow.js): one list for each outermost layer, trainable variables first.
 */
export type WeightSource =
  | { readonly kind: 'tree'; variables(place: string): readonly Tensor[]; has(place: string): boolean }
  | { readonly kind: 'flat'; variables(layer: LayerSpec): readonly Tensor[] };

/** The variables of every layer by name, and how many parameters there are. */
export interface BoundWeights {
  readonly of: ReadonlyMap<LayerSpec, ReadonlyMap<string, Tensor>>;
  readonly parameters: { readonly total: number; readonly trainable: number };
}

interface Slot extends WeightSlot {
  readonly layer: LayerSpec;
}

/** Gives every layer its variables. Throws `model_corrupt` when their number differs from what the layer has. */
export function bindWeights(model: ModelSpec, source: WeightSource): BoundWeights {
  const bound = new Map<LayerSpec, Map<string, Tensor>>();
  if (source.kind === 'tree') bindTree(model, '', source, bound, new Map());
  else for (const layer of model.layers) bindFlat(layer, source.variables(layer), bound);
  return { of: bound, parameters: countParameters(model, bound) };
}

function slotsOf(layer: LayerSpec): readonly WeightSlot[] {
  if (layer.kind !== 'layer') return [];
  return definitionOf(layer).weights?.(new LayerConfig(layer.name, layer.config)) ?? [];
}

function childrenOf(layer: LayerSpec): readonly LayerSpec[] {
  if (layer.model !== undefined) return layer.model.layers;
  if (layer.kind !== 'layer') return [];
  return (definitionOf(layer).children?.(layer) ?? []).map((child) => child.layer);
}

function assign(
  layer: LayerSpec,
  slots: readonly WeightSlot[],
  found: readonly Tensor[],
  bound: Map<LayerSpec, Map<string, Tensor>>,
): void {
  if (found.length !== slots.length) {
    throw corrupt(`has ${slots.length} variables, but the file holds ${found.length}`, layer.name);
  }
  const own = bound.get(layer) ?? new Map<string, Tensor>();
  slots.forEach((slot, index) => {
    const tensor = found[index];
    if (tensor !== undefined) own.set(slot.name, tensor);
  });
  bound.set(layer, own);
}

/** Keras names places by class in snake case and a counter, never by the layer's name. */
function bindTree(
  model: ModelSpec,
  prefix: string,
  source: Extract<WeightSource, { kind: 'tree' }>,
  bound: Map<LayerSpec, Map<string, Tensor>>,
  shared: Map<number, string>,
): void {
  const root = ['layers', '_layer_checkpoint_dependencies']
    .map((one) => prefix + one)
    .find((one) => source.has(one));
  const used = new Map<string, number>();
  for (const layer of model.layers) {
    if (layer.kind === 'operation') continue;
    const stem = snakeCase(layer.className);
    const count = used.get(stem) ?? 0;
    used.set(stem, count + 1);
    if (layer.className === 'InputLayer') continue;
    bindPlace(
      layer,
      `${root ?? `${prefix}layers`}/${stem}${count === 0 ? '' : `_${count}`}`,
      source,
      bound,
      shared,
    );
  }
}

function bindPlace(
  layer: LayerSpec,
  path: string,
  source: Extract<WeightSource, { kind: 'tree' }>,
  bound: Map<LayerSpec, Map<string, Tensor>>,
  shared: Map<number, string>,
): void {
  // An object that occurs twice is saved once, at the place that was visited first.
  const place = (layer.sharedId === undefined ? undefined : shared.get(layer.sharedId)) ?? path;
  if (layer.sharedId !== undefined) shared.set(layer.sharedId, place);
  if (layer.model !== undefined) return bindTree(layer.model, `${place}/`, source, bound, shared);
  const slots = slotsOf(layer);
  assign(
    layer,
    slots,
    slots.length === 0 ? [] : source.variables(`${place}/${definitionOf(layer).variables ?? 'vars'}`),
    bound,
  );
  for (const child of definitionOf(layer).children?.(layer) ?? []) {
    const places = child.places.map((one) => `${place}/${one}`);
    bindPlace(
      child.layer,
      places.find((one) => source.has(one)) ?? places[0] ?? place,
      source,
      bound,
      shared,
    );
  }
}

/** `Conv1DTranspose` → `conv1d_transpose`, by the two rules Keras uses. */
export function snakeCase(className: string): string {
  return className
    .replace(/\W+/g, '')
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
}

function allSlots(layer: LayerSpec, frozen: boolean): Slot[] {
  const still = frozen || !layer.trainable;
  const own = slotsOf(layer).map((slot) => ({ ...slot, trainable: slot.trainable && !still, layer }));
  return [...own, ...childrenOf(layer).flatMap((child) => allSlots(child, still))];
}

function bindFlat(
  layer: LayerSpec,
  found: readonly Tensor[],
  bound: Map<LayerSpec, Map<string, Tensor>>,
): void {
  const slots = allSlots(layer, false);
  const ordered = [...slots.filter((slot) => slot.trainable), ...slots.filter((slot) => !slot.trainable)];
  if (ordered.length !== found.length) {
    throw corrupt(`has ${ordered.length} variables, but the file holds ${found.length}`, layer.name);
  }
  ordered.forEach((slot, index) => {
    const tensor = found[index];
    if (tensor !== undefined) assign(slot.layer, [slot], [tensor], bound);
  });
}

function countParameters(model: ModelSpec, bound: BoundWeights['of']): BoundWeights['parameters'] {
  const seen = new Set<string | LayerSpec>();
  let [total, trainable] = [0, 0];
  for (const slot of model.layers.flatMap((layer) => allSlots(layer, false))) {
    const owner =
      slot.layer.sharedId === undefined ? slot.layer : `shared ${slot.layer.sharedId} ${slot.name}`;
    if (typeof owner === 'string' && seen.has(owner)) continue;
    seen.add(owner);
    const size = bound.get(slot.layer)?.get(slot.name)?.data.length ?? 0;
    total += size;
    if (slot.trainable) trainable += size;
  }
  return { total, trainable };
}
