import { corrupt, unsupported } from '../errors.js';
import { PROJECTION } from '../layers/multi-head.js';
import { definitionOf } from '../layers/registry.js';
import type { LearnedSettings, WeightSlot } from '../layers/definition.js';
import type { Tensor } from './emitter.js';
import { LayerConfig } from './layer-config.js';
import { snakeCase } from './snake-case.js';
import type { LayerSpec, ModelSpec } from './spec.js';

/**
 * Where variables come from. `tree` is `model.weights.h5` of Keras 3: every layer has a place of its own. `flat` is the
 * older way (legacy HDF5, TensorFlow.js): one list for each outermost layer, trainable variables first.
 */
export type WeightSource =
  | {
      readonly kind: 'tree';
      variables(place: string): readonly Tensor[];
      has(place: string): boolean;
      /** A variable with a name instead of a number. */
      named?(place: string): Tensor | undefined;
      /** What the layer at a place learned by `adapt`, as text. */
      vocabulary?(place: string): string | undefined;
    }
  | { readonly kind: 'flat'; variables(layer: LayerSpec): readonly Tensor[] };

/** The variables of every layer by name, and how many parameters there are. */
export interface BoundWeights {
  readonly of: ReadonlyMap<LayerSpec, ReadonlyMap<string, Tensor>>;
  /** Settings that layers learned and that are not in their configuration. */
  readonly settings: ReadonlyMap<LayerSpec, LearnedSettings>;
  readonly parameters: { readonly total: number; readonly trainable: number };
}

interface Slot extends WeightSlot {
  readonly layer: LayerSpec;
}

type Bound = Map<LayerSpec, Map<string, Tensor>>;

/** Gives every layer its variables. Throws `model_corrupt` when their number differs from what the layer has. */
export function bindWeights(model: ModelSpec, source: WeightSource): BoundWeights {
  const bound: Bound = new Map();
  const settings = new Map<LayerSpec, LearnedSettings>();
  if (source.kind === 'tree') new TreeBinding(source, bound, settings).model(model, '');
  else for (const layer of model.layers) bindFlat(layer, source.variables(layer), bound);
  const parameters = countParameters(model, bound);
  return { of: adaptAll(bound), settings, parameters };
}

function slotsOf(layer: LayerSpec): readonly WeightSlot[] {
  if (layer.kind !== 'layer') return [];
  return definitionOf(layer).weights?.(new LayerConfig(layer.name, layer.config)) ?? [];
}

function childrenOf(layer: LayerSpec, withOptional: boolean): readonly LayerSpec[] {
  if (layer.model !== undefined) return layer.model.layers;
  if (layer.kind !== 'layer') return [];
  return (definitionOf(layer).children?.(layer) ?? [])
    .filter((child) => withOptional || child.isOptional !== true)
    .map((child) => child.layer);
}

function assign(
  layer: LayerSpec,
  slots: readonly WeightSlot[],
  found: readonly Tensor[],
  bound: Bound,
): void {
  if (found.length > slots.length && layer.className === PROJECTION)
    throw unsupported(
      'a quantized attention layer, whose file Keras does not load either,',
      'save the model before quantize()',
      layer.name,
    );
  if (found.length !== slots.length) {
    throw corrupt(`has ${slots.length} variables, but the file holds ${found.length}`, layer.name);
  }
  const own = new Map(bound.get(layer));
  slots.forEach((slot, index) => {
    const tensor = found[index];
    if (tensor !== undefined) own.set(slot.name, tensor);
  });
  bound.set(layer, own);
}

/** Brings the variables of every layer that has all of them into the shapes its definition works with. */
function adaptAll(bound: Bound): Bound {
  for (const [layer, own] of bound) {
    const { adapt } = definitionOf(layer);
    if (adapt !== undefined) bound.set(layer, new Map(adapt(own, new LayerConfig(layer.name, layer.config))));
  }
  return bound;
}

/** Keras 3's way: every layer has a place of its own, and an object that occurs twice is saved once. */
class TreeBinding {
  /** The place of each shared object, that of its first visit. */
  readonly #shared = new Map<number, string>();

  constructor(
    private readonly source: Extract<WeightSource, { kind: 'tree' }>,
    private readonly bound: Bound,
    private readonly settings: Map<LayerSpec, LearnedSettings>,
  ) {}

