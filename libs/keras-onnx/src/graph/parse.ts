import { corrupt, unsupported } from '../errors.js';
import { SUPPORTED_OPERATIONS } from '../layers/operations.js';
import { customClass } from '../layers/recipe-book.js';
import { parseArgument, parseLegacyCall } from './arguments.js';
import { isObject } from './layer-config.js';
import type { Dialect, LayerSpec, ModelSpec, NodeCall, TensorReference } from './spec.js';

const MODEL_CLASSES = new Set(['Sequential', 'Functional', 'Model']);
/** More than this is no model of the field but an attempt to exhaust the compiler. */
const MAX_LAYERS = 5_000;

/** Turns a model's configuration (`config.json`, `model_config`, TensorFlow.js topology) into a layer graph. */
export function parseModel(raw: unknown, dialect: Dialect): ModelSpec {
  const layer = parseLayer(raw, dialect, 'model');
  if (layer.model === undefined) {
    throw unsupported(`a file whose root is '${layer.className}'`, 'save a Sequential or Functional model');
  }
  return layer.model;
}

/** One entry of a `layers` list or a wrapped layer's `layer` setting. */
export function parseLayer(raw: unknown, dialect: Dialect, fallbackName: string): LayerSpec {
  if (!isObject(raw) || typeof raw.class_name !== 'string') throw corrupt('has no class_name', fallbackName);
  const config = isObject(raw.config) ? raw.config : {};
  const name = firstText(raw.name, config.name) ?? fallbackName;
  const custom = isForeign(raw, raw.class_name)
    ? customClass(raw.class_name, raw.registered_name)
    : undefined;
  const className = custom ?? raw.class_name;
  const kind = custom === undefined ? kindOf(raw, className, name, dialect) : 'layer';
  return {
    kind,
    className,
    name,
    config,
    calls: kind === 'model' && raw.inbound_nodes === undefined ? [] : parseCalls(raw.inbound_nodes, name),
    sharedId: typeof raw.shared_object_id === 'number' ? raw.shared_object_id : undefined,
    trainable: config.trainable !== false,
    model: kind === 'model' ? parseGraph(raw, className, config, name, dialect) : undefined,
    dialect,
  };
}

function firstText(...candidates: unknown[]): string | undefined {
  return candidates.find((one): one is string => typeof one === 'string' && one !== '');
}

/** Only classes that Keras itself ships are known by name; a registered class of the same name may do anything. */
function kindOf(
  raw: Readonly<Record<string, unknown>>,
  className: string,
  name: string,
  dialect: Dialect,
): LayerSpec['kind'] {
  const { module } = raw;
  if (isFunctionalGraph(raw.config) || isChain(raw.config)) return 'model';
  if (isForeign(raw, className)) {
    throw unsupported(
      `the custom class '${shownClass(raw)}'`,
      'register a recipe for it (custom_layers, or registerLayer in a plugin), rebuild it from built-in layers, or export the model to ONNX',
      name,
    );
  }
  if (typeof module === 'string' && /^keras\.(src\.)?ops(\.|$)/.test(module)) return 'operation';
  if (MODEL_CLASSES.has(className)) return 'model';
  return !('module' in raw) && dialect === 'keras3' && isBareOperation(raw, className)
    ? 'operation'
    : 'layer';
}

/** Classes that do not come from Keras, whatever they are called. */
function isForeign(raw: Readonly<Record<string, unknown>>, className: string): boolean {
  const { module, registered_name: registered } = raw;
  return (
    className.includes('>') ||
    (typeof registered === 'string' && registered.includes('>')) ||
    ('module' in raw && !(typeof module === 'string' && /^(tf_)?keras(\.|$)/.test(module)))
  );
}

/** The name of a custom class as a person wrote it. */
function shownClass({
  registered_name: registered,
  class_name: name,
}: Readonly<Record<string, unknown>>): string {
  return typeof registered === 'string' ? registered : String(name);
}

/** A subclass of a functional model is saved as the graph that it is, whatever it is called. */
const isFunctionalGraph = (config: unknown): boolean =>
  isObject(config) &&
  Array.isArray(config.layers) &&
  config.input_layers !== undefined &&
  config.output_layers !== undefined;

/** The same of a Sequential model: its configuration has just what Sequential saves. */
const isChain = (config: unknown): boolean =>
  isObject(config) &&
  Array.isArray(config.layers) &&
  'build_input_shape' in config &&
  Object.keys(config).every((key) => CHAIN_KEYS.has(key));
const CHAIN_KEYS = new Set(['name', 'trainable', 'dtype', 'layers', 'build_input_shape']);

