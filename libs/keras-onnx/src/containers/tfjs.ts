import { corrupt, tooLarge, unsupported } from '../errors.js';
import type { Tensor } from '../graph/emitter.js';
import { isObject } from '../graph/layer-config.js';
import { parseModel } from '../graph/parse.js';
import type { LayerSpec } from '../graph/spec.js';
import { halfToNumber } from '#libs/kernel';
import { refuseOtherJson } from './recognise.js';
import type { GraphSource, ModelLimits } from './source.js';

interface Entry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  /** How 8- or 16-bit numbers are stretched back: value · scale + min. */
  readonly quantization: { readonly dtype: string; readonly scale: number; readonly min: number } | undefined;
}

interface ShardGroup {
  readonly paths: readonly string[];
  readonly entries: readonly Entry[];
}

const BYTES: Readonly<Record<string, number>> = {
  float32: 4,
  int32: 4,
  uint8: 1,
  bool: 1,
  uint16: 2,
  float16: 2,
};

/** Reads a TensorFlow.js layers model from its `model.json`; `readShard` answers the bytes of a file beside `model.json`. */
export async function readTfjs(
  file: unknown,
  readShard: (name: string) => Promise<Uint8Array>,
  limits: ModelLimits,
): Promise<GraphSource> {
  refuseOtherJson(file);
  if (!isObject(file) || !isObject(file.modelTopology))
    throw unsupported(
      'a JSON file that is neither a TensorFlow.js model nor an architecture (model.to_json())',
      'give the model file itself',
    );
  if (file.format === 'graph-model' || 'node' in file.modelTopology) {
    throw unsupported('a TensorFlow.js graph model', 'save it as a layers model, a .keras file or ONNX');
  }
  const topology = file.modelTopology;
  const model = parseModel(isObject(topology.model_config) ? topology.model_config : topology, 'keras2');
  const tensors: { name: string; tensor: Tensor }[] = [];
  for (const group of parseManifest(file.weightsManifest))
    tensors.push(...(await readGroup(group, readShard, limits)));
  const version = file.generatedBy ?? topology.keras_version;
  return {
    format: 'tfjs',
    model,
    writtenBy: typeof version === 'string' ? version : undefined,
    close: () => undefined,
    weights: { kind: 'flat', variables: (layer) => belonging(layer, tensors) },
  };
}

/** Weights are called `layer/kernel` or `outer/layer/kernel`; nested models use the names of their inner layers. */
function belonging(layer: LayerSpec, tensors: readonly { name: string; tensor: Tensor }[]): Tensor[] {
  const names = new Set(namesIn(layer));
  return tensors
    .filter(({ name }) =>
      name
        .split('/')
        .slice(0, -1)
        .some((part) => names.has(part)),
    )
    .map(({ tensor }) => tensor);
}

function namesIn(layer: LayerSpec): string[] {
  return [layer.name, ...(layer.model?.layers ?? []).flatMap(namesIn)];
}

function parseManifest(raw: unknown): ShardGroup[] {
  if (!Array.isArray(raw)) throw corrupt('model.json has no weightsManifest');
  return raw.map((group: unknown) => {
    if (!isObject(group) || !Array.isArray(group.paths) || !Array.isArray(group.weights))
      throw corrupt('weightsManifest in model.json is malformed');
    const paths = group.paths.map((path: unknown) => {
      if (typeof path !== 'string' || !/^[\w.-]+$/.test(path) || path.startsWith('.'))
        throw corrupt(
          'a shard of weights lies outside the folder of model.json',
          undefined,
          undefined,
          'put it beside model.json and name it there by its name alone',
        );
      return path;
    });
    return { paths, entries: group.weights.map(parseEntry) };
  });
}

function parseEntry(raw: unknown): Entry {
  if (
    !isObject(raw) ||
    typeof raw.name !== 'string' ||
    typeof raw.dtype !== 'string' ||
    !Array.isArray(raw.shape)
  )
    throw corrupt('a weight in the weightsManifest of model.json is malformed');
  const shape = raw.shape.map((dim: unknown) => {
    if (!Number.isSafeInteger(dim) || Number(dim) < 0)
      throw corrupt('a weight in the weightsManifest of model.json has no shape');
    return Number(dim);
  });
  const { quantization } = raw;
  if (!isObject(quantization)) return { name: raw.name, shape, dtype: raw.dtype, quantization: undefined };
  const { dtype, scale, min } = quantization;
  return {
    name: raw.name,
    shape,
    dtype: raw.dtype,
    quantization: { dtype: String(dtype), scale: Number(scale ?? 1), min: Number(min ?? 0) },
  };
}

async function readGroup(
  group: ShardGroup,
  readShard: (name: string) => Promise<Uint8Array>,
  limits: ModelLimits,
): Promise<{ name: string; tensor: Tensor }[]> {
  const shards: Uint8Array[] = [];
  for (const path of group.paths) shards.push(await readShard(path));
  const bytes = Buffer.concat(shards);
  let offset = 0;
  return group.entries.map((entry) => {
    const size = entry.shape.reduce((product, length) => product * length, 1);
    if (size > limits.weightElements)
      throw tooLarge(
        `the weight '${entry.name}' of model.json has ${size} numbers, the limit is ${limits.weightElements}`,
      );
    const stored = entry.quantization?.dtype ?? entry.dtype;
    const width = BYTES[stored];
    if (width === undefined) throw unsupported(`a weight of ${stored}`, 'save it as float32');
    const end = offset + size * width;
    if (end > bytes.length) throw corrupt('the weight shards of model.json are cut off');
    const data = decode(bytes.subarray(offset, end), stored, size, entry.quantization);
    offset = end;
    return { name: entry.name, tensor: { shape: entry.shape, data } };
  });
}

function decode(
  bytes: Buffer,
  dtype: string,
  size: number,
  quantization: Entry['quantization'],
): Float32Array {
  const readers: Readonly<Record<string, (index: number) => number>> = {
    float32: (index) => bytes.readFloatLE(index * 4),
    int32: (index) => bytes.readInt32LE(index * 4),
    uint16: (index) => bytes.readUInt16LE(index * 2),
    uint8: (index) => bytes.readUInt8(index),
    bool: (index) => bytes.readUInt8(index),
    float16: (index) => halfToNumber(bytes.readUInt16LE(index * 2)),
  };
  const read = readers[dtype];
  if (read === undefined) throw unsupported(`a weight of ${dtype}`, 'save it as float32');
  const stretched = quantization !== undefined && dtype !== 'float16';
  return Float32Array.from({ length: size }, (_, index) =>
    stretched ? read(index) * quantization.scale + quantization.min : read(index),
  );
}
