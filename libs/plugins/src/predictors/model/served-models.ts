import { stat } from 'node:fs/promises';
import { BoundedQueue, SharedWork } from '#libs/kernel';
import { type CompiledModels, createModelCache, type Model, type ModelCache } from '#libs/keras-onnx';
import { pluginErrorCode, PluginError } from '#libs/plugin-sdk';
import { loadNormalisation, type Normalisation } from '#libs/timeseries';
import { fileFault, modelFault, type ModelType, type NamedFile, refuseForeignType } from './model-file.js';
import { configuredFile } from '../../configured-file.js';
import { loadMetadata, metadataPath, type ModelMetadata } from './model-metadata.js';
import { ServedModel, type ServingRules, withoutExtras } from './served-model.js';

/** The files of one model. Its metadata lie beside it; a normalisation of its own wins over one in the metadata. */
export interface ModelFiles {
  readonly model: NamedFile;
  readonly normalisation: NamedFile | null;
}

/**
 * The files that a predictor's parameters name.
 * @param parameter the one that holds `path`, for messages
 * @throws PluginError `not_configured` for a model that only Python can read
 */
export function modelFiles(
  { parameters, resolveFile }: ModelFilesContext,
  parameter: string,
  path: string | readonly string[],
): ModelFiles {
  const { model_type = 'keras', normalization_params_path: normalisation } = parameters;
  const named = (name: string, given: string): NamedFile => ({ parameter: name, path: resolveFile(given) });
  const [first = '', partner, ...others] = [path].flat();
  const own = named(parameter, first);
  if (others.length > 0 || (partner === undefined && typeof path !== 'string'))
    throw fileFault(own, 'a list must name two files, an architecture (.json) and its weights (.h5)');
  const model = partner === undefined ? own : { ...own, partner: resolveFile(partner) };
  refuseForeignType(model, model_type);
  return {
    model,
    normalisation: normalisation === null ? null : named('normalization_params_path', normalisation),
  };
}

interface ModelFilesContext {
  readonly parameters: {
    readonly model_type?: ModelType;
    readonly normalization_params_path: string | null;
  };
  readonly resolveFile: (path: string) => string;
}

/** Where a forecaster finds its model. */
export interface ModelSource {
  /** The model as it is now. @throws PluginError */
  open(): Promise<ServedModel>;
  /** Works with the model when its turn comes. @throws PluginError as `open`, and what the work throws */
  use<T>(work: (model: ServedModel) => Promise<T>, signal?: AbortSignal): Promise<T>;
}

interface SideFiles {
  readonly stamp: string;
  readonly metadata: ModelMetadata;
  readonly normalisation: Normalisation | null;
}

/** Calls at the same time by default; each model has one thread, so more would only wait there. */
const AT_ONCE = 4;
/** A model can be put out of a small cache between being found and being asked; then it is loaded again, a few times. */
const ATTEMPTS = 5;

/** Questions that wait for the models of one predictor. */
const MAX_WAITING = 1_000;

/** The line in front of models; it refuses with `source_unavailable`. */
export const forecastQueue = (atOnce: number): BoundedQueue =>
  new BoundedQueue(
    atOnce,
    MAX_WAITING,
    () =>
      new PluginError(
        'source_unavailable',
        `${MAX_WAITING} forecasts already wait for the models; try again later`,
      ),
  );

/**
 * The models of one predictor: loaded on first use, at most `cacheSize` of them kept, the least recently used one leaving
 * first. Files are looked at on every use, so a model, its metadata or its normalisation may be replaced while the server
 * runs; models are told apart by the SHA-256 of their files.
 */
export class ServedModels {
  readonly #cache: ModelCache;
  readonly #sides = new Map<string, SideFiles>();
  readonly #served = new WeakMap<Model, ServedModel>();
  readonly #opening = new SharedWork<ServedModel>();
  readonly #queue: BoundedQueue;
  #isClosed = false;

