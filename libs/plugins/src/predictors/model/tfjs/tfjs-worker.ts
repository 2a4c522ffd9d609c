import type { InputTensor, SampleOptions } from '#libs/keras-onnx';
import { TfjsEngine } from './tfjs-engine.js';
import type { TfjsLibrary } from './tfjs-library.js';

/** What the thread of a model is asked. */
export interface TfjsTask {
  /** Address of the library's module. */
  readonly library: string;
  readonly path: string;
  readonly sha256: string;
  /** Null opens the model only. */
  readonly input: InputTensor | null;
  /** Null for one deterministic pass. */
  readonly options: SampleOptions | null;
}

let engine: Promise<TfjsEngine> | null = null;

async function openEngine({ library, path, sha256 }: TfjsTask): Promise<TfjsEngine> {
  const module = (await import(library)) as TfjsLibrary & { readonly default?: TfjsLibrary };
  // The package is CommonJS: its parts may only be on the default export.
  const tf = typeof module.loadLayersModel === 'function' ? module : (module.default ?? module);
  return TfjsEngine.open(tf, path, sha256);
}

/** The worker thread's entry: one thread computes one model. */
export default async function computeInThread(task: TfjsTask): Promise<unknown> {
  engine ??= openEngine(task);
  const { input, options } = task;
  const open = await engine;
  if (input === null) return open.samplingRefusal;
  return options === null ? open.run(input) : open.sample(input, options);
}
