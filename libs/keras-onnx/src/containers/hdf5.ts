import { Dataset, File, FS, Group, Module, ready } from 'h5wasm';
import { corrupt, ModelError, tooLarge } from '../errors.js';
import type { Tensor } from '../graph/emitter.js';
import { bfloatToNumber, halfToNumber } from '#libs/kernel';
import { checkHeaps, damagedHdf5 } from './hdf5-heaps.js';
import { isHdf5, userBlocks } from './recognise.js';
import type { ModelLimits } from './source.js';

/** HDF5 keeps open files apart by their path, so each gets its own. */
let opened = 0;
const MAX_DEPTH = 64;

/**
 * A read-only view of an HDF5 file in memory. h5wasm's browser build is used on purpose: its file system is memory
 * only, so links and external storage inside a file cannot reach the disk. Links are refused all the same.
 */
export class Hdf5 {
  readonly #file: File;
  readonly #limits: ModelLimits;
  readonly #names = new Map<string, ReadonlySet<string>>();
  #elements = 0;

  private constructor(file: File, limits: ModelLimits) {
    this.#file = file;
    this.#limits = limits;
  }

  /** Opens the bytes of a file. Throws `model_corrupt` when they are no HDF5. */
  static async open(bytes: Uint8Array, limits: ModelLimits): Promise<Hdf5> {
    await ready;
    const superblock = userBlocks(bytes.length).find((at) => isHdf5(bytes, at));
    if (superblock === undefined) throw corrupt('the file of the weights is no HDF5 file');
    checkHeaps(bytes, superblock);
    if (FS === null) throw new Error('invariant broken: h5wasm has a file system once it is ready');
    // Errors of HDF5 then arrive as exceptions instead of being printed.
    Module.activate_throwing_error_handler();
    opened += 1;
    const path = `/model-${opened}.h5`;
    FS.writeFile(path, bytes);
    const file = guarded(() => new File(path, 'r'));
    // HDF5 identifiers are positive; anything else means that the file did not open.
    if (file.file_id <= 0n) throw corrupt('the file of the weights is no HDF5 file');
    return new Hdf5(file, limits);
  }

  /** Names directly inside a group, in the file's order; empty when there is no such group. */
  names(path: string): string[] {
    const group = this.#find(path);
    return group instanceof Group ? guarded(() => group.keys()) : [];
  }

  /** Whether a group or data set is there. */
  has(path: string): boolean {
    return this.#find(path) !== undefined;
  }

