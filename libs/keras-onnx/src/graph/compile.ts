import { corrupt, ModelError, unsupported } from '../errors.js';
import type { LayerCall, Resolved } from '../layers/definition.js';
import { operationOf } from '../layers/operations.js';
import { quantizationOf } from '../layers/quantized.js';
import { definitionOf } from '../layers/registry.js';
import { GraphBuilder, type ElementType } from '../onnx/builder.js';
import { writeModel } from '../onnx/protobuf.js';
import { firstNode, floatsFor, isOperation, masksOf, ready, resolveArguments, tensorsOf } from './calls.js';
import { sameDim, showShape, type Dim } from './dims.js';
import {
  dependsOnSamples,
  Emitter,
  isFanned,
  type EmitMode,
  type PassRandom,
  type RandomInput,
  type Tensor,
  type Value,
} from './emitter.js';
import { LayerConfig } from './layer-config.js';
import { type SharedPart, splitAtRandoms } from './split.js';
import { unary } from './tensor-ops.js';
import type { LayerSpec, ModelSpec } from './spec.js';
import type { BoundWeights } from './weights.js';

/** A named tensor at the edge of a compiled graph; the first axis is the rows. */
export interface Port {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly Dim[];
  /** An ONNX input that was declared without a shape takes any. */
  readonly anyShape?: boolean;
}

/** One compiled graph. `randoms` are the extra inputs of a sampling graph. */
export interface CompiledGraph {
  readonly onnx: Uint8Array;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly randoms: readonly RandomInput[];
  /** Of a sampling graph: what is computed once for a row. */
  readonly shared?: SharedPart & { readonly before: Uint8Array | undefined };
  /** Instead of `randoms`: the random inputs of a graph of another tool, which is computed once for each sample. */
  readonly passes?: readonly PassRandom[] | undefined;
}

/** Keras dtypes that are computed in float32. */
const FLOATS = new Set(['float32', 'float64', 'float16', 'bfloat16', 'mixed_float16', 'mixed_bfloat16']);
const INPUT_TYPES: Readonly<Record<string, ElementType>> = {
  ...Object.fromEntries([...FLOATS].map((name): [string, ElementType] => [name, 'float32'])),
  int8: 'int32',
  uint8: 'int32',
  int16: 'int32',
  uint16: 'int32',
  int32: 'int32',
  uint32: 'int64',
  int64: 'int64',
  uint64: 'int64',
  bool: 'bool',
};

/** Writes a model as an ONNX graph. */
export function compileGraph(model: ModelSpec, weights: BoundWeights, mode: EmitMode): CompiledGraph {
  const builder = new GraphBuilder('model');
  const emit = new Emitter(builder, mode);
  const compiler = new Compiler(emit, weights);
  const inputs = model.inputs.map((reference) => {
    const layer = model.layers.find((one) => one.name === reference.layer);
    if (layer?.className !== 'InputLayer') throw corrupt('an input that is no InputLayer', reference.layer);
    return declareInput(emit, layer);
  });
  const outputs = compiler.model(model, inputs);
  const ports = nameOutputs(model, outputs, inputs).map((name, index): Port => {
    const value = outputs[index];
    if (value === undefined) throw new Error('invariant broken: every output has a name');
    if (builder.nodes.length === 0 || value.name !== name) rename(builder, value, name);
    builder.outputs.push({ name, type: value.type });
    return { name, type: value.type, shape: value.shape };
  });
  const edges = { inputs: inputs.map(({ name, type, shape }) => ({ name, type, shape })), outputs: ports };
  if (emit.randoms.length === 0) return { onnx: writeModel(builder), ...edges, randoms: [] };
  const { before, rest, randoms, ...shared } = splitAtRandoms(builder, emit.randoms, emit.values);
  const first = before && writeModel(before);
  return { onnx: writeModel(rest), ...edges, randoms, shared: { ...shared, before: first } };
}

function rename(builder: GraphBuilder, value: Value, name: string): void {
  builder.nodes.push({
    name: builder.fresh('n'),
    op: 'Identity',
    inputs: [value.name],
    outputs: [name],
    attributes: {},
  });
}

