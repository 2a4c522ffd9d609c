import protobuf from 'protobufjs/minimal.js';
import type { Attribute, ElementType, GraphParts, Initializer, NodeParts, ValueInfo } from './builder.js';

/**
 * ONNX protobuf, written with protobufjs' wire writer and the field numbers of onnx.proto3 (ONNX 1.16,
 * https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3). Eight messages are needed; compiling the whole
 * schema at start-up cost more time and code than these functions.
 */
const IR_VERSION = 9;
/** The operator set all emitted nodes belong to; 20 is the first with Gelu. */
export const OPSET = 20;

type Writer = protobuf.Writer;
const VARINT = 0;
const FIXED32 = 5;
const LENGTH = 2;

/** TensorProto.DataType of each element type. */
export const ELEMENT_TYPES: Readonly<Record<ElementType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
  bfloat16: 16,
  float8: 17,
};

const tag = (writer: Writer, field: number, wire: number): Writer =>
  writer.uint32(((field << 3) | wire) >>> 0);
const text = (writer: Writer, field: number, value: string): Writer =>
  tag(writer, field, LENGTH).string(value);
const integer = (writer: Writer, field: number, value: number): Writer =>
  tag(writer, field, VARINT).int64(value);

function message(writer: Writer, field: number, write: (inner: Writer) => void): void {
  tag(writer, field, LENGTH).fork();
  write(writer);
  writer.ldelim();
}

function packed(writer: Writer, field: number, values: readonly number[]): void {
  message(writer, field, (inner) => values.forEach((value) => inner.int64(value)));
}

function writeTensor(writer: Writer, tensor: Initializer): void {
  packed(writer, 1, tensor.dims);
  integer(writer, 2, ELEMENT_TYPES[tensor.type]);
  text(writer, 8, tensor.name);
  const { buffer, byteOffset, byteLength } = tensor.data;
  tag(writer, 9, LENGTH).bytes(new Uint8Array(buffer, byteOffset, byteLength));
}

function writeAttribute(writer: Writer, name: string, attribute: Attribute): void {
  text(writer, 1, name);
  if ('float' in attribute) {
    tag(writer, 2, FIXED32).float(attribute.float);
    integer(writer, 20, 1);
  } else if ('int' in attribute) {
    integer(writer, 3, attribute.int);
    integer(writer, 20, 2);
  } else if ('text' in attribute) {
    text(writer, 4, attribute.text);
    integer(writer, 20, 3);
  } else if ('graph' in attribute) {
    message(writer, 6, (inner) => writeGraph(inner, attribute.graph));
    integer(writer, 20, 5);
  } else if ('floats' in attribute) {
    for (const value of attribute.floats) tag(writer, 7, FIXED32).float(value);
    integer(writer, 20, 6);
  } else if ('ints' in attribute) {
    for (const value of attribute.ints) integer(writer, 8, value);
    integer(writer, 20, 7);
  } else {
    for (const value of attribute.texts) text(writer, 9, value);
    integer(writer, 20, 8);
  }
}

function writeNode(writer: Writer, node: NodeParts): void {
  for (const input of node.inputs) text(writer, 1, input);
  for (const output of node.outputs) text(writer, 2, output);
  text(writer, 3, node.name);
  text(writer, 4, node.op);
  for (const [name, attribute] of Object.entries(node.attributes)) {
    message(writer, 5, (inner) => writeAttribute(inner, name, attribute));
  }
}

function writeValueInfo(writer: Writer, info: ValueInfo): void {
  text(writer, 1, info.name);
  message(writer, 2, (type) =>
    message(type, 1, (tensor) => {
      integer(tensor, 1, ELEMENT_TYPES[info.type]);
      const { dims } = info;
      if (dims === undefined) return;
      message(tensor, 2, (shape) => {
        for (const dim of dims) {
          message(
            shape,
            1,
            (one) => void (typeof dim === 'number' ? integer(one, 1, dim) : text(one, 2, dim)),
          );
        }
      });
    }),
  );
}

function writeGraph(writer: Writer, graph: GraphParts): void {
  for (const node of graph.nodes) message(writer, 1, (inner) => writeNode(inner, node));
  text(writer, 2, graph.name);
  for (const tensor of graph.initializers) message(writer, 5, (inner) => writeTensor(inner, tensor));
  for (const info of graph.inputs) message(writer, 11, (inner) => writeValueInfo(inner, info));
  for (const info of graph.outputs) message(writer, 12, (inner) => writeValueInfo(inner, info));
}

/** The bytes of an ONNX model that holds one graph. */
export function writeModel(graph: GraphParts): Uint8Array {
  const writer = protobuf.Writer.create();
  integer(writer, 1, IR_VERSION);
  text(writer, 2, 'keras-onnx');
  message(writer, 7, (inner) => writeGraph(inner, graph));
  message(writer, 8, (opset) => {
    text(opset, 1, '');
    integer(opset, 2, OPSET);
  });
  return writer.finish();
}