  /** A text attribute (or a list of texts) of a group; undefined when it is missing. */
  attribute(path: string, name: string): string | string[] | undefined {
    const group = this.#find(path);
    if (!(group instanceof Group)) return undefined;
    return guarded(() => {
      const attribute = group.attrs[name];
      if (attribute === undefined) return undefined;
      const bytes = attribute.metadata.size * (attribute.shape ?? []).reduce((size, dim) => size * dim, 1);
      if (!Number.isSafeInteger(bytes) || bytes > this.#limits.configBytes)
        throw tooLarge(
          `the attribute '${name}' of the HDF5 file has ${bytes} bytes, the limit is ${this.#limits.configBytes}`,
        );
      const { value, metadata } = attribute;
      const read = metadata.cset === 1 ? (text: string): string => text : fromBytes;
      if (typeof value === 'string') return read(value);
      // A list without entries is written as numbers.
      if (ArrayBuffer.isView(value)) return value.byteLength === 0 ? [] : undefined;
      return Array.isArray(value) && value.every((one) => typeof one === 'string')
        ? value.map(read)
        : undefined;
    });
  }

  /** The numbers of a data set as 32-bit floats. */
  tensor(path: string): Tensor {
    const found = this.#find(path);
    const shown = `'${path.slice(0, 100)}'`;
    if (!(found instanceof Dataset)) throw corrupt(`the HDF5 file has no weight ${shown}`);
    const metadata = guarded(() => found.metadata);
    const shape = [...(metadata.shape ?? [])];
    const size = shape.reduce((product, length) => product * length, 1);
    this.#elements += size;
    if (!Number.isSafeInteger(size) || this.#elements > this.#limits.weightElements) {
      throw tooLarge(`the weights of the HDF5 file have more than ${this.#limits.weightElements} numbers`);
    }
    if ((metadata.virtual_sources ?? []).length > 0)
      throw corrupt(`the weight ${shown} is stored outside the HDF5 file`);
    const data = guarded(() =>
      metadata.size === 2 && !isInteger(metadata.type) ? halves(found) : toFloats(found.value),
    );
    if (data.length !== size) throw corrupt(`the weight ${shown} of the HDF5 file is cut off`);
    return { shape, data };
  }

  /** Releases the file and its memory. */
  close(): void {
    this.#file.close();
    FS?.unlink(this.#file.filename);
  }

  #find(path: string): Group | Dataset | undefined {
    const steps = path.split('/').filter((step) => step !== '');
    if (steps.length > MAX_DEPTH) throw corrupt('the groups of the HDF5 file are nested too deeply');
    return this.#down(this.#file, steps);
  }

  /**
   * Steps down, so that a link anywhere on the way is seen. Keras on Windows put back-slashes between the names of
   * layers, which HDF5 takes as parts of one name: where the next step is not there, it is looked for joined with those behind it.
   */
  #down(here: Group | Dataset, steps: readonly string[]): Group | Dataset | undefined {
    if (steps.length === 0) return here;
    if (!(here instanceof Group)) return undefined;
    const names = this.#namesIn(here);
    for (let joined = 1; joined <= steps.length; joined += 1) {
      const name = steps.slice(0, joined).join('\\');
      if (!names.has(name)) continue;
      const next = guarded(() => followed(here, name));
      const found = next === undefined ? undefined : this.#down(next, steps.slice(joined));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #namesIn(group: Group): ReadonlySet<string> {
    const known = this.#names.get(group.path);
    if (known !== undefined) return known;
    const names = new Set(guarded(() => group.keys()));
    this.#names.set(group.path, names);
    return names;
  }
}

function followed(group: Group, name: string): Group | Dataset | undefined {
  const target: unknown = group.get_link(`${group.path === '/' ? '' : group.path}/${name}`);
  const next = group.get(name);
  if (next === null) return undefined;
  if (typeof target === 'string' || !(next instanceof Dataset || next instanceof Group))
    throw corrupt('the HDF5 file holds a link');
  return next;
}

/** Numbers of two bytes, which h5wasm does not read: halves, and bfloat16, which h5py stores as plain bytes. */
function halves(dataset: Dataset): Float32Array {
  const { size, total_size: count, type } = dataset.metadata;
  const littleEndian = type === OPAQUE || dataset.metadata.littleEndian;
  const pointer = Module._malloc(size * count);
  if (pointer === 0) throw tooLarge('a weight of the HDF5 file does not fit in memory');
  try {
    Module.get_dataset_data(dataset.file_id, dataset.path ?? '', null, null, null, BigInt(pointer));
    const view = new DataView(Module.HEAPU8.slice(pointer, pointer + size * count).buffer);
    const convert = type === FLOAT ? halfToNumber : bfloatToNumber;
    return Float32Array.from({ length: count }, (_, index) =>
      convert(view.getUint16(2 * index, littleEndian)),
    );
  } finally {
    Module._free(pointer);
  }
}

const FLOAT = 1;
const OPAQUE = 5;
const isInteger = (type: number): boolean => type !== FLOAT && type !== OPAQUE;

/** What h5wasm makes of each byte of a text without a declared encoding. */
const SIGNS = new TextDecoder('windows-1252').decode(Uint8Array.from({ length: 256 }, (_, byte) => byte));

/** Keras writes UTF-8 without declaring it, which h5wasm reads byte by byte. */
function fromBytes(text: string): string {
  const bytes = Array.from(text, (sign) =>
    sign.charCodeAt(0) < 256 ? sign.charCodeAt(0) : SIGNS.indexOf(sign),
  );
  if (bytes.every((byte) => byte < 128) || bytes.includes(-1)) return text;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(bytes));
  } catch {
    return text;
  }
}

function toFloats(value: unknown): Float32Array {
  if (value instanceof Float32Array) return value;
  if (value instanceof BigInt64Array || value instanceof BigUint64Array)
    return Float32Array.from(value, Number);
  if (typeof value === 'number' || typeof value === 'bigint') return Float32Array.of(Number(value));
  if (ArrayBuffer.isView(value) && !(value instanceof DataView))
    return Float32Array.from(value as unknown as ArrayLike<number>);
  throw corrupt('a weight of the HDF5 file holds no numbers');
}

/** h5wasm throws plain errors and numbers. */
function guarded<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ModelError) throw error;
    throw damagedHdf5(error);
  }
}
