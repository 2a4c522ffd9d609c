/**
 * 100-sample Monte-Carlo forecasts: this library against ONNX Runtime with a batch of 100 and TensorFlow.js on WASM with a
 * batch of 100, in one run. `node --conditions=development --import tsx bench/keras-onnx.ts`
 */
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DEFAULT_LIMITS } from '../libs/keras-onnx/src/containers/source.js';
import { loadModel } from '../libs/keras-onnx/src/index.js';
import { compileFile } from '../libs/keras-onnx/src/isolate/compile-file.js';
import { Engine } from '../libs/keras-onnx/src/runtime/engine.js';
import { zip, hdf5, put } from '../test/unit/keras-onnx/files.js';

const SAMPLES = 100;
const TURNS = 5;
/** Windows of a back-test that are asked together, and samples of each: few enough that several fit in one run. */
const WINDOWS = 8;
const JOINED_SAMPLES = 10;
const SHARED = '../shared/fixtures/bench';

/** Medians in milliseconds for 100 samples of one window. */
export interface KerasOnnxFigures {
  readonly model: string;
  /** In the calling thread. */
  readonly inlineMs: number;
  /** In the model's own thread, message included. */
  readonly threadedMs: number;
  /** Nested, in the calling thread; undefined for a model without a cheap end behind other random layers. */
  readonly nestedMs: number | undefined;
  /** How many passes of those went through the costly part. */
  readonly bodies: number | undefined;
  /** ONNX Runtime on a batch of 100 copies of the window, nothing random. */
  readonly batchedMs: number;
  /** TensorFlow.js on WASM on such a batch; undefined where it is not measured. */
  readonly tfjsMs: number | undefined;
  /** For each of several windows that are sampled in one call, as a back-test asks, and one call after the other. */
  readonly joinedMs: number;
  readonly apartMs: number;
}

/** Milliseconds of each round of a task after a warm-up. */
async function timed(rounds: number, task: (round: number) => Promise<unknown>): Promise<number[]> {
  await task(0);
  const times: number[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const start = performance.now();
    await task(round);
    times.push(performance.now() - start);
  }
  return times;
}

const median = (times: readonly number[]): number =>
  times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN;

/** LSTM(64) → Dropout(0.2) → Dense(6) on 256 × 8, for machines without the reference models; another `name`, another file. */
export async function builtInLstm(folder: string, name = 'lstm64'): Promise<string> {
  const entry = (class_name: string, config: Record<string, unknown>) => ({
    module: 'keras.layers',
    class_name,
    config,
  });
  const config = {
    module: 'keras',
    class_name: 'Sequential',
    config: {
      name,
      layers: [
        entry('InputLayer', { name: 'window', batch_shape: [null, 256, 8] }),
        entry('LSTM', { name: 'lstm', units: 64 }),
        entry('Dropout', { name: 'dropout', rate: 0.2 }),
        entry('Dense', { name: 'dense', units: 6 }),
      ],
    },
  };
  const values = (size: number): Float32Array =>
    Float32Array.from({ length: size }, (_, index) => Math.sin(index) / 10);
  const weights = await hdf5((root) => {
    put(root, 'layers/lstm/cell/vars/0', [8, 256], values(2_048));
    put(root, 'layers/lstm/cell/vars/1', [64, 256], values(16_384));
    put(root, 'layers/lstm/cell/vars/2', [256], values(256));
    put(root, 'layers/dense/vars/0', [64, 6], values(384));
    put(root, 'layers/dense/vars/1', [6], values(6));
  });
  const path = join(folder, `${name}.keras`);
  const entries = [
    { name: 'config.json', bytes: Buffer.from(JSON.stringify(config)) },
    { name: 'model.weights.h5', bytes: weights },
  ];
  await writeFile(path, zip(entries));
  return path;
}

/**
 * The LSTM in TensorFlow.js on WASM; undefined where that backend is not installed. It has 14 MB and only this benchmark
 * needs it: `npm install --no-save @tensorflow/tfjs-backend-wasm@4.22.0`.
 */
async function tfjsLstm(): Promise<number | undefined> {
  try {
    // The CommonJS builds: the ES modules of TensorFlow.js import directories, which Node refuses.
    const load = createRequire(import.meta.url);
    const tf = load('@tensorflow/tfjs-core') as typeof import('@tensorflow/tfjs-core');
    load('@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops.js');
    const { sequential, layers } = load(
      '@tensorflow/tfjs-layers',
    ) as typeof import('@tensorflow/tfjs-layers');
    const wasm = load('@tensorflow/tfjs-backend-wasm') as { setWasmPaths(prefix: string): void };
    wasm.setWasmPaths(`${join('node_modules', '@tensorflow/tfjs-backend-wasm/dist')}/`);
    tf.enableProdMode();
    await tf.setBackend('wasm');
    const model = sequential({
      layers: [
        layers.lstm({ units: 64, recurrentActivation: 'sigmoid', inputShape: [256, 8] }),
        layers.dropout({ rate: 0.2 }),
        layers.dense({ units: 6 }),
      ],
    });
    const input = tf.ones([SAMPLES, 256, 8]);
    const times = await timed(3, async () => {
      const answer = model.predict(input);
      for (const one of [answer].flat()) {
        await one.data();
        one.dispose();
      }
    });
    return median(times);
  } catch (error) {
    console.log(
      `TensorFlow.js on WASM is not measured: ${error instanceof Error ? error.message : String(error)}`,
    );
    return undefined;
  }
}

