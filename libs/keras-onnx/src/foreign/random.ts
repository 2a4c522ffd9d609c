import { unsupported } from '../errors.js';
import type { Distribution, PassRandom } from '../graph/emitter.js';
import { ELEMENT_TYPES } from '../onnx/protobuf.js';
import { type Field, floatField, floatOf, intField, intOf, intsOf, lengthField } from '../onnx/wire.js';
import {
  ATTRIBUTE,
  type ForeignModel,
  type ForeignNode,
  GRAPH,
  NODE,
  nodeField,
  readNode,
  TENSOR,
  walkInner,
} from './model.js';
import { constantsOf, scalarOf, typeOfValue } from './constants.js';
import { tensorPort } from './ports.js';

/** Both ways to compute a graph: random operators at rest, and their draws as inputs. */
export interface SeededGraphs {
  readonly run: readonly Field[];
  readonly sample: readonly Field[];
  readonly randoms: readonly PassRandom[];
  /** The operators, for people. */
  readonly names: readonly string[];
}

/** ConstantOfShape, which stands in for a tensor of means, came with this one. */
const OLDEST_OPSET = 9;
/** CastLike came with this one; before it a random tensor takes the type that is declared or kept from input to input. */
const CAST_LIKE_OPSET = 15;

/** Operators that draw by themselves and whose draws nobody outside can make for them. */
const UNSEEDED = new Set([
  'Bernoulli',
  'Multinomial',
  'BiasDropout',
  'BitmaskDropout',
  'BitmaskBiasDropout',
  'Sampling',
]);
const SEEDED = new Set(['Dropout', 'RandomNormal', 'RandomNormalLike', 'RandomUniform', 'RandomUniformLike']);

/**
 * Takes the random operators out of a graph, so that the same seed gives the same answer. In `run` dropout passes its input
 * on and noise stands at its mean, as a Keras model at rest computes; in `sample` their draws are inputs. Null where nothing is random.
 * @throws ModelError `model_unsupported` that names an operator whose draws cannot be seeded
 */
export function seedRandoms(model: ForeignModel, graph: readonly Field[]): SeededGraphs | null {
  walkInner(model, (node) => {
    refuseTraining(node);
    if (UNSEEDED.has(node.op) || (SEEDED.has(node.op) && !isAtRest(node, constantsOf(graph))))
      throw notSeeded(node, 'inside another operator or function');
  });
  const constants = constantsOf(graph);
  const [run, sample]: [Field[], Field[]] = [[], []];
  const [outputs, inputs]: [Field[], Field[]] = [[], []];
  const randoms: PassRandom[] = [];
  const names: string[] = [];
  for (const field of graph) {
    const node = field.number === GRAPH.node ? readNode(field) : undefined;
    if (node !== undefined) refuseTraining(node);
    if (node !== undefined && UNSEEDED.has(node.op)) throw notSeeded(node);
    if (node === undefined || node.domain !== '' || !SEEDED.has(node.op) || isAtRest(node, constants)) {
      run.push(field);
      sample.push(field);
      continue;
    }
    if (model.opset < OLDEST_OPSET) throw notSeeded(node, `of opset ${model.opset}`);
    const like = { opset: model.opset, type: () => typeOfValue(graph, node.inputs[0] ?? '') };
    const seeded = seedNode(node, `random#${randoms.length}`, constants, like);
    run.push(...seeded.run);
    sample.push(...seeded.sample);
    randoms.push(seeded.random);
    names.push(node.name === '' ? node.op : `${node.op} '${node.name}'`);
    const { name, shape } = seeded.random;
    if (typeof shape === 'string') outputs.push(tensorPort(GRAPH.output, shape, ELEMENT_TYPES.int64));
    inputs.push(tensorPort(GRAPH.input, name, ELEMENT_TYPES.float32));
  }
  if (randoms.length === 0) return null;
  return { run: [...run, ...outputs], sample: [...sample, ...inputs], randoms, names };
}

/** ONNX Runtime keeps what such an operator learned from a call for the next one: every answer would be another. */
function refuseTraining({ op, name, attributes }: ForeignNode): void {
  if (op !== 'BatchNormalization' || (intOf(attributes.get('training_mode') ?? [], ATTRIBUTE.int) ?? 0) === 0)
    return;
  throw unsupported(
    `the ONNX operator ${op}${name === '' ? '' : ` '${name}'`}, which learns from each call (training_mode),`,
    'export the model in inference mode (model.eval(), training=False)',
  );
}

function notSeeded(node: ForeignNode, where = ''): Error {
  const named = node.name === '' ? '' : ` '${node.name}'`;
  return unsupported(
    `the random ONNX operator ${node.op}${named}${where === '' ? '' : ` ${where}`}, which cannot be seeded,`,
    'export the model in inference mode (model.eval(), training=False)',
  );
}

