import { unsupported } from '../errors.js';
import { type Field, intOf, lengthField, readFields, fieldText, intField } from '../onnx/wire.js';
import { GRAPH, nodeField, type ForeignNode, nodesOf, sound } from './model.js';

/** TypeProto: field numbers of its kinds. */
const TENSOR_TYPE = 1;
const TYPE_OF_VALUE = 2;
const STRING = 8;

/** A graph whose inputs and outputs are all tensors of numbers, and what was done for that. */
export interface Trimmed {
  readonly graph: readonly Field[];
  /** Outputs that are no longer answered: texts and lists of dictionaries. */
  readonly cut: readonly string[];
  /** Inputs that were declared without a shape: they take any. */
  readonly shapeless: readonly string[];
}

/**
 * Leaves what can be served of a graph's edges. A `ZipMap`, which turns probabilities into a list of dictionaries, is taken
 * out, so that its tensor is answered under the same name; a list of tensors (several targets) is answered tensor by tensor;
 * labels that are texts are cut off.
 * @throws ModelError `model_unsupported` for an input of texts, or when nothing is left
 */
export function trimPorts(graph: readonly Field[]): Trimmed {
  const nodes = nodesOf(graph);
  const zipMaps = new Map(nodes.filter(isZipMap).map((node) => [node.outputs[0] ?? '', node]));
  const lists = new Map(
    nodes.filter(({ op }) => op === 'SequenceConstruct').map((node) => [node.outputs[0], node]),
  );
  const weights = new Set(
    graph
      .filter(({ number }) => number === GRAPH.initializer)
      .map(({ bytes }) =>
        fieldText(
          sound(() => readFields(bytes)),
          8,
        ),
      ),
  );
  const cut: string[] = [];
  const shapeless: string[] = [];
  const kept = graph.flatMap((field): Field[] => {
    if (field.number === GRAPH.node && zipMaps.size > 0) return [withoutZipMap(field, zipMaps)];
    if (field.number !== GRAPH.input && field.number !== GRAPH.output) return [field];
    const port = elementsOf(field);
    if (field.number === GRAPH.input) {
      if (!weights.has(port.name)) checkInput(port);
      if (port.isShapeless) shapeless.push(port.name);
      return [field];
    }
    if (zipMaps.has(port.name)) return [anyPort(port.name)];
    const list = lists.get(port.name);
    if (list !== undefined) return [...new Set(list.inputs)].map(anyPort);
    if (port.elements !== undefined && port.elements !== STRING) return [field];
    cut.push(port.name);
    return [];
  });
  if (cut.length > 0 && !kept.some(({ number }) => number === GRAPH.output)) {
    throw unsupported(
      `an ONNX model whose only output is '${cut[0] ?? ''}', which holds no numbers,`,
      "export the probabilities as a tensor (skl2onnx: options={'zipmap': False})",
    );
  }
  return { graph: kept, cut, shapeless };
}

interface ForeignPort {
  readonly name: string;
  /** The element type of a tensor; undefined for anything else. */
  readonly elements: number | undefined;
  readonly isShapeless: boolean;
}

/** What an edge of a graph declares of itself. */
export function elementsOf(field: Field): ForeignPort {
  return sound(() => {
    const fields = readFields(field.bytes);
    const type = fields.find(({ number }) => number === TYPE_OF_VALUE);
    const tensor =
      type === undefined ? undefined : readFields(type.bytes).find(({ number }) => number === TENSOR_TYPE);
    const inner = tensor === undefined ? [] : readFields(tensor.bytes);
    const isTensor = type === undefined || type.bytes.length === 0 || tensor !== undefined;
    return {
      name: fieldText(fields, 1),
      // An output may leave its type to inference; then it is a tensor in all that exporters write.
      elements: isTensor ? (intOf(inner, 1) ?? 0) : undefined,
      isShapeless: tensor !== undefined && !inner.some(({ number }) => number === 2),
    };
  });
}

function checkInput({ name, elements }: ForeignPort): void {
  if (elements !== undefined && elements !== STRING) return;
  const what = elements === STRING ? 'takes texts' : 'takes no tensor';
  throw unsupported(
    `the ONNX input '${name}', which ${what},`,
    'turn texts into numbers before the model and export the rest of it',
  );
}

const isZipMap = (node: ForeignNode): boolean => node.op === 'ZipMap' && node.domain === 'ai.onnx.ml';

function withoutZipMap(field: Field, zipMaps: ReadonlyMap<string, ForeignNode>): Field {
  const found = [...zipMaps.values()].find((node) => node.field === field);
  return found === undefined
    ? field
    : nodeField('Identity', found.inputs.slice(0, 1), found.outputs.slice(0, 1));
}

/** An output whose type is for ONNX Runtime to tell. */
const anyPort = (name: string): Field => lengthField(GRAPH.output, [lengthField(1, name)]);

/** A graph input or output that holds a tensor of the element type, of any shape. */
export function tensorPort(number: number, name: string, elements: number): Field {
  const tensor = lengthField(TENSOR_TYPE, [intField(1, elements)]);
  return lengthField(number, [lengthField(1, name), lengthField(TYPE_OF_VALUE, [tensor])]);
}
