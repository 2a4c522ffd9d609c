import { isRecord } from '#libs/kernel';
import {
  bytesOf,
  bytesOfNumbers,
  type Datatype,
  DATATYPES,
  isDatatype,
  MAX_NESTED,
  numbersOfBytes,
  numbersOfJson,
  tensorFault,
  type TensorNumbers,
} from './datatypes.js';
import { jsonOfNumbers, jsonText } from './tensor-json.js';

/** Header that tells where the JSON of a message ends and its binary tensors begin. */
export const HEADER_LENGTH = 'Inference-Header-Content-Length';
/** How servers name the extension in their metadata. */
export const BINARY_EXTENSION = 'binary_tensor_data';
/** Content type of messages with binary tensors. */
export const BINARY_TYPE = 'application/octet-stream';

/** A tensor with its numbers. */
export interface NumberTensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly numbers: TensorNumbers;
}

/** A tensor of a model; -1 is a length that may vary. */
export interface TensorPort {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
}

/** Name–value pairs of a message, a tensor or an output that is asked for. */
export type Parameters = Readonly<Record<string, string | number | boolean>>;

/** A message as it is sent. */
export interface EncodedMessage {
  readonly body: Buffer;
  /** Bytes of the JSON in front; null where there is nothing behind it. */
  readonly headerLength: number | null;
}

/**
 * Puts a message together.
 * @param member `inputs` of a request, `outputs` of a response
 * @param isBinary whose numbers follow behind the JSON
 */
export function encodeMessage(
  header: Readonly<Record<string, unknown>>,
  member: 'inputs' | 'outputs',
  tensors: readonly NumberTensor[],
  isBinary: (tensor: NumberTensor) => boolean,
): EncodedMessage {
  const blobs: Uint8Array[] = [];
  const described = tensors.map((tensor) => {
    const { name, datatype, shape, numbers } = tensor;
    if (!isBinary(tensor)) return { name, datatype, shape, data: jsonOfNumbers(datatype, name, numbers) };
    const bytes = bytesOfNumbers(datatype, name, numbers);
    blobs.push(bytes);
    return { name, datatype, shape, parameters: { binary_data_size: bytes.length } };
  });
  const json = Buffer.from(jsonText({ ...header, [member]: described }));
  return blobs.length === 0
    ? { body: json, headerLength: null }
    : { body: Buffer.concat([json, ...blobs]), headerLength: json.length };
}

/**
 * Where the JSON of a message ends.
 * @param given the header's text; undefined where there is none: then all of it is JSON
 * @throws AppError for a length that the body does not have
 */
export function splitMessage(body: Buffer, given: string | undefined): { json: Buffer; binary: Buffer } {
  if (given === undefined) return { json: body, binary: body.subarray(body.length) };
  const length = /^\d{1,15}$/.test(given.trim()) ? Number(given) : NaN;
  if (!(length >= 2 && length <= body.length))
    throw tensorFault(
      `${HEADER_LENGTH} must be the length of the JSON in front, 2 to the ${body.length} bytes of the body, not ${given.slice(0, 40)}`,
    );
  return { json: body.subarray(0, length), binary: body.subarray(length) };
}

/** Limits of the tensors of a message. */
export interface TensorLimits {
  /** Elements of all of them together. */
  readonly elements: number;
  /** What `null` in the data is; null: a fault. */
  readonly unknown?: number | null;
}

/**
 * Reads the tensors of a message. Nothing is set aside for a shape before the bytes or numbers for it are there.
 * @param list `inputs` or `outputs` of its JSON
 * @param binary what follows behind the JSON: the binary tensors in their order, and nothing else
 * @throws AppError that names the tensor and the fault
 */
export function readTensors(
  list: unknown,
  binary: Uint8Array,
  limits: TensorLimits,
): readonly NumberTensor[] {
  if (!Array.isArray(list)) throw tensorFault('the message needs a list of tensors');
  let [at, elements] = [0, 0];
  const tensors = list.map((item: unknown, index): NumberTensor => {
    const { name, datatype, shape, parameters, data } = tensorHead(item, index);
    const count = shape.reduce((product, length) => product * length, 1);
    elements += count;
    if (!(elements <= limits.elements))
      throw tensorFault(
        `the tensor "${name}" has the shape (${shape.join(', ')}); a message may have ${limits.elements} elements`,
      );
    const size = parameters['binary_data_size'];
    if (size === undefined) {
      const numbers = numbersOfJson(datatype, name, data, count, limits.unknown ?? null);
      return { name, datatype, shape, numbers };
    }
    const wanted = count * bytesOf(datatype);
    if (size !== wanted)
      throw tensorFault(
        `the tensor "${name}" says binary_data_size ${String(size)}; its shape and ${datatype} make ${wanted} bytes`,
      );
    if (data !== undefined) throw tensorFault(`the tensor "${name}" has data and binary_data_size; give one`);
    if (at + wanted > binary.length)
      throw tensorFault(
        `the binary data end before the tensor "${name}": ${binary.length - at} of ${wanted} bytes are left`,
      );
    const bytes = binary.subarray(at, at + wanted);
    at += wanted;
    return { name, datatype, shape, numbers: numbersOfBytes(datatype, name, bytes) };
  });
  if (at === binary.length) return tensors;
  throw tensorFault(`${binary.length - at} bytes of the binary data belong to no tensor`);
}

function tensorHead(item: unknown, index: number) {
  if (!isRecord(item)) throw tensorFault(`tensor ${index} is no JSON object`);
  const { name, datatype, shape, parameters = {}, data } = item;
  if (typeof name !== 'string' || name === '') throw tensorFault(`tensor ${index} needs a name`);
  const shown = name.slice(0, 100);
  if (!isDatatype(datatype))
    throw tensorFault(
      `the tensor "${shown}" has the datatype ${JSON.stringify(datatype)?.slice(0, 40)}; numbers are ${DATATYPES.join(', ')}`,
    );
  if (!isShape(shape))
    throw tensorFault(
      `the tensor "${shown}" needs a shape of 1 to ${MAX_NESTED} whole numbers, each at least 0`,
    );
  if (!isRecord(parameters)) throw tensorFault(`the parameters of the tensor "${shown}" are no JSON object`);
  return { name, datatype, shape, parameters, data };
}

const isShape = (value: unknown): value is readonly number[] =>
  Array.isArray(value) &&
  value.length > 0 &&
  value.length <= MAX_NESTED &&
  value.every((length) => Number.isSafeInteger(length) && Number(length) >= 0);