  /** Keras names places by class in snake case and a counter, never by the layer's name. */
  model(model: ModelSpec, prefix: string): void {
    const root = this.#first(['layers', '_layer_checkpoint_dependencies'].map((one) => prefix + one));
    const used = new Map<string, number>();
    for (const layer of model.layers) {
      if (layer.kind === 'operation') continue;
      const stem = snakeCase(savedAs(layer));
      const count = used.get(stem) ?? 0;
      used.set(stem, count + 1);
      if (layer.className !== 'InputLayer') {
        this.#layer(layer, `${root}/${stem}${count === 0 ? '' : `_${count}`}`);
      }
    }
  }

  #layer(layer: LayerSpec, path: string): void {
    const place = (layer.sharedId === undefined ? undefined : this.#shared.get(layer.sharedId)) ?? path;
    if (layer.sharedId !== undefined) this.#shared.set(layer.sharedId, place);
    if (layer.model !== undefined) return this.model(layer.model, `${place}/`);
    const slots = slotsOf(layer);
    const { variables = 'vars', children, learned } = definitionOf(layer);
    const found = slots.length === 0 ? [] : this.source.variables(`${place}/${variables}`);
    if (found.length === 0 && slots.length > 0 && place.includes('/layers/'))
      throw savedWithout(layer, slots.length, 0);
    assign(layer, slots, found, this.bound);
    const text = learned && this.source.vocabulary?.(place);
    if (text !== undefined)
      this.settings.set(
        layer,
        learned?.(text, layer.name, (name) => this.source.named?.(`${place}/vars/${name}`)) ?? {},
      );
    for (const child of children?.(layer) ?? []) {
      const isThere = child.places.some((one) => this.source.has(`${place}/${one}`));
      if (child.isOptional === true && !isThere) continue;
      this.#layer(child.layer, this.#first(child.places.map((one) => `${place}/${one}`)));
    }
  }

  /** The first of the places that the file has; the first of all where it has none, so that the fault names it. */
  #first(places: readonly string[]): string {
    return places.find((one) => this.source.has(one)) ?? places[0] ?? '';
  }
}

const savedAs = (layer: LayerSpec): string =>
  (layer.kind === 'layer' ? definitionOf(layer).savedAs : undefined) ?? layer.className;

function allSlots(layer: LayerSpec, frozen: boolean, withOptional = true): Slot[] {
  const still = frozen || !layer.trainable;
  const kept = slotsOf(layer).filter((slot) => slot.isCopy !== true);
  const own = kept.map((slot) => ({ ...slot, trainable: slot.trainable && !still, layer }));
  return [
    ...own,
    ...childrenOf(layer, withOptional).flatMap((child) => allSlots(child, still, withOptional)),
  ];
}

function bindFlat(layer: LayerSpec, found: readonly Tensor[], bound: Bound): void {
  const all = allSlots(layer, false);
  const slots = all.length === found.length ? all : allSlots(layer, false, false);
  const ordered = [...slots.filter((slot) => slot.trainable), ...slots.filter((slot) => !slot.trainable)];
  if (found.length < ordered.length && holdsModel(layer))
    throw savedWithout(layer, ordered.length, found.length);
  if (found.length > ordered.length && typeof layer.config.lora_rank === 'number')
    throw unsupported(
      'LoRA in an .h5 file, which keeps its variables apart,',
      'save the model as .keras, which merges them',
      layer.name,
    );
  if (ordered.length !== found.length) {
    throw corrupt(`has ${ordered.length} variables, but the file holds ${found.length}`, layer.name);
  }
  ordered.forEach((slot, index) => {
    const tensor = found[index];
    if (tensor !== undefined) assign(slot.layer, [slot], [tensor], bound);
  });
}

/** Whether a model stands in the layer, itself or wrapped. */
const holdsModel = (layer: LayerSpec): boolean =>
  layer.model !== undefined || childrenOf(layer, true).some(holdsModel);

/** Keras saves what stands in two inner models once, and what was not built not at all: nothing of such a file is damaged. */
const savedWithout = (layer: LayerSpec, wanted: number, found: number): Error =>
  unsupported(
    `a layer with ${wanted} variables in an inner model, of which the file holds ${found},`,
    'Keras saves a layer that stands in two inner models only once, and one that was never called not at all: give each model layers of its own, call the model and save it anew, or export it to ONNX',
    layer.name,
  );

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
