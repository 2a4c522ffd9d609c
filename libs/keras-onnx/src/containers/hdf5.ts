import { Dataset, File, FS, Group, Module, ready } from 'h5wasm';
import { corrupt, ModelError } from '../errors.js';
import type { Tensor } from '../graph/emitter.js';
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
  #elements = 0;

  private constructor(file: File, limits: ModelLimits) {
    this.#file = file;
    this.#limits = limits;
  }

  /** Opens the bytes of a file. Throws `model_corrupt` when they are no HDF5. */
  static async open(bytes: Uint8Array, limits: ModelLimits): Promise<Hdf5> {
    await ready;
    if (FS === null) throw new Error('invariant broken: h5wasm has a file system once it is ready');
    // Errors of HDF5 then arrive as exceptions instead of being printed.
    Module.activate_throwing_error_handler();
    opened += 1;
    const path = `/model-${opened}.h5`;
    FS.writeFile(path, bytes);
    const file = guarded(() => new File(path, 'r'));
    // HDF5 identifiers are positive; anything else means that the file did not open.
    if (file.file_id <= 0n) throw corrupt('the weights are no HDF5 file');
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
        throw new ModelError('model_too_large', `the attribute has ${bytes} bytes`);
      const { value } = attribute;
      if (typeof value === 'string') return value;
      if (ArrayBuffer.isView(value)) return undefined;
      return Array.isArray(value) && value.every((one) => typeof one === 'string') ? value : undefined;
    });
  }

  /** The numbers of a data set as 32-bit floats. */
  tensor(path: string): Tensor {
    const found = this.#find(path);
    if (!(found instanceof Dataset)) throw corrupt('a weight is missing in the file');
    const metadata = guarded(() => found.metadata);
    const shape = [...(metadata.shape ?? [])];
    const size = shape.reduce((product, length) => product * length, 1);
    this.#elements += size;
    if (!Number.isSafeInteger(size) || this.#elements > this.#limits.weightElements) {
      throw new ModelError(
        'model_too_large',
        `the weights have more than ${this.#limits.weightElements} numbers`,
      );
    }
    if ((metadata.virtual_sources ?? []).length > 0) throw corrupt('a weight is stored outside the file');
    const data = toFloats(guarded(() => found.value));
    if (data.length !== size) throw corrupt('a weight is cut off');
    return { shape, data };
  }

  /** Releases the file and its memory. */
  close(): void {
    this.#file.close();
    FS?.unlink(this.#file.filename);
  }

  /** Steps down from the root, so that a link anywhere on the way is seen. */
  #find(path: string): Group | Dataset | undefined {
    const steps = path.split('/').filter((step) => step !== '');
    if (steps.length > MAX_DEPTH) throw corrupt('the groups of the file are nested too deeply');
    let here: Group | Dataset = this.#file;
    for (const step of steps) {
      if (!(here instanceof Group)) return undefined;
      const group: Group = here;
      const next = guarded(() => (group.keys().includes(step) ? followed(group, step) : undefined));
      if (next === undefined) return undefined;
      here = next;
    }
    return here;
  }
}

function followed(group: Group, name: string): Group | Dataset | undefined {
  const target: unknown = group.get_link(`${group.path === '/' ? '' : group.path}/${name}`);
  const next = group.get(name);
  if (next === null) return undefined;
  if (typeof target === 'string' || !(next instanceof Dataset || next instanceof Group))
    throw corrupt('the file holds a link');
  return next;
}

function toFloats(value: unknown): Float32Array {
  if (value instanceof Float32Array) return value;
  if (value instanceof BigInt64Array || value instanceof BigUint64Array)
    return Float32Array.from(value, Number);
  if (typeof value === 'number' || typeof value === 'bigint') return Float32Array.of(Number(value));
  if (ArrayBuffer.isView(value) && !(value instanceof DataView))
    return Float32Array.from(value as unknown as ArrayLike<number>);
  throw corrupt('a weight holds no numbers');
}

/** h5wasm throws plain errors and numbers. */
function guarded<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ModelError) throw error;
    throw corrupt('the HDF5 part of the file is damaged', undefined, error);
  }
}
