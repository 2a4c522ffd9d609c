import protobuf from 'protobufjs/minimal.js';
import { corrupt, unsupported } from '../errors.js';

/** Field numbers of onnx.proto3 under which tensors can hide, by message. */
const TENSOR_PATHS = {
  model: { 7: 'graph', 25: 'function' },
  graph: { 1: 'node', 5: 'tensor', 15: 'sparse' },
  function: { 7: 'node', 11: 'attribute' },
  node: { 5: 'attribute' },
  attribute: { 5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph', 22: 'sparse', 23: 'sparse' },
  sparse: { 1: 'tensor', 2: 'tensor' },
  tensor: {},
} as const;

type MessageName = keyof typeof TENSOR_PATHS;

const MAX_DEPTH = 32;
const LENGTH_DELIMITED = 2;
const EXTERNAL_DATA = 13;
const DATA_LOCATION = 14;

/**
 * Refuses an ONNX file whose tensors point to other files: such a pointer could name any file of the machine. Also
 * finds out whether the bytes are an ONNX model at all (it must have a graph).
 */
export function inspectOnnx(bytes: Uint8Array): void {
  let graphs = 0;
  const walk = (message: MessageName, reader: protobuf.Reader, end: number, depth: number): void => {
    if (depth > MAX_DEPTH) throw unsupported('an ONNX graph nested this deeply', 'flatten it');
    const inner: Readonly<Record<number, MessageName>> = TENSOR_PATHS[message];
    while (reader.pos < end) {
      const tag = reader.uint32();
      const [field, wire] = [tag >>> 3, tag & 7];
      const next = inner[field];
      if (message === 'tensor' && field === EXTERNAL_DATA) throw externalData();
      if (message === 'tensor' && field === DATA_LOCATION && wire === 0) {
        if (reader.uint32() !== 0) throw externalData();
      } else if (next !== undefined && wire === LENGTH_DELIMITED) {
        if (next === 'graph' && message === 'model') graphs += 1;
        const length = reader.uint32();
        const stop = reader.pos + length;
        if (stop > end) throw corrupt('the ONNX file is cut off');
        walk(next, reader, stop, depth + 1);
        reader.pos = stop;
      } else reader.skipType(wire);
    }
  };
  try {
    walk('model', protobuf.Reader.create(bytes), bytes.length, 0);
  } catch (error) {
    if (error instanceof Error && error.name === 'ModelError') throw error;
    throw corrupt('the file is no ONNX model', undefined, error);
  }
  if (graphs !== 1) throw corrupt('the file is no ONNX model');
}

function externalData(): Error {
  return unsupported('ONNX external data', 'save the weights inside the .onnx file');
}