/** HDF5 files of Keras 3 name no modules, but unlike a layer of the same name an operation has no trainable flag. */
function isBareOperation(
  { config, inbound_nodes: calls }: Readonly<Record<string, unknown>>,
  className: string,
): boolean {
  if (!SUPPORTED_OPERATIONS.includes(className)) return false;
  const isCalled = Array.isArray(calls) && calls.length > 0 && calls.every(isObject);
  return isCalled && isObject(config) && !('trainable' in config);
}

function parseCalls(raw: unknown, name: string): NodeCall[] {
  if (raw === undefined || raw === null) return [];
  if (!Array.isArray(raw)) throw corrupt('inbound_nodes is not a list', name);
  return raw.map((node: unknown) => {
    if (Array.isArray(node)) return parseLegacyCall(node, name);
    if (!isObject(node) || !Array.isArray(node.args))
      throw corrupt('a call in inbound_nodes is malformed', name);
    const kwargs = isObject(node.kwargs) ? node.kwargs : {};
    return {
      legacy: false,
      args: node.args.map((one) => parseArgument(one, name)),
      kwargs: Object.fromEntries(Object.entries(kwargs).map(([key, one]) => [key, parseArgument(one, name)])),
    };
  });
}

function parseGraph(
  raw: Readonly<Record<string, unknown>>,
  className: string,
  config: Readonly<Record<string, unknown>>,
  name: string,
  dialect: Dialect,
): ModelSpec {
  // Keras 1 and early 2 kept the list of a Sequential model directly in `config`.
  const list = className === 'Sequential' && Array.isArray(raw.config) ? raw.config : config.layers;
  if (!Array.isArray(list)) {
    throw unsupported(`a subclassed model ('${name}')`, 'rebuild it with the functional API', name);
  }
  if (list.length > MAX_LAYERS) throw corrupt(`more than ${MAX_LAYERS} layers`, name);
  const layers = list.map((one: unknown, index) => {
    if (!isObject(one) || typeof one.class_name !== 'string')
      throw corrupt(`its layer number ${index + 1} has no class_name`, name);
    return parseLayer(one, dialect, `${className.toLowerCase()}_${index}`);
  });
  const names = new Set(layers.map((layer) => layer.name));
  const subclass = isForeign(raw, className) || !MODEL_CLASSES.has(className) ? shownClass(raw) : undefined;
  if (names.size !== layers.length) throw corrupt('two layers share one name', name);
  if (className === 'Sequential' || isChain(config))
    return { ...sequential(name, layers, inputShapeOf(raw, config, layers), dialect), subclass };
  return {
    kind: 'functional',
    name,
    subclass,
    layers,
    inputs: parseReferences(config.input_layers, name),
    outputs: parseReferences(config.output_layers, name),
  };
}

/** Files of a Sequential model without an InputLayer keep the shape in one of three places. */
function inputShapeOf(
  raw: Readonly<Record<string, unknown>>,
  config: Readonly<Record<string, unknown>>,
  layers: readonly LayerSpec[],
): unknown {
  const build = isObject(raw.build_config) ? raw.build_config.input_shape : undefined;
  const first = layers[0]?.config;
  return first?.batch_input_shape ?? first?.batch_shape ?? config.build_input_shape ?? build;
}

function sequential(name: string, listed: readonly LayerSpec[], shape: unknown, dialect: Dialect): ModelSpec {
  const layers = [...listed];
  if (layers[0]?.className !== 'InputLayer') {
    const input = { class_name: 'InputLayer', config: { name: `${name}_input`, batch_shape: shape } };
    layers.unshift(parseLayer(input, dialect, 'input'));
  }
  const chained = layers.map((layer, index) => {
    const before = layers[index - 1];
    const calls = before === undefined ? [] : [{ legacy: false, args: [reference(before.name)], kwargs: {} }];
    return { ...layer, calls };
  });
  const [first, last] = [chained[0], chained.at(-1)];
  if (first === undefined || last === undefined || chained.length < 2)
    throw corrupt('the model has no layers', name);
  return {
    kind: 'sequential',
    name,
    layers: chained,
    inputs: [reference(first.name)],
    outputs: [reference(last.name)],
  };
}

function reference(layer: string): TensorReference {
  return { kind: 'tensor', layer, node: 0, tensor: 0 };
}

/** `["a", 0, 0]`, a list of those, or a dictionary of those; flattened in order. */
function parseReferences(raw: unknown, name: string): TensorReference[] {
  if (Array.isArray(raw)) {
    const [layer, node, tensor] = raw as unknown[];
    if (
      raw.length === 3 &&
      typeof layer === 'string' &&
      typeof node === 'number' &&
      typeof tensor === 'number'
    ) {
      return [{ kind: 'tensor', layer, node, tensor }];
    }
    return raw.flatMap((one) => parseReferences(one, name));
  }
  if (isObject(raw)) return Object.values(raw).flatMap((one) => parseReferences(one, name));
  throw corrupt('input_layers or output_layers is malformed', name);
}