/** Times one model; `tfjs` is what TensorFlow.js took for the same layers, where that was measured. */
async function measureModel(
  path: string,
  model: string,
  rounds: number,
  tfjsMs: number | undefined,
): Promise<KerasOnnxFigures> {
  const compiled = await compileFile(path, DEFAULT_LIMITS);
  const shape = (compiled.run.inputs[0]?.shape ?? []).slice(1).map(Number);
  const size = shape.reduce((product, dim) => product * dim, 1);
  const data = Float32Array.from({ length: size }, (_, index) => Math.sin(index));
  const row = { shape: [1, ...shape], data };
  const batch = {
    shape: [SAMPLES, ...shape],
    data: Float32Array.from({ length: size * SAMPLES }, (_, index) => data[index % size] ?? 0),
  };
  const [threaded, inline] = [await loadModel(path), await Engine.open(compiled, 1)];
  // By turns, so that a busy moment of the machine meets all of them.
  const times: Record<'inline' | 'nested' | 'threaded' | 'batched' | 'joined' | 'apart', number[]> = {
    inline: [],
    nested: [],
    threaded: [],
    batched: [],
    joined: [],
    apart: [],
  };
  const windows = {
    shape: [WINDOWS, ...shape],
    data: Float32Array.from({ length: size * WINDOWS }, (_, index) => Math.sin(index)),
  };
  const together = (samples: number) =>
    inline.sampleRows([windows], { samples, seeds: Array.from({ length: WINDOWS }, (_, at) => at) });
  const oneByOne = async (samples: number): Promise<void> => {
    for (let at = 0; at < WINDOWS; at += 1) {
      const part = windows.data.subarray(at * size, (at + 1) * size);
      await inline.sample([{ shape: [1, ...shape], data: part }], { samples, seed: at });
    }
  };
  const [first] = await inline.sample([row], { samples: SAMPLES, seed: 0, nested: true });
  const bodies = first?.nesting?.bodies;
  for (let turn = 0; turn < TURNS; turn += 1) {
    const seed = turn * rounds;
    const ask = (round: number) => ({ samples: SAMPLES, seed: seed + round });
    times.inline.push(...(await timed(rounds, (round) => inline.sample([row], ask(round)))));
    if (bodies !== undefined) {
      const nested = (round: number) => inline.sample([row], { ...ask(round), nested: true });
      times.nested.push(...(await timed(rounds, nested)));
    }
    times.threaded.push(...(await timed(rounds, (round) => threaded.sample([row], ask(round)))));
    times.batched.push(...(await timed(Math.max(3, rounds / 10), () => inline.run([batch]))));
    times.joined.push(...(await timed(3, () => together(JOINED_SAMPLES))));
    times.apart.push(...(await timed(3, () => oneByOne(JOINED_SAMPLES))));
  }
  await threaded.dispose();
  await inline.close();
  return {
    model,
    inlineMs: median(times.inline),
    threadedMs: median(times.threaded),
    nestedMs: bodies === undefined ? undefined : median(times.nested),
    bodies,
    batchedMs: median(times.batched),
    tfjsMs,
    joinedMs: median(times.joined) / WINDOWS,
    apartMs: median(times.apart) / WINDOWS,
  };
}

/** Times the reference models; where they are absent, an LSTM of the same size made here. */
export async function measureKerasOnnx(): Promise<KerasOnnxFigures[]> {
  const folder = await mkdtemp(join(tmpdir(), 'keras-onnx-'));
  try {
    const lstm = join(SHARED, 'bench_lstm64_w256.keras');
    const path = existsSync(lstm) ? lstm : await builtInLstm(folder);
    const figures = [await measureModel(path, 'LSTM 64, window 256 × 8', 40, await tfjsLstm())];
    const transformer = join(SHARED, 'bench_transformer_w144.keras');
    if (existsSync(transformer))
      figures.push(await measureModel(transformer, 'transformer, window 144 × 54', 5, undefined));
    return figures;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The figures of one model in words. */
export function describeKerasOnnx(one: KerasOnnxFigures): string {
  const peer = (ms: number): string => `${ms.toFixed(1)} ms (${(ms / one.inlineMs).toFixed(1)}×)`;
  const tfjs =
    one.tfjsMs === undefined ? '' : `; TensorFlow.js WASM, batch of ${SAMPLES}, ${peer(one.tfjsMs)}`;
  const nested =
    one.nestedMs === undefined
      ? ''
      : `; nested, ${one.bodies} passes through the body, ${one.nestedMs.toFixed(2)} ms`;
  return (
    `${one.inlineMs.toFixed(2)} ms, in its own thread ${one.threadedMs.toFixed(2)} ms${nested}; ` +
    `ONNX Runtime, batch of ${SAMPLES} without dropout, ${peer(one.batchedMs)}${tfjs}`
  );
}

/** Several windows in one call beside calls of their own, in words. */
export const describeJoined = ({ joinedMs, apartMs }: KerasOnnxFigures): string =>
  `${joinedMs.toFixed(2)} ms a window, ${apartMs.toFixed(2)} ms in calls of their own (${(apartMs / joinedMs).toFixed(1)}×)`;

/** What {@link describeJoined} is about. */
export const JOINED = `${JOINED_SAMPLES} Monte-Carlo samples of each of ${WINDOWS} windows in one call`;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const one of await measureKerasOnnx())
    console.log(
      `${one.model}, ${SAMPLES} samples, median: ${describeKerasOnnx(one)}; ${JOINED}: ${describeJoined(one)}`,
    );
}