/** Outputs are called after their layers; a number keeps them apart from each other and from the inputs. */
function nameOutputs(model: ModelSpec, outputs: readonly Value[], inputs: readonly Value[]): string[] {
  const used = new Set(inputs.map((input) => input.name));
  return outputs.map((_, index) => {
    const stem = model.outputs[index]?.layer ?? `output_${index}`;
    let name = stem;
    for (let next = 1; used.has(name); next += 1) name = `${stem}_${next}`;
    used.add(name);
    return name;
  });
}

function declareInput(emit: Emitter, layer: LayerSpec): Value {
  const config = new LayerConfig(layer.name, layer.config);
  const shape = config.get('batch_shape') ?? config.get('batch_input_shape');
  if (!Array.isArray(shape) || shape.length === 0)
    throw unsupported('an input of unknown rank', 'save the model with an input shape', layer.name);
  if (config.get('sparse') === true || config.get('ragged') === true)
    throw config.refuse('a sparse or ragged input', 'use a dense one');
  const dtype = config.dtype ?? 'float32';
  const type = INPUT_TYPES[dtype];
  if (type === undefined) throw config.refuse(`an input of ${dtype}`, 'use numbers');
  const dims = shape.slice(1).map((dim: unknown, index): Dim => {
    if (dim === null) return `${layer.name}:${index + 1}`;
    if (!Number.isSafeInteger(dim) || Number(dim) < 1)
      throw config.bad('batch_shape', 'lengths of at least 1');
    return Number(dim);
  });
  return emit.input(layer.name, [emit.rows, ...dims], type);
}

/** Walks a layer graph and lets each layer write its operators. */
class Compiler {
  readonly #constants = new Map<LayerSpec, Map<string, Value>>();

  constructor(
    readonly emit: Emitter,
    readonly weights: BoundWeights,
  ) {}

  /** Writes a (nested) model and returns its outputs. */
  model(model: ModelSpec, inputs: readonly Value[]): Value[] {
    if (inputs.length !== model.inputs.length)
      throw corrupt(`takes ${model.inputs.length} tensors, not ${inputs.length}`, model.name);
    const done = new Map<string, readonly Value[]>();
    model.inputs.forEach((reference, index) => {
      const value = inputs[index];
      if (value !== undefined) done.set(`${reference.layer}:0`, [value]);
    });
    const layers = new Map(model.layers.map((layer) => [layer.name, layer]));
    const find = (
      layer: string,
      node: number,
      legacy: boolean,
      isOutput = false,
    ): readonly Value[] | undefined =>
      done.get(`${layer}:${node - firstNode(layers.get(layer), legacy, isOutput)}`);
    const isLegacy = model.layers.some((layer) => layer.calls.some((call) => call.legacy));
    let open = model.layers.flatMap((layer) =>
      layer.calls.map((call, index) => ({ layer, call, key: `${layer.name}:${index}` })),
    );
    while (open.length > 0) {
      const waiting = open.filter(({ layer, call, key }) => {
        if (!ready(call, find)) return true;
        done.set(key, this.#call(layer, resolveArguments(call, find, this.emit, layer.name)));
        return false;
      });
      if (waiting.length === open.length)
        throw corrupt(`the graph has a loop or a missing layer`, waiting[0]?.layer.name);
      open = waiting;
    }
    return model.outputs.map(({ layer, node, tensor }) => {
      const value = find(layer, node, isLegacy, true)?.[tensor];
      if (value === undefined) throw corrupt('is an output of the model and does not exist', layer);
      return value;
    });
  }

  #call(
    layer: LayerSpec,
    { args, kwargs }: { args: readonly Resolved[]; kwargs: Readonly<Record<string, Resolved>> },
    settings: Readonly<Record<string, unknown>> = {},
  ): readonly Value[] {
    const inputs = tensorsOf(args[0] ?? kwargs.inputs ?? kwargs.sequences ?? kwargs.sequence ?? null);
    try {
      return this.#checked(layer, inputs, this.#emitLayer(layer, inputs, args, kwargs, settings));
    } catch (error) {
      // Tensor operators do not know which layer they serve.
      if (error instanceof ModelError && error.layer === undefined) {
        throw new ModelError(error.code, `layer '${layer.name}': ${error.detail}`, {
          layer: layer.name,
          cause: error,
        });
      }
      throw error;
    }
  }

