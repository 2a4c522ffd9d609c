import { corrupt, ModelError, unsupported } from '../errors.js';
import { type Field, intOf, LENGTH, lengthField, readFields, fieldText, writeFields } from '../onnx/wire.js';

/**
 * An ONNX file that someone else wrote, taken apart without loss: what is not looked at goes back as it was. Field numbers
 * are those of onnx.proto3 (ONNX 1.16).
 */
export const MODEL = { producer: 2, producerVersion: 3, graph: 7, opset: 8, functions: 25 } as const;
export const GRAPH = { node: 1, initializer: 5, input: 11, output: 12, sparse: 15 } as const;
export const NODE = { input: 1, output: 2, name: 3, op: 4, attribute: 5, domain: 7 } as const;
export const ATTRIBUTE = {
  name: 1,
  float: 2,
  int: 3,
  text: 4,
  tensor: 5,
  graph: 6,
  floats: 7,
  ints: 8,
  tensors: 10,
  graphs: 11,
  type: 20,
} as const;
export const TENSOR = {
  dims: 1,
  type: 2,
  floats: 4,
  ints: 5,
  longs: 7,
  name: 8,
  raw: 9,
  doubles: 10,
  external: 13,
  location: 14,
} as const;

/** More levels than any exporter nests; beyond them the file means harm. */
const MAX_DEPTH = 32;

/** One operator of the outermost graph. */
export interface ForeignNode {
  readonly op: string;
  readonly domain: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** By name, the fields of each attribute. */
  readonly attributes: ReadonlyMap<string, readonly Field[]>;
  readonly field: Field;
}

/** The model's own fields and those of its graph. */
export interface ForeignModel {
  readonly fields: readonly Field[];
  readonly graph: readonly Field[];
  /** The version of the standard operator set. */
  readonly opset: number;
}

/** Takes a file apart. Throws `model_corrupt` for bytes that are no ONNX model. */
export function readForeign(bytes: Uint8Array): ForeignModel {
  return sound(() => {
    const fields = readFields(bytes);
    const graphs = fields.filter(({ number, wire }) => number === MODEL.graph && wire === LENGTH);
    const [graph] = graphs;
    if (graph === undefined || graphs.length !== 1) throw corrupt('the file is no ONNX model');
    const opset = fields
      .filter(({ number }) => number === MODEL.opset)
      .map((field) => readFields(field.bytes))
      .find((one) => ['', 'ai.onnx'].includes(fieldText(one, 1)));
    return {
      fields,
      graph: readFields(graph.bytes),
      opset: opset === undefined ? 0 : (intOf(opset, 2) ?? 0),
    };
  });
}

/** The file with another graph in it. */
export function writeForeign({ fields }: ForeignModel, graph: readonly Field[]): Uint8Array {
  return writeFields(
    fields.map((field) => (field.number === MODEL.graph ? lengthField(MODEL.graph, graph) : field)),
  );
}

/** Reads one operator. */
export function readNode(field: Field): ForeignNode {
  const fields = sound(() => readFields(field.bytes));
  const all = (number: number): string[] =>
    fields.filter((one) => one.number === number).map((one) => Buffer.from(one.bytes).toString('utf8'));
  const attributes = fields
    .filter((one) => one.number === NODE.attribute)
    .map((one) => sound(() => readFields(one.bytes)));
  return {
    op: fieldText(fields, NODE.op),
    domain: fieldText(fields, NODE.domain).replace(/^ai\.onnx$/, ''),
    name: fieldText(fields, NODE.name),
    inputs: all(NODE.input),
    outputs: all(NODE.output),
    attributes: new Map(attributes.map((one) => [fieldText(one, ATTRIBUTE.name), one])),
    field,
  };
}

/** The operators of a graph's fields. */
export const nodesOf = (graph: readonly Field[]): ForeignNode[] =>
  graph.filter(({ number, wire }) => number === GRAPH.node && wire === LENGTH).map(readNode);

/** Writes one operator of the standard set. */
export function nodeField(
  op: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: readonly Field[] = [],
): Field {
  return lengthField(GRAPH.node, [
    ...inputs.map((one) => lengthField(NODE.input, one)),
    ...outputs.map((one) => lengthField(NODE.output, one)),
    lengthField(NODE.op, op),
    ...attributes,
  ]);
}

/** Calls `visit` for every operator inside functions and inside the graphs that operators hold. */
export function walkInner(model: ForeignModel, visit: (node: ForeignNode) => void): void {
  const inside = (fields: readonly Field[], nodeNumber: number, depth: number): void => {
    if (depth > MAX_DEPTH) throw unsupported('an ONNX graph nested this deeply', 'flatten it');
    for (const field of fields) {
      if (field.number !== nodeNumber || field.wire !== LENGTH) continue;
      const node = readNode(field);
      if (depth > 0) visit(node);
      for (const graph of graphsIn(node)) inside(graph, GRAPH.node, depth + 1);
    }
  };
  inside(model.graph, GRAPH.node, 0);
  for (const field of model.fields) {
    if (field.number === MODEL.functions)
      inside(
        sound(() => readFields(field.bytes)),
        7,
        1,
      );
  }
}

function graphsIn(node: ForeignNode): Field[][] {
  return [...node.attributes.values()].flatMap((attribute) =>
    attribute
      .filter(
        ({ number, wire }) => wire === LENGTH && (number === ATTRIBUTE.graph || number === ATTRIBUTE.graphs),
      )
      .map((field) => sound(() => readFields(field.bytes))),
  );
}

/** A protobuf message that ends too early is a damaged file. */
export function sound<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ModelError) throw error;
    const detail = error instanceof RangeError ? 'the ONNX file is cut off' : 'the file is no ONNX model';
    throw corrupt(detail, undefined, error);
  }
}
