import { createHash } from 'node:crypto';
import { constants, lstat, open } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import protobuf from 'protobufjs/minimal.js';
import { readKerasArchive, readLegacyH5 } from '../containers/keras-files.js';
import type { GraphSource, ModelFormat, ModelLimits } from '../containers/source.js';
import { readTfjs } from '../containers/tfjs.js';
import { corrupt, ModelError, notOpened, unsupported } from '../errors.js';
import { type CompiledGraph, compileGraph } from '../graph/compile.js';
import { bindWeights } from '../graph/weights.js';

/** Everything the serving process needs of a model file. */
export interface CompiledModel {
  readonly format: ModelFormat;
  readonly name: string;
  readonly writtenBy: string | undefined;
  /** SHA-256 of the file; for TensorFlow.js of `model.json` and its shards in order. */
  readonly sha256: string;
  /** Names of the files read, beside each other. */
  readonly files: readonly string[];
  readonly parameters: { readonly total: number; readonly trainable: number } | undefined;
  readonly run: CompiledGraph;
  /** The graph for sampling; undefined when nothing in the model is random. */
  readonly sample: CompiledGraph | undefined;
  /** Why a model with random layers cannot be sampled, when it cannot. */
  readonly sampleRefusal: string | undefined;
}

const FOREIGN: Readonly<Record<string, string>> = {
  '.pt': 'a PyTorch file',
  '.pth': 'a PyTorch file',
  '.pkl': 'a Python pickle',
  '.pickle': 'a Python pickle',
  '.joblib': 'a scikit-learn file',
};

// Opening a pipe would wait for its writer; the flag is missing on Windows, which has no such pipes.
const READ_AT_ONCE = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** Reads, parses and compiles a model file. Meant to run in the isolated process; see `compileIsolated`. */
export async function compileFile(path: string, limits: ModelLimits): Promise<CompiledModel> {
  const hash = createHash('sha256');
  const files: string[] = [];
  let left = limits.fileBytes;
  const read = async (name: string, isShard: boolean): Promise<Uint8Array> => {
    const bytes = await readRegular(join(dirname(path), name), left, isShard);
    left -= bytes.length;
    hash.update(bytes);
    files.push(name);
    return bytes;
  };
  const bytes = await read(basename(path), false);
  const foreign = FOREIGN[extname(path).toLowerCase()];
  if (foreign !== undefined) throw unsupported(foreign, 'export the model to ONNX and load the .onnx file');
  const format = formatOf(bytes, path);
  if (format === 'onnx') {
    inspectOnnx(bytes);
    return { ...onnxModel(bytes), sha256: hash.digest('hex'), files };
  }
  const source = await readSource(format, bytes, (name) => read(name, true), limits);
  try {
    return { ...compileSource(source), sha256: hash.digest('hex'), files };
  } finally {
    source.close();
  }
}

/** Compiles both graphs of a model. */
export function compileSource(source: GraphSource): Omit<CompiledModel, 'sha256' | 'files'> {
  const weights = bindWeights(source.model, source.weights);
  const run = compileGraph(source.model, weights, 'run');
  const base = {
    format: source.format,
    name: source.model.name,
    writtenBy: source.writtenBy,
    parameters: weights.parameters,
    run,
  };
  try {
    const sample = compileGraph(source.model, weights, 'sample');
    return { ...base, sample: sample.randoms.length === 0 ? undefined : sample, sampleRefusal: undefined };
  } catch (error) {
    if (error instanceof ModelError) return { ...base, sample: undefined, sampleRefusal: error.detail };
    throw error;
  }
}

function onnxModel(onnx: Uint8Array): Omit<CompiledModel, 'sha256' | 'files'> {
  // The ports of a plain ONNX file are read from its session, which knows them best.
  const run: CompiledGraph = { onnx, inputs: [], outputs: [], randoms: [] };
  return {
    format: 'onnx',
    name: 'onnx',
    writtenBy: undefined,
    parameters: undefined,
    run,
    sample: undefined,
    sampleRefusal: undefined,
  };
}

function readSource(
  format: Exclude<ModelFormat, 'onnx'>,
  bytes: Uint8Array,
  readShard: (name: string) => Promise<Uint8Array>,
  limits: ModelLimits,
): Promise<GraphSource> {
  if (format === 'keras') return readKerasArchive(bytes, limits);
  return format === 'h5' ? readLegacyH5(bytes, limits) : readTfjs(bytes, readShard, limits);
}

const MAGIC: readonly (readonly [ModelFormat, string])[] = [
  ['keras', 'PK\u0003\u0004'],
  ['h5', '\u0089HDF\r\n\u001a\n'],
  ['tfjs', '{'],
];

/** By the first bytes; only ONNX, which has none of its own, goes by the name. */
function formatOf(bytes: Uint8Array, path: string): ModelFormat {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 64)).toString('latin1');
  if (extname(path).toLowerCase() === '.onnx') return 'onnx';
  const found = MAGIC.find(([format, magic]) =>
    (format === 'tfjs' ? head.trimStart() : head).startsWith(magic),
  );
  if (found === undefined)
    throw corrupt('the file is no model: neither .keras, .h5, TensorFlow.js nor .onnx');
  return found[0];
}

/** Reads a regular file of at most `limit` bytes; the size is checked on the open file, so it cannot change between. */
async function readRegular(path: string, limit: number, isShard: boolean): Promise<Uint8Array> {
  if (isShard && (await stateOf(path)).isSymbolicLink()) throw corrupt('a weight shard is a link');
  const handle = await open(path, READ_AT_ONCE).catch((error: unknown) => {
    throw notOpened(error);
  });
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) throw corrupt('the model is no regular file');
    if (stat.size > limit)
      throw new ModelError('model_too_large', `the file has ${stat.size} bytes, the limit is ${limit}`);
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

async function stateOf(path: string): Promise<{ isSymbolicLink(): boolean }> {
  return lstat(path).catch((error: unknown) => {
    throw new ModelError('model_not_found', 'a weight shard is missing', { cause: error });
  });
}

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