/** A Dropout that is not told to train does nothing. */
function isAtRest(node: ForeignNode, constants: ReadonlyMap<string, readonly Field[]>): boolean {
  if (node.op !== 'Dropout') return false;
  const training = node.inputs[2] ?? '';
  if (training === '') return true;
  const flag = scalarOf(constants.get(training));
  if (flag === undefined) throw notSeeded(node, 'with a training_mode that is no constant');
  return flag === 0;
}

interface SeededNode {
  readonly run: readonly Field[];
  readonly sample: readonly Field[];
  readonly random: PassRandom;
}

function seedNode(
  node: ForeignNode,
  name: string,
  constants: ReadonlyMap<string, readonly Field[]>,
  { opset, type: typeOfX }: { readonly opset: number; readonly type: () => number | undefined },
): SeededNode {
  const [x = ''] = node.inputs;
  /** A drawn tensor in the type of `x`. */
  const likeX = (from: string, to: string): Field =>
    opset >= CAST_LIKE_OPSET
      ? nodeField('CastLike', [from, x], [to])
      : cast(from, to, typeOfX() ?? ELEMENT_TYPES.float32);
  const [y = '', mask = ''] = node.outputs;
  const shapeName = `${name}/shape`;
  if (node.op === 'Dropout') {
    const ratio = (node.inputs[1] ?? '') === '' ? 0.5 : scalarOf(constants.get(node.inputs[1] ?? ''));
    if (ratio === undefined || !(ratio >= 0 && ratio < 1))
      throw notSeeded(node, 'with a ratio that is no constant in [0, 1)');
    const shape = nodeField('Shape', [x], [shapeName]);
    const like = `${name}/like`;
    return {
      run: [
        shape,
        nodeField('Identity', [x], [y]),
        ...(mask === ''
          ? []
          : [filled(shapeName, `${name}/ones`, 1), cast(`${name}/ones`, mask, ELEMENT_TYPES.bool)]),
      ],
      sample: [
        likeX(name, like),
        nodeField('Mul', [x, like], [y]),
        ...(mask === '' ? [] : [cast(name, mask, ELEMENT_TYPES.bool)]),
      ],
      random: {
        name,
        shape: shapeName,
        distribution: { kind: 'bernoulli', keep: 1 - ratio, high: 1 / (1 - ratio) },
      },
    };
  }
  const distribution = distributionOf(node);
  const isLike = node.op.endsWith('Like');
  const lengths = intsOf(node.attributes.get('shape') ?? [], ATTRIBUTE.ints);
  const type = intOf(node.attributes.get('dtype') ?? [], ATTRIBUTE.int);
  const typed = (from: string): Field =>
    type === undefined && isLike ? likeX(from, y) : cast(from, y, type ?? ELEMENT_TYPES.float32);
  const size = isLike ? nodeField('Shape', [x], [shapeName]) : constantInts(lengths, shapeName);
  const mean = distribution.kind === 'normal' ? distribution.mean : middle(distribution);
  return {
    run: [size, filled(shapeName, `${name}/mean`, mean), typed(`${name}/mean`)],
    sample: [typed(name)],
    random: { name, shape: isLike ? shapeName : lengths, distribution },
  };
}

const middle = (distribution: Distribution): number =>
  distribution.kind === 'uniform' ? (distribution.low + distribution.high) / 2 : 0;

function distributionOf(node: ForeignNode): Distribution {
  const number = (key: string, fallback: number): number =>
    floatOf(node.attributes.get(key) ?? [], ATTRIBUTE.float) ?? fallback;
  return node.op.startsWith('RandomNormal')
    ? { kind: 'normal', mean: number('mean', 0), deviation: number('scale', 1) }
    : { kind: 'uniform', low: number('low', 0), high: number('high', 1) };
}

const attribute = (name: string, number: number, value: Field, type: number): Field =>
  lengthField(NODE.attribute, [
    lengthField(ATTRIBUTE.name, name),
    { ...value, number },
    intField(ATTRIBUTE.type, type),
  ]);

const cast = (from: string, to: string, type: number): Field =>
  nodeField('Cast', [from], [to], [attribute('to', ATTRIBUTE.int, intField(0, type), 2)]);

/** A tensor of one number over and over, in the shape that another tensor tells. */
function filled(shape: string, output: string, value: number): Field {
  const tensor = [intField(TENSOR.dims, 1), intField(TENSOR.type, 1), floatAsRaw(value)];
  return nodeField(
    'ConstantOfShape',
    [shape],
    [output],
    [attribute('value', ATTRIBUTE.tensor, lengthField(0, tensor), 4)],
  );
}

const floatAsRaw = (value: number): Field => lengthField(TENSOR.raw, floatField(0, value).bytes);

function constantInts(values: readonly number[], output: string): Field {
  const raw = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
  const tensor = [
    intField(TENSOR.dims, values.length),
    intField(TENSOR.type, ELEMENT_TYPES.int64),
    lengthField(TENSOR.raw, raw),
  ];
  return nodeField(
    'Constant',
    [],
    [output],
    [attribute('value', ATTRIBUTE.tensor, lengthField(0, tensor), 4)],
  );
}
