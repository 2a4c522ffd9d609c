import { Worker } from 'node:worker_threads';
import { entryPoint } from '#libs/kernel';
import { ModelError, isModelErrorCode } from '../errors.js';
import type { CompiledModel } from '../isolate/compile-file.js';
import type { RowSampleOptions, SampledOutput, SampleOptions } from './sample-summary.js';
import type { InputTensor, OutputTensor } from './tensors.js';

/** Something that answers `run` and `sample`: an engine in this thread or one behind a thread of its own. */
export interface Inference {
  run(inputs: readonly InputTensor[]): Promise<OutputTensor[]>;
  sample(inputs: readonly InputTensor[], options: SampleOptions): Promise<SampledOutput[]>;
  sampleRows(inputs: readonly InputTensor[], options: RowSampleOptions): Promise<SampledOutput[][]>;
  close(): Promise<void>;
}

/** A question to the thread. */
export type ThreadRequest =
  | { readonly id: number; readonly kind: 'run'; readonly inputs: readonly InputTensor[] }
  | {
      readonly id: number;
      readonly kind: 'sample';
      readonly inputs: readonly InputTensor[];
      readonly options: SampleOptions;
    }
  | {
      readonly id: number;
      readonly kind: 'sampleRows';
      readonly inputs: readonly InputTensor[];
      readonly options: RowSampleOptions;
    }
  | { readonly id: number; readonly kind: 'close' };

/** Its answer. */
export type ThreadAnswer =
  | { readonly id: number; readonly value: unknown }
  | {
      readonly id: number;
      readonly error: { readonly code: string; readonly detail: string; readonly layer: string | undefined };
    };

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A model in a thread of its own. ONNX Runtime's Node binding computes on the calling thread, so a transformer with 100
 * samples (60 ms) would stop the event loop of a server; a message costs about 0.1 ms.
 */
export class InferenceThread implements Inference {
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  #next = 0;

  private constructor(worker: Worker) {
    this.#worker = worker;
    worker.on('message', (answer: ThreadAnswer) => this.#settle(answer));
    worker.on('error', (error) => this.#fail(error));
    worker.on('exit', () =>
      this.#fail(new ModelError('model_disposed', 'the thread of the model has ended; load it again')),
    );
  }

  /** Starts the thread and opens the model in it. */
  static async open(model: CompiledModel, threads: number): Promise<InferenceThread> {
    const { url, flags } = entryPoint(new URL('./thread-entry.js', import.meta.url), 'thread');
    const worker = new Worker(url, { workerData: { model, threads }, execArgv: [...flags], env: {} });
    const thread = new InferenceThread(worker);
    // The thread answers number 0 by itself once the model is open.
    const opened = thread.#expect(thread.#next++);
    await opened.catch(async (error: unknown) => {
      await worker.terminate();
      throw error;
    });
    worker.unref();
    return thread;
  }

  async run(inputs: readonly InputTensor[]): Promise<OutputTensor[]> {
    return (await this.#ask((id) => ({ id, kind: 'run', inputs }))) as OutputTensor[];
  }

  async sample(inputs: readonly InputTensor[], options: SampleOptions): Promise<SampledOutput[]> {
    return (await this.#ask((id) => ({ id, kind: 'sample', inputs, options }))) as SampledOutput[];
  }

  async sampleRows(inputs: readonly InputTensor[], options: RowSampleOptions): Promise<SampledOutput[][]> {
    const asked = (id: number): ThreadRequest => ({ id, kind: 'sampleRows', inputs, options });
    return (await this.#ask(asked)) as SampledOutput[][];
  }

  async close(): Promise<void> {
    await this.#ask((id) => ({ id, kind: 'close' }));
    await this.#worker.terminate();
  }

  async #ask(request: (id: number) => ThreadRequest): Promise<unknown> {
    const id = this.#next++;
    const answer = this.#expect(id);
    // A waiting caller keeps the process alive, an idle model does not.
    if (this.#pending.size === 1) this.#worker.ref();
    this.#worker.postMessage(request(id), []);
    try {
      return await answer;
    } finally {
      if (this.#pending.size === 0) this.#worker.unref();
    }
  }

  #expect(id: number): Promise<unknown> {
    return new Promise((resolve, reject) => this.#pending.set(id, { resolve, reject }));
  }

  #settle(answer: ThreadAnswer): void {
    const pending = this.#pending.get(answer.id);
    this.#pending.delete(answer.id);
    if (!('error' in answer)) return pending?.resolve(answer.value);
    const { code, detail, layer } = answer.error;
    pending?.reject(new ModelError(isModelErrorCode(code) ? code : 'model_run_failed', detail, { layer }));
  }

  #fail(error: Error): void {
    for (const pending of this.#pending.values()) pending.reject(error);
    this.#pending.clear();
  }
}
