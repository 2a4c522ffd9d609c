import { buffer } from 'node:stream/consumers';
import yauzl from 'yauzl';
import { corrupt, ModelError } from '../errors.js';
import type { Tensor } from '../graph/emitter.js';
import { isObject } from '../graph/layer-config.js';
import { parseModel } from '../graph/parse.js';
import type { Dialect } from '../graph/spec.js';
import type { Hdf5 } from './hdf5.js';
import { type GraphSource, type ModelLimits, parsePythonJson } from './source.js';

const [CONFIG, METADATA, WEIGHTS] = ['config.json', 'metadata.json', 'model.weights.h5'] as const;

/** HDF5 is loaded when a file has some: compiled from WebAssembly, it is half of the time that a compiling process needs. */
async function openHdf5(bytes: Uint8Array, limits: ModelLimits): Promise<Hdf5> {
  const { Hdf5: Reader } = await import('./hdf5.js');
  return Reader.open(bytes, limits);
}

/** Reads the `.keras` archive of Keras 3 (and the same layout of late Keras 2). */
export async function readKerasArchive(bytes: Uint8Array, limits: ModelLimits): Promise<GraphSource> {
  const entries = await readArchive(bytes, [CONFIG, METADATA, WEIGHTS], limits);
  const config = entries.get(CONFIG);
  if (config === undefined) throw corrupt('the archive has no config.json, so it is no .keras file');
  const metadata = entries.get(METADATA);
  const about = metadata === undefined ? undefined : parsePythonJson(metadata, METADATA, limits);
  const version =
    isObject(about) && typeof about.keras_version === 'string' ? about.keras_version : undefined;
  const dialect: Dialect = version?.startsWith('2.') === true ? 'keras2' : 'keras3';
  // The graph is parsed first: a refused layer is better news than missing weights.
  const model = parseModel(parsePythonJson(config, CONFIG, limits), dialect);
  const weights = entries.get(WEIGHTS);
  if (weights === undefined) throw corrupt('the archive has no model.weights.h5');
  const file = await openHdf5(weights, limits);
  return {
    format: 'keras',
    model,
    writtenBy: version,
    close: () => file.close(),
    weights: { kind: 'tree', has: (place) => file.has(place), variables: (place) => variables(file, place) },
  };
}

/** `vars/0`, `vars/1`, …; numbered without gaps. */
function variables(file: Hdf5, place: string): Tensor[] {
  const count = file.names(place).length;
  return Array.from({ length: count }, (_, index) => file.tensor(`${place}/${index}`));
}

const FILE_TYPE_MASK = 0o170000;
const REGULAR_FILE = 0o100000;

/**
 * Reads the named entries of a zip archive into memory; nothing is ever written to disk. Refuses archives with links,
 * paths that leave the archive, encryption, double names, too many entries, or entries that unpack to more than the
 * limits. Missing names are simply not in the result.
 */
export async function readArchive(
  bytes: Uint8Array,
  names: readonly string[],
  limits: ModelLimits,
): Promise<Map<string, Uint8Array>> {
  const result = new Map<string, Uint8Array>();
  try {
    const archive = await yauzl.fromBufferPromise(
      Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
      {
        strictFileNames: true,
        validateEntrySizes: true,
      },
    );
    if (archive.entryCount > limits.archiveEntries)
      throw new ModelError('model_too_large', `the archive has ${archive.entryCount} entries`);
    const seen = new Set<string>();
    let total = 0;
    for await (const entry of archive.eachEntry()) {
      checkEntry(entry, seen, limits);
      if (!names.includes(entry.fileName)) continue;
      total += entry.uncompressedSize;
      if (total > limits.unpackedBytes)
        throw new ModelError(
          'model_too_large',
          `the archive unpacks to more than ${limits.unpackedBytes} bytes`,
        );
      result.set(entry.fileName, await buffer(await archive.openReadStreamPromise(entry)));
    }
  } catch (error) {
    if (error instanceof ModelError) throw error;
    throw corrupt(`the archive cannot be read: ${reasonOf(error)}`, undefined, error);
  }
  return result;
}

function checkEntry(entry: yauzl.Entry, seen: Set<string>, limits: ModelLimits): void {
  const { fileName } = entry;
  if (seen.has(fileName)) throw corrupt('the archive holds one name twice');
  seen.add(fileName);
  const type = (entry.externalFileAttributes >>> 16) & FILE_TYPE_MASK;
  // 0 means that the writer set no type, as Python's writestr does; a folder's name ends in a slash.
  if (type !== 0 && type !== REGULAR_FILE && !fileName.endsWith('/'))
    throw corrupt('the archive holds a link or a device');
  if ((entry.generalPurposeBitFlag & 1) !== 0) throw corrupt('the archive is encrypted');
  const packed = Math.max(entry.compressedSize, 1);
  // Small entries of zeros compress well and harm nobody.
  if (entry.uncompressedSize > 1024 * 1024 && entry.uncompressedSize / packed > limits.archiveRatio) {
    throw new ModelError(
      'model_too_large',
      'an entry of the archive unpacks to far more than its size (a zip bomb)',
    );
  }
  if (entry.uncompressedSize > limits.unpackedBytes)
    throw new ModelError('model_too_large', `an entry unpacks to ${entry.uncompressedSize} bytes`);
}

/** The first sentence of a library's message, without names that the file chose. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : 'unknown';
  if (text.startsWith('End of central directory')) return 'it is cut off or no zip file';
  return (text.split(/[\n:]|\. /, 1)[0] ?? '').slice(0, 80);
}

/** Reads a whole-model HDF5 file of Keras 2 or 3: `model_config` and the group `model_weights`. */
export async function readLegacyH5(bytes: Uint8Array, limits: ModelLimits): Promise<GraphSource> {
  const file = await openHdf5(bytes, limits);
  const config = file.attribute('/', 'model_config');
  if (typeof config !== 'string') {
    throw corrupt('the HDF5 file has no model_config; weights alone are not enough, save the whole model');
  }
  const written = file.attribute('/', 'keras_version');
  const version = typeof written === 'string' ? written : undefined;
  const dialect: Dialect = version?.startsWith('3.') === true ? 'keras3' : 'keras2';
  const model = parseModel(parsePythonJson(config, 'model_config', limits), dialect);
  const root = 'model_weights';
  if (!file.has(root)) throw corrupt('the HDF5 file has no model_weights');
  const layers = new Set(namesOf(file, root, 'layer_names'));
  return {
    format: 'h5',
    model,
    writtenBy: version,
    close: () => file.close(),
    weights: {
      kind: 'flat',
      variables: (layer) => (layers.has(layer.name) ? weightsOf(file, `${root}/${layer.name}`) : []),
    },
  };
}

function weightsOf(file: Hdf5, group: string): Tensor[] {
  return namesOf(file, group, 'weight_names').map((name) => file.tensor(`${group}/${name}`));
}

/** Long lists are cut into `name0`, `name1`, … because an HDF5 header holds 64 KiB at most. */
function namesOf(file: Hdf5, group: string, key: string): string[] {
  const whole = file.attribute(group, key);
  if (whole !== undefined) return [whole].flat();
  const parts: string[] = [];
  for (let index = 0; ; index += 1) {
    const part = file.attribute(group, `${key}${index}`);
    if (part === undefined) return parts;
    parts.push(...[part].flat());
  }
}
