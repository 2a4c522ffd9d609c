import { corrupt, unsupported } from '../errors.js';
import { type Field, intOf, LENGTH, lengthField, readFields, fieldText, writeFields } from '../onnx/wire.js';
import { sound, TENSOR } from './model.js';

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

/** What one tensor says about its numbers in another file. */
interface Pointer {
  readonly location: string;
  readonly offset: number;
  readonly length: number | undefined;
}

/** Reads a file beside the model; the same rules hold for it as for the shards of a TensorFlow.js model. */
type ReadBeside = (name: string) => Promise<Uint8Array>;

/**
 * The model with all its numbers inside. Tensors may point to files in the same folder by their plain names; everything
 * else (paths, `..`, links) is refused, since such a pointer could name any file of the machine. A model that points nowhere comes
 * back as the same bytes.
 */
export async function withinOneFile(bytes: Uint8Array, read: ReadBeside): Promise<Uint8Array> {
  const names = new Set<string>();
  walk('model', bytes, 0, (tensor) => {
    names.add(pointerOf(tensor).location);
    return tensor;
  });
  if (names.size === 0) return bytes;
  const files = new Map<string, Uint8Array>();
  for (const name of names) files.set(name, await read(name));
  return walk('model', bytes, 0, (tensor) => {
    const { location, offset, length } = pointerOf(tensor);
    const file = files.get(location) ?? new Uint8Array();
    const end = offset + (length ?? file.length - offset);
    if (end < offset || end > file.length)
      throw corrupt(
        `the ONNX tensor '${fieldText(tensor, TENSOR.name)}' reaches beyond the file of its numbers`,
        undefined,
        undefined,
        'copy both files again',
      );
    const kept = tensor.filter(({ number }) => number !== TENSOR.external && number !== TENSOR.location);
    return [...kept, lengthField(TENSOR.raw, file.subarray(offset, end))];
  });
}

/** Rewrites the tensors of a message that keep their numbers elsewhere. */
function walk(
  message: MessageName,
  bytes: Uint8Array,
  depth: number,
  rewrite: (tensor: readonly Field[]) => readonly Field[],
): Uint8Array {
  if (depth > MAX_DEPTH) throw unsupported('an ONNX graph nested this deeply', 'flatten it');
  const fields = sound(() => readFields(bytes));
  if (message === 'tensor') return isOutside(fields) ? writeFields(rewrite(fields)) : bytes;
  const inner: Readonly<Record<number, MessageName>> = TENSOR_PATHS[message];
  let changed = false;
  const done = fields.map((field) => {
    const next = inner[field.number];
    if (next === undefined || field.wire !== LENGTH) return field;
    const content = walk(next, field.bytes, depth + 1, rewrite);
    if (content === field.bytes) return field;
    changed = true;
    return { ...field, bytes: content };
  });
  return changed ? writeFields(done) : bytes;
}

const isOutside = (tensor: readonly Field[]): boolean =>
  tensor.some(({ number }) => number === TENSOR.external) || (intOf(tensor, TENSOR.location) ?? 0) !== 0;

function pointerOf(tensor: readonly Field[]): Pointer {
  const entries = new Map(
    tensor
      .filter(({ number }) => number === TENSOR.external)
      .map(({ bytes }) => sound(() => readFields(bytes)))
      .map((entry) => [fieldText(entry, 1), fieldText(entry, 2)]),
  );
  const location = (entries.get('location') ?? '').replace(/^(\.\/)+/, '');
  if (/^[^/\\\0]+\//.test(location) && !location.split('/').includes('..'))
    throw unsupported(
      'ONNX external data in a folder below the model',
      "save the model anew with its numbers beside it: onnx.save(onnx.load(path), 'model.onnx', save_as_external_data=True, location='model.onnx.data')",
    );
  if (!/^[^/\\\0]+$/.test(location) || /^\.+$/.test(location)) {
    throw corrupt(
      'ONNX external data lies outside the folder of the model',
      undefined,
      undefined,
      'put the file beside the .onnx file',
    );
  }
  const offset = numberOf(entries.get('offset') ?? '0');
  const length = entries.get('length');
  return { location, offset, length: length === undefined ? undefined : numberOf(length) };
}

function numberOf(text: string): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(value)) throw corrupt('ONNX external data has no sound offset or length');
  return value;
}
