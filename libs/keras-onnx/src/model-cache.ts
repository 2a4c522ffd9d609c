import { channel } from 'node:diagnostics_channel';
import type { BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
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

/** A model's file, or the two of an architecture and its weights. */
export type ModelPaths = string | readonly string[];

/** Loaded models by their content, the least recently used one disposed of when there are too many. */
export interface ModelCache {
  /** The model at a path: loaded, or the one from before when the file is still the same. */
  get(path: ModelPaths): Promise<Model>;
  /** Disposes of all models. */
  clear(): Promise<void>;
}

/**
 * A bounded cache of models. A file counts as unchanged while its size, inode and time of modification are, and those of the
 * files beside it that it was read with (weights, shards); a changed one is loaded anew, and when its SHA-256 is that of a
 * cached model (a copy, a touched file) that one is answered.
 * @param load another way to load a model, for those who compute it themselves
 */
export function createModelCache(
  size: number,
  options: LoadOptions = {},
  load = (path: ModelPaths): Promise<Model> => loadModel(path, options),
): ModelCache {
  return new BoundedModelCache(size, load);
}

interface KnownFile {
  readonly stamp: string;
  readonly sha256: string;
  readonly files: readonly string[];
}

class BoundedModelCache implements ModelCache {
  readonly #models: LRUCache<string, Model>;
  readonly #known = new Map<string, KnownFile>();
  readonly #loading = new SharedWork<Model>();
  readonly #leaving = new Set<Promise<void>>();
  readonly #load: (path: ModelPaths) => Promise<Model>;

  constructor(size: number, load: (path: ModelPaths) => Promise<Model>) {
    this.#load = load;
    this.#models = new LRUCache({ max: size, dispose: (model) => this.#leave(model) });
  }

  async get(path: ModelPaths): Promise<Model> {
    const known = this.#known.get(keyOf(path));
    const stamp = await stampOf(path, known?.files ?? []);
    const cached = known?.stamp === stamp ? this.#models.get(known.sha256) : undefined;
    if (cached !== undefined) return cached;
    return this.#loading.of(`${stamp} ${keyOf(path)}`, () => this.#fetch(path));
  }

  async clear(): Promise<void> {
    this.#known.clear();
    this.#models.clear();
    await Promise.all(this.#leaving);
  }

  async #fetch(path: ModelPaths): Promise<Model> {
    const before = await stampOf(path, this.#known.get(keyOf(path))?.files ?? []);
    const model = await this.#told(path);
    const { sha256, files } = model.describe();
    const same = this.#models.get(sha256);
    // Only a loaded model says which files stand beside it. Where they were not looked at before it was read, the next use
    // reads them again: one of them may have changed in between.
    const stamp = await stampOf(path, files);
    this.#remember(keyOf(path), { stamp: stamp === before ? stamp : 'unsure', sha256, files });
    if (same !== undefined) {
      this.#leave(model);
      return same;
    }
    this.#models.set(sha256, model);
    return model;
  }

  async #told(path: ModelPaths): Promise<Model> {
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
  #remember(key: string, entry: KnownFile): void {
    this.#known.delete(key);
    this.#known.set(key, entry);
    const oldest = this.#known.keys().next();
    if (this.#known.size > 4 * this.#models.max && oldest.done !== true) this.#known.delete(oldest.value);
  }

  #leave(model: Model): void {
    const leaving = model.dispose().finally(() => this.#leaving.delete(leaving));
    this.#leaving.add(leaving);
  }
}

/** Of a model's own file, then of those beside it (for an unpacked folder: in it). */
async function stampOf(given: ModelPaths, files: readonly string[]): Promise<string> {
  const [path = ''] = [given].flat();
  const own = await stat(path, { bigint: true }).catch((error: unknown) => {
    throw notOpened(error);
  });
  const folder = own.isDirectory() ? path : dirname(path);
  const others = files.map((name) => join(folder, name)).filter((other) => other !== path);
  const states = await Promise.all(
    others.map((other) => stat(other, { bigint: true }).catch(() => undefined)),
  );
  return [own, ...states].map(textOf).join(' ');
}

const keyOf = (path: ModelPaths): string => [path].flat().join('\n');

const textOf = (state: BigIntStats | undefined): string =>
  state === undefined ? 'none' : `${state.dev}:${state.ino}:${state.size}:${state.mtimeNs}`;
