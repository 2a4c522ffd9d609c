import type { GraphSource } from '../containers/source.js';
import { GRAPH, sound, TENSOR } from '../foreign/model.js';
import { isObject, LayerConfig } from '../graph/layer-config.js';
import type { LayerSpec, ModelSpec } from '../graph/spec.js';
import type { BoundWeights } from '../graph/weights.js';
import { PROJECTION } from '../layers/multi-head.js';
import { quantizationName } from '../layers/quantized.js';
import { customName } from '../layers/recipe-book.js';
import { definitionOf } from '../layers/registry.js';
import { isRandom } from '../layers/wrappers.js';
import { type Field, fieldText, intOf, readFields } from '../onnx/wire.js';

/** Numbers of one variable that are none. */
export interface NotFinite {
  /** Of an ONNX file empty. */
  readonly layer: string;
  readonly variable: string;
  readonly nan: number;
  readonly infinite: number;
}

/** What is worth knowing of a model beside its edges. */
export interface ModelFacts {
  /** How many layers of each class there are, those inside of others too; empty for ONNX files. */
  readonly layers: Readonly<Record<string, number>>;
  /** Layers that hide steps: Masking, and Embedding with `mask_zero`. */
  readonly masking: readonly string[];
  /** Precisions other than float32 that layers were made with; they are computed in float32. */
  readonly dtypePolicies: readonly string[];
  /** Ways in which layers were quantized. */
  readonly quantization: readonly string[];
  /** Layers that draw random numbers while sampling. */
  readonly stochasticLayers: readonly string[];
  /** Layers that are no classes of Keras but registered ones. */
  readonly customLayers: readonly string[];
  /** Classes of models that were made from Keras' own: served as the graph they were saved as; code of theirs is not in the file. */
  readonly modelSubclasses: readonly string[];
  /** Variables that hold NaN or infinite numbers: such a model answers them. */
  readonly notFinite: readonly NotFinite[];
}

/** What to know of a model whose class is none of Keras'; null where all are. */
export function subclassNote({ modelSubclasses: classes }: ModelFacts): string | null {
  if (classes.length === 0) return null;
  return `${classes.join(', ')}: computed as the layers that were saved; whether the class changes what they compute (a call of its own) is not in the file. Compare an answer with Keras', or export the model to ONNX`;
}

/** Of a model that is not looked into. */
export const NO_FACTS: ModelFacts = {
  layers: {},
  masking: [],
  dtypePolicies: [],
  quantization: [],
  stochasticLayers: [],
  customLayers: [],
  modelSubclasses: [],
  notFinite: [],
};

/** Of a Keras model that has been compiled. */
export function factsOf({ model }: GraphSource, weights: BoundWeights): ModelFacts {
  const all = layersIn(model);
  const distinct = (list: readonly (string | undefined)[]): string[] =>
    [...new Set(list.filter((one) => one !== undefined))].sort();
  const layers: Record<string, number> = {};
  for (const { className } of all) {
    const name = customName(className) ?? className;
    layers[name] = (layers[name] ?? 0) + 1;
  }
  return {
    layers,
    masking: namesOf(
      all.filter(({ className, config }) => className === 'Masking' || config.mask_zero === true),
    ),
    dtypePolicies: distinct(all.map(policyOf)).filter((one) => one !== 'float32'),
    quantization: distinct(all.map((one) => quantizationName(new LayerConfig(one.name, one.config)))),
    stochasticLayers: namesOf(all.filter((one) => one.model === undefined && isRandom(one.config))),
    customLayers: distinct(all.map(({ className }) => customName(className))),
    modelSubclasses: distinct([model, ...all.map((one) => one.model)].map((one) => one?.subclass)),
    notFinite: [...weights.of].flatMap(([layer, own]) =>
      [...own].flatMap(([variable, { data }]) => countOf(layer.name, variable, data)),
    ),
  };
}

const namesOf = (layers: readonly LayerSpec[]): string[] => layers.map(({ name }) => name);

/** The layers of a model and those that are inside of them; operations are none. */
function layersIn(model: ModelSpec): LayerSpec[] {
  return model.layers
    .filter(({ kind, className }) => kind !== 'operation' && className !== 'InputLayer')
    .flatMap(withInner);
}

function withInner(layer: LayerSpec): LayerSpec[] {
  if (layer.model !== undefined) return [layer, ...layersIn(layer.model)];
  const inner = (definitionOf(layer).children?.(layer) ?? []).filter(
    (child) => child.layer.className !== PROJECTION,
  );
  return [layer, ...inner.flatMap((child) => withInner(child.layer))];
}

function policyOf({ config }: LayerSpec): string | undefined {
  const { dtype } = config;
  if (typeof dtype === 'string') return dtype;
  if (!isObject(dtype) || !isObject(dtype.config)) return undefined;
  const { name, source_name: source } = dtype.config;
  return typeof name === 'string' ? name : typeof source === 'string' ? source : undefined;
}

function countOf(layer: string, variable: string, data: ArrayLike<number>): NotFinite[] {
  let [nan, infinite] = [0, 0];
  for (let at = 0; at < data.length; at += 1) {
    const value = data[at] ?? 0;
    if (Number.isNaN(value)) nan += 1;
    else if (!Number.isFinite(value)) infinite += 1;
  }
  return nan + infinite === 0 ? [] : [{ layer, variable, nan, infinite }];
}

const FLOAT32 = 1;

/** Of an ONNX file: its numbers in single precision, which is how exporters keep weights. */
export function foreignFacts(graph: readonly Field[], stochasticLayers: readonly string[]): ModelFacts {
  const notFinite = graph
    .filter(({ number }) => number === GRAPH.initializer)
    .flatMap(({ bytes }) => {
      const tensor = sound(() => readFields(bytes));
      const raw = tensor.find(({ number }) => number === TENSOR.raw)?.bytes;
      if (intOf(tensor, TENSOR.type) !== FLOAT32 || raw === undefined) return [];
      const floats = new Float32Array(raw.slice().buffer, 0, Math.floor(raw.length / 4));
      return countOf('', fieldText(tensor, TENSOR.name), floats);
    });
  return { ...NO_FACTS, stochasticLayers, notFinite };
}