  #emitLayer(
    layer: LayerSpec,
    inputs: readonly Value[],
    args: readonly Resolved[],
    kwargs: Readonly<Record<string, Resolved>>,
    settings: Readonly<Record<string, unknown>>,
  ): readonly Value[] {
    if (layer.model !== undefined) return this.model(layer.model, inputs);
    const call = this.#layerCall(layer, inputs, args, kwargs, settings);
    if (isOperation(layer, args))
      return this.#unmasked(inputs, [operationOf(layer.className, layer.name)(call)].flat());
    const definition = definitionOf(layer);
    const dtype = call.config.dtype ?? 'float32';
    const isFit = FLOATS.has(dtype) || (definition.isWhole === true && dtype in INPUT_TYPES);
    if (!isFit && quantizationOf(call.config, layer.className) === undefined)
      throw call.config.refuse(`the dtype ${dtype}`, 'save it as float32');
    const [outputs, [first]] = [[definition.emit(call)].flat(), call.masks];
    if (definition.masks === 'use') return outputs;
    if (definition.masks === 'drop') return this.#unmasked(inputs, outputs);
    if (first !== undefined) for (const { name } of outputs) this.emit.masks.set(name, first);
    return outputs;
  }

  /** A layer that had nothing to do answers its input itself, whose mask is not its own. */
  #unmasked(inputs: readonly Value[], outputs: readonly Value[]): Value[] {
    return outputs.map((output) => {
      const isInput = inputs.some(({ name }) => name === output.name);
      return isInput && this.emit.masks.has(output.name) ? unary(this.emit, 'Identity', output) : output;
    });
  }

  /** Behind the first random layer every tensor must keep the samples on its first axis and nowhere else. */
  #checked(layer: LayerSpec, inputs: readonly Value[], outputs: readonly Value[]): readonly Value[] {
    if (!inputs.some(isFanned)) return outputs;
    for (const { shape } of outputs) {
      const first = shape[0];
      if (first === undefined || !dependsOnSamples(first) || shape.slice(1).some(dependsOnSamples)) {
        throw unsupported(
          'mixing rows behind a random layer',
          'only run without sampling is possible',
          layer.name,
        );
      }
    }
    return outputs;
  }

  #layerCall(
    layer: LayerSpec,
    inputs: readonly Value[],
    args: readonly Resolved[],
    kwargs: Readonly<Record<string, Resolved>>,
    settings: Readonly<Record<string, unknown>>,
  ): LayerCall {
    const constants = this.#constants.get(layer) ?? new Map<string, Value>();
    this.#constants.set(layer, constants);
    return {
      layer,
      config: new LayerConfig(layer.name, layer.config).with({
        ...this.weights.settings.get(layer),
        ...settings,
      }),
      emit: this.emit,
      inputs: isOperation(layer, args) ? inputs : floatsFor(this.emit, layer.className, inputs),
      masks: masksOf(this.emit, inputs, kwargs.mask),
      args,
      kwargs,
      weight: (name, shape) => this.#weight(layer, name, shape),
      once(key, make) {
        const value = constants.get(key) ?? make();
        constants.set(key, value);
        return value;
      },
      inner: (spec, values, more = {}, own = {}) => {
        const first: Resolved = values.map((value): Resolved => ({ kind: 'value', value }));
        return this.#call(spec, { args: [first], kwargs: more }, own);
      },
    };
  }

  /** `query/kernel` is the kernel of the wrapped layer `query`. */
  #weight(layer: LayerSpec, name: string, shape: readonly Dim[]): Tensor {
    const [slot = name, part] = name.split('/').toReversed();
    const owner =
      part === undefined
        ? layer
        : definitionOf(layer)
            .children?.(layer)
            .find((child) => child.layer.name === `${layer.name}/${part}`)?.layer;
    const tensor = owner === undefined ? undefined : this.weights.of.get(owner)?.get(slot);
    if (tensor === undefined) throw corrupt(`has no variable '${name}' in the file`, layer.name);
    if (
      tensor.shape.length !== shape.length ||
      tensor.shape.some((dim, axis) => !sameDim(dim, shape[axis] ?? -1))
    ) {
      throw corrupt(
        `the variable '${name}' has the shape ${showShape(tensor.shape)} instead of ${showShape(shape)}`,
        layer.name,
      );
    }
    return tensor;
  }
}
