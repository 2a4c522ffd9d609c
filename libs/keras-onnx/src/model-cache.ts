import { channel } from 'node:diagnostics_channel';
import { stat } from 'node:fs/promises';
import { LRUCache } from 'lru-cache';
import { SharedWork } from '#libs/kernel';
import { notOpened } from './errors.js';
import { loadModel, type LoadOptions, type Model } from './model.js';

/** Where each read of a model file is told, for whoever counts them: a {@link ModelLoad} a message. */
export const MODEL_LOADS = 'keras-onnx.model-load';
const loads = channel(MODEL_LOADS);

/** One read of a model file. */
export interface ModelLoad {
  readonly result: 'loaded' | 'failed';
  /** Until the model was ready, or was refused. */
  readonly durationMs: number;
}

/** Loaded models by their content, the least recently used one disposed of when there are too many. */
export interface ModelCache {
  /** The model at a path: loaded, or the one from before when the file is still the same. */
  get(path: string): Promise<Model>;
  /** Disposes of all models. */
  clear(): Promise<void>;
}

/**
 * A bounded cache of models. A file counts as unchanged while its size, inode and time of modification are; a changed file
 * is loaded anew, and when its SHA-256 is that of a cached model (a copy, a touched file) that one is answered.
 * TensorFlow.js shards are not watched: replace `model.json` with them.
 * @param load another way to load a model, for those who compute it themselves
 */
export function createModelCache(
  size: number,
  options: LoadOptions = {},
  load = (path: string): Promise<Model> => loadModel(path, options),
): ModelCache {
  return new BoundedModelCache(size, load);
}

class BoundedModelCache implements ModelCache {
  readonly #models: LRUCache<string, Model>;
  readonly #known = new Map<string, { readonly stamp: string; readonly sha256: string }>();
  readonly #loading = new SharedWork<Model>();
  readonly #leaving = new Set<Promise<void>>();
  readonly #load: (path: string) => Promise<Model>;

  constructor(size: number, load: (path: string) => Promise<Model>) {
    this.#load = load;
    this.#models = new LRUCache({ max: size, dispose: (model) => this.#leave(model) });
  }

  async get(path: string): Promise<Model> {
    const stamp = await stampOf(path);
    const known = this.#known.get(path);
    const cached = known?.stamp === stamp ? this.#models.get(known.sha256) : undefined;
    if (cached !== undefined) return cached;
    return this.#loading.of(`${stamp} ${path}`, () => this.#fetch(path, stamp));
  }

  async clear(): Promise<void> {
    this.#known.clear();
    this.#models.clear();
    await Promise.all(this.#leaving);
  }

  async #fetch(path: string, stamp: string): Promise<Model> {
    const model = await this.#told(path);
    const { sha256 } = model.describe();
    const same = this.#models.get(sha256);
    this.#remember(path, { stamp, sha256 });
    if (same !== undefined) {
      this.#leave(model);
      return same;
    }
    this.#models.set(sha256, model);
    return model;
  }

  async #told(path: string): Promise<Model> {
    const startedMs = performance.now();
    const tell = (result: ModelLoad['result']): void =>
      loads.publish({ result, durationMs: performance.now() - startedMs } satisfies ModelLoad);
    try {
      const model = await this.#load(path);
      tell('loaded');
      return model;
    } catch (error) {
      tell('failed');
      throw error;
    }
  }

  /** Paths are forgotten oldest first, so that many short-lived names do not add up. */
  #remember(path: string, entry: { readonly stamp: string; readonly sha256: string }): void {
    this.#known.delete(path);
    this.#known.set(path, entry);
    const oldest = this.#known.keys().next();
    if (this.#known.size > 4 * this.#models.max && oldest.done !== true) this.#known.delete(oldest.value);
  }

  #leave(model: Model): void {
    const leaving = model.dispose().finally(() => this.#leaving.delete(leaving));
    this.#leaving.add(leaving);
  }
}

async function stampOf(path: string): Promise<string> {
  const state = await stat(path, { bigint: true }).catch((error: unknown) => {
    throw notOpened(error);
  });
  return `${state.dev}:${state.ino}:${state.size}:${state.mtimeNs}`;
}
