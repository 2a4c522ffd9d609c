import { halfToNumber } from '#libs/kernel';
import { ELEMENT_TYPES } from '../onnx/protobuf.js';
import {
  type Field,
  floatOf,
  intField,
  intOf,
  intsOf,
  lengthField,
  readFields,
  fieldText,
} from '../onnx/wire.js';
import { ATTRIBUTE, type ForeignNode, GRAPH, nodesOf, sound, TENSOR } from './model.js';
import { elementsOf } from './ports.js';

const BFLOAT16 = 16;
/** Values that the graph keeps a type of beside its edges. */
const VALUE_INFO = 13;

/** Constant tensors of a graph, by name: initializers, Constant nodes, and what is nothing but one of them under another name or type. */
export function constantsOf(graph: readonly Field[]): ReadonlyMap<string, readonly Field[]> {
  const found = new Map<string, readonly Field[]>();
  for (const { number, bytes } of graph) {
    if (number !== GRAPH.initializer) continue;
    const tensor = sound(() => readFields(bytes));
    found.set(fieldText(tensor, TENSOR.name), tensor);
  }
  for (const node of nodesOf(graph)) {
    const [output = ''] = node.outputs;
    const tensor =
      node.op === 'Constant'
        ? ofConstant(node)
        : ['Identity', 'Cast'].includes(node.op)
          ? found.get(node.inputs[0] ?? '')
          : undefined;
    if (tensor !== undefined) found.set(output, tensor);
  }
  return found;
}

/** The tensor of a Constant node; a single number may stand there by itself. */
function ofConstant({ attributes }: ForeignNode): readonly Field[] | undefined {
  const whole = attributes.get('value')?.find(({ number }) => number === ATTRIBUTE.tensor);
  if (whole !== undefined) return sound(() => readFields(whole.bytes));
  const float = floatOf(attributes.get('value_float') ?? [], ATTRIBUTE.float);
  if (float !== undefined)
    return [
      intField(TENSOR.type, ELEMENT_TYPES.float32),
      lengthField(TENSOR.raw, new Uint8Array(Float32Array.of(float).buffer)),
    ];
  const int = intOf(attributes.get('value_int') ?? [], ATTRIBUTE.int);
  if (int === undefined) return undefined;
  return [
    intField(TENSOR.type, ELEMENT_TYPES.int64),
    lengthField(TENSOR.raw, new Uint8Array(BigInt64Array.of(BigInt(int)).buffer)),
  ];
}

/** How the first number of a tensor is read, by its type: from its bytes, and from the list that it may stand in instead. */
const READERS: ReadonlyMap<number, { size: number; read: (bytes: Buffer) => number; listed: number }> =
  new Map([
    [ELEMENT_TYPES.float32, { size: 4, read: (bytes: Buffer) => bytes.readFloatLE(), listed: TENSOR.floats }],
    [
      ELEMENT_TYPES.float64,
      { size: 8, read: (bytes: Buffer) => bytes.readDoubleLE(), listed: TENSOR.doubles },
    ],
    [
      ELEMENT_TYPES.float16,
      { size: 2, read: (bytes: Buffer) => halfToNumber(bytes.readUInt16LE()), listed: TENSOR.ints },
    ],
    [
      BFLOAT16,
      { size: 2, read: (bytes: Buffer) => brainToNumber(bytes.readUInt16LE()), listed: TENSOR.ints },
    ],
    [ELEMENT_TYPES.bool, { size: 1, read: (bytes: Buffer) => bytes.readUInt8(), listed: TENSOR.ints }],
    [ELEMENT_TYPES.int32, { size: 4, read: (bytes: Buffer) => bytes.readInt32LE(), listed: TENSOR.ints }],
    [
      ELEMENT_TYPES.int64,
      { size: 8, read: (bytes: Buffer) => Number(bytes.readBigInt64LE()), listed: TENSOR.longs },
    ],
  ]);

const brainToNumber = (bits: number): number =>
  new Float32Array(Uint32Array.of(bits * 2 ** 16).buffer)[0] ?? 0;

/** The one number of a constant: a flag or a rate; undefined where it cannot be told. */
export function scalarOf(tensor: readonly Field[] | undefined): number | undefined {
  const reader = READERS.get(intOf(tensor ?? [], TENSOR.type) ?? 0);
  if (tensor === undefined || reader === undefined) return undefined;
  const { size, read, listed } = reader;
  const raw = tensor.find(({ number }) => number === TENSOR.raw);
  if (raw !== undefined) return raw.bytes.length < size ? undefined : read(Buffer.from(raw.bytes));
  if (listed === TENSOR.floats || listed === TENSOR.doubles) {
    const list = tensor.find(({ number }) => number === listed);
    return list === undefined || list.bytes.length < size ? undefined : read(Buffer.from(list.bytes));
  }
  const [value] = sound(() => intsOf(tensor, listed));
  if (value === undefined || size !== 2) return value;
  const bits = Buffer.alloc(size);
  bits.writeUInt16LE(value & 0xffff);
  return read(bits);
}

/**
 * The element type of a value of the graph: as declared, or that of the first input of what computes it, which most operators
 * keep; undefined where neither tells.
 */
export function typeOfValue(graph: readonly Field[], name: string): number | undefined {
  const declared = new Map<string, number | undefined>();
  for (const field of graph) {
    if ([GRAPH.input, GRAPH.output, VALUE_INFO].some((one) => one === field.number)) {
      const port = elementsOf(field);
      if (port.elements !== undefined && port.elements > 0) declared.set(port.name, port.elements);
    } else if (field.number === GRAPH.initializer) {
      const tensor = sound(() => readFields(field.bytes));
      declared.set(fieldText(tensor, TENSOR.name), intOf(tensor, TENSOR.type));
    }
  }
  for (const node of nodesOf(graph)) {
    const [of = ''] = node.op === 'Where' ? node.inputs.slice(1) : node.inputs;
    const own =
      node.op === 'Constant'
        ? intOf(ofConstant(node) ?? [], TENSOR.type)
        : intOf(node.attributes.get('to') ?? [], ATTRIBUTE.int);
    const type = own ?? declared.get(of);
    for (const output of node.outputs) if (!declared.has(output)) declared.set(output, type);
  }
  return declared.get(name);
}