  constructor(
    private readonly rules: ServingRules & {
      readonly cacheSize: number;
      /** Calls that are handed to the models at the same time; more wait in line. Default 4. */
      readonly atOnce?: number;
      readonly compiled?: CompiledModels | undefined;
    },
    cache: ModelCache = createModelCache(rules.cacheSize, { compiled: rules.compiled }),
  ) {
    this.#cache = cache;
    this.#queue = forecastQueue(rules.atOnce ?? AT_ONCE);
  }

  /**
   * The model as its files are now. Calls that arrive while its files are looked at share that look.
   * @throws PluginError `not_configured` naming parameter, file and fault; `source_unavailable` when loading took too long
   */
  open(files: ModelFiles): Promise<ServedModel> {
    const key = `${files.model.path}\n${files.model.partner ?? ''}\n${files.normalisation?.path ?? ''}`;
    return this.#opening.of(key, () => this.#open(files));
  }

  /**
   * Works with a model when its turn comes. The work may run again from its start when the model left the cache meanwhile.
   * @throws PluginError as {@link open}, and what the work throws
   */
  use<T>(files: ModelFiles, work: (model: ServedModel) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.#queue.run(
      () =>
        workWith(
          () => this.open(files),
          work,
          () => this.#isClosed,
        ),
      signal,
    );
  }

  /** The source of one model. */
  of(files: ModelFiles): ModelSource {
    return { open: () => this.open(files), use: (work, signal) => this.use(files, work, signal) };
  }

  /** Frees all models once their calls under way have finished. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#cache.clear();
  }

  async #open(files: ModelFiles): Promise<ServedModel> {
    if (this.#isClosed) throw new PluginError('source_unavailable', 'the models are closed');
    const sides = await this.#sideFiles(files);
    const { path, partner } = files.model;
    const model = await this.#cache
      .get(partner === undefined ? path : [path, partner])
      .catch((error: unknown) => {
        throw modelFault(files.model, error);
      });
    const known = this.#served.get(model);
    const isSame =
      known?.metadata === sides.metadata &&
      known.normalisation === sides.normalisation &&
      known.file.path === files.model.path;
    if (known !== undefined && isSame) return known;
    const served = new ServedModel(files.model, model, sides.metadata, sides.normalisation, this.rules);
    this.#served.set(model, served);
    return served;
  }

  async #sideFiles({ model, normalisation: file }: ModelFiles): Promise<SideFiles> {
    const paths = [metadataPath(model.path), ...(file === null ? [] : [file.path])];
    const stamp = (await Promise.all(paths.map(stampOf))).join(' ');
    const key = [model.path, ...paths].join('\n');
    const known = this.#sides.get(key);
    if (known?.stamp === stamp) return known;
    const metadata = withoutExtras(model, await loadMetadata(model), this.rules.extras ?? []);
    const normalisation =
      file === null
        ? metadata.normalisation
        : await configuredFile(file.parameter, () => loadNormalisation(file.path));
    const sides = { stamp, metadata, normalisation };
    this.#sides.set(key, sides);
    return sides;
  }
}

/** Works with a model, again from the start where it left while it was worked with. */
export async function workWith<T>(
  open: () => Promise<ServedModel>,
  work: (model: ServedModel) => Promise<T>,
  isOver: () => boolean,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work(await open());
    } catch (error) {
      if (isOver() || attempt === ATTEMPTS || !wasDisposed(error)) throw error;
    }
  }
}

const wasDisposed = (error: unknown): boolean => {
  if (pluginErrorCode(error) !== 'source_unavailable') return false;
  const { cause } = error as PluginError;
  return cause instanceof Error && 'code' in cause && cause.code === 'model_disposed';
};

/** Changes when a file does; a missing file has one too, so that its appearance is noticed. */
async function stampOf(path: string): Promise<string> {
  const state = await stat(path, { bigint: true }).catch(() => null);
  return state === null ? 'none' : `${state.dev}:${state.ino}:${state.size}:${state.mtimeNs}`;
}
