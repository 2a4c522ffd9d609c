import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { messageOf, WorkerThreads } from '#libs/kernel';
import {
  loadModel,
  ModelError,
  type InputTensor,
  type Model,
  type ModelDescription,
  type ModelPaths,
  type OutputTensor,
  type RowSampleOptions,
  type SampledOutput,
  type SampleOptions,
} from '#libs/keras-onnx';
import { PluginError } from '#libs/plugin-sdk';
import type { TfjsTask } from './tfjs-engine.js';

/** The package that `model_runtime` `tfjs` computes with. It is installed by those who want it. */
const TFJS_PACKAGE = '@tensorflow/tfjs-node';

/**
 * Where the installed TensorFlow.js is.
 * @throws PluginError `not_configured` that says how to install it
 */
export function findTfjs(name = TFJS_PACKAGE): string {
  try {
    return pathToFileURL(createRequire(import.meta.url).resolve(name)).href;
  } catch (error) {
    throw new PluginError(
      'not_configured',
      `model_runtime: tfjs needs the package ${name}, which is not installed; npm install ${name}, or use model_runtime onnx`,
      { cause: error },
    );
  }
}

/**
 * Loads a TensorFlow.js layers model that TensorFlow.js itself computes, in a thread of its own. The file is checked and
 * described as every other model first, in the process that hostile files can't harm.
 * @param library address of the library's module, from {@link findTfjs}
 */
export async function loadTfjsModel(path: ModelPaths, library: string): Promise<Model> {
  const checked = await loadModel(path);
  const description = checked.describe();
  await checked.dispose();
  if (description.format !== 'tfjs' || typeof path !== 'string') {
    const detail = `model_runtime tfjs takes TensorFlow.js models (model.json), not ${description.format} files`;
    throw new ModelError('model_unsupported', detail);
  }
  const worker = new URL('./tfjs-engine.js', import.meta.url);
  const threads = new WorkerThreads<TfjsTask, unknown>(worker, { maxThreads: 1, idleMs: Infinity });
  if (!threads.isBuilt) {
    throw new PluginError(
      'not_configured',
      'model_runtime: tfjs needs a build of the server (npm run build)',
    );
  }
  const model = new TfjsModel(description, threads, { library, path, sha256: description.sha256 });
  try {
    return await model.opened();
  } catch (error) {
    await threads.close({ atOnce: true });
    throw error;
  }
}

class TfjsModel implements Model {
  #isDisposed = false;

  constructor(
    private readonly description: ModelDescription,
    private readonly threads: WorkerThreads<TfjsTask, unknown>,
    private readonly file: Pick<TfjsTask, 'library' | 'path' | 'sha256'>,
    private readonly samplingRefused: string | null = null,
  ) {}

  async opened(): Promise<TfjsModel> {
    const refusal = (await this.#ask(null, null)) as string | null;
    return this.description.stochastic
      ? new TfjsModel(this.description, this.threads, this.file, refusal)
      : this;
  }

  describe(): ModelDescription {
    const { samplingRefused } = this;
    if (samplingRefused === null) return this.description;
    return { ...this.description, stochastic: false, samplingRefused };
  }

  async run(inputs: readonly InputTensor[]): Promise<OutputTensor[]> {
    return (await this.#ask(inputs, null)) as OutputTensor[];
  }

  async sample(inputs: readonly InputTensor[], options: SampleOptions): Promise<SampledOutput[]> {
    return (await this.#ask(inputs, options)) as SampledOutput[];
  }

  async sampleRows(
    inputs: readonly InputTensor[],
    { seeds, ...options }: RowSampleOptions,
  ): Promise<SampledOutput[][]> {
    const answers: SampledOutput[][] = [];
    for (const [row, seed] of seeds.entries()) {
      const own = inputs.map(({ name, shape, data }) => {
        const size = data.length / seeds.length;
        return {
          name,
          shape: [1, ...shape.slice(1)],
          data: Array.from(data).slice(row * size, (row + 1) * size),
        };
      });
      answers.push(await this.sample(own, { ...options, seed }));
    }
    return answers;
  }

  async dispose(): Promise<void> {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    await this.threads.close();
  }

  async #ask(inputs: readonly InputTensor[] | null, options: SampleOptions | null): Promise<unknown> {
    if (this.#isDisposed)
      throw new ModelError('model_disposed', 'the model has been disposed of; load it again');
    try {
      return await this.threads.run({ ...this.file, input: inputs?.[0] ?? null, options });
    } catch (error) {
      const [reason] = messageOf(error).split('\n', 1);
      throw new ModelError(
        'model_run_failed',
        `TensorFlow.js could not run the model: ${reason}; give other inputs, or serve it with ONNX Runtime`,
        {
          cause: error,
        },
      );
    }
  }
}
