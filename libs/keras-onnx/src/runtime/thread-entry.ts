import { parentPort, workerData } from 'node:worker_threads';
import { ModelError } from '../errors.js';
import type { CompiledModel } from '../isolate/compile-file.js';
import { Engine } from './engine.js';
import type { ThreadAnswer, ThreadRequest } from './inference-thread.js';

/** The other end of `InferenceThread`. Questions are answered one after the other, in the order they came. */
const { model, threads } = workerData as { model: CompiledModel; threads: number };
let last: Promise<void> = Promise.resolve();

const answer = (id: number, work: () => Promise<unknown>): Promise<void> =>
  work().then(
    (value) => parentPort?.postMessage({ id, value } satisfies ThreadAnswer, []),
    (error: unknown) => {
      const known =
        error instanceof ModelError
          ? error
          : new ModelError('model_run_failed', 'the model could not be run; load it again');
      const { code, detail, layer } = known;
      parentPort?.postMessage({ id, error: { code, detail, layer } } satisfies ThreadAnswer, []);
    },
  );

const engine = Engine.open(model, threads);
await answer(0, async () => void (await engine));

async function serve(request: ThreadRequest): Promise<unknown> {
  const open = await engine;
  if (request.kind === 'run') return open.run(request.inputs);
  if (request.kind === 'sampleRows') return open.sampleRows(request.inputs, request.options);
  return request.kind === 'sample' ? open.sample(request.inputs, request.options) : open.close();
}

parentPort?.on('message', (request: ThreadRequest) => {
  last = last.then(() => answer(request.id, () => serve(request)));
});
