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
import { DEFAULT_LIMITS } from '../libs/keras-onnx/src/containers/limits.js';
import { loadModel } from '../libs/keras-onnx/src/index.js';
import { compileFile } from '../libs/keras-onnx/src/isolate/compile-file.js';
import { Engine } from '../libs/keras-onnx/src/runtime/engine.js';
import { zip, hdf5, put } from '../test/unit/keras-onnx/files.js';

const SAMPLES = 100;
const SHARED = '../shared/fixtures/bench';

/** Median milliseconds of a task after a warm-up. */
async function median(rounds: number, task: (round: number) => Promise<unknown>): Promise<number> {
  await task(0);
  const times: number[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const start = performance.now();
    await task(round);
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[Math.floor(rounds / 2)] ?? Number.NaN;
}

/** LSTM(64) → Dropout(0.2) → Dense(6) on 256 × 8, for machines without the reference models. */
async function builtInLstm(folder: string): Promise<string> {
  const entry = (class_name: string, config: Record<string, unknown>) => ({
    module: 'keras.layers',
    class_name,
    config,
  });
  const config = {
    module: 'keras',
    class_name: 'Sequential',
    config: {
      name: 'lstm64',
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
  const path = join(folder, 'lstm64.keras');
  const entries = [
    { name: 'config.json', bytes: Buffer.from(JSON.stringify(config)) },
    { name: 'model.weights.h5', bytes: weights },
  ];
  await writeFile(path, zip(entries));
  return path;
}

/** The LSTM in TensorFlow.js on WASM; undefined where that backend is not installed. */
async function tfjsLstm(): Promise<number | undefined> {
  try {
    // The CommonJS builds: the ES modules of TensorFlow.js import directories, which Node refuses.
    const load = createRequire(import.meta.url);
    const tf = load('@tensorflow/tfjs-core') as typeof import('@tensorflow/tfjs-core');
    load('@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops.js');
    const { sequential, layers } = load(
      '@tensorflow/tfjs-layers',
    ) as typeof import('@tensorflow/tfjs-layers');
    const wasm = load('@tensorflow/tfjs-backend-wasm') as typeof import('@tensorflow/tfjs-backend-wasm');
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
    return await median(3, async () => {
      const answer = model.predict(input);
      for (const one of [answer].flat()) {
        await one.data();
        one.dispose();
      }
    });
  } catch (error) {
    console.log(
      `TensorFlow.js on WASM is not measured: ${error instanceof Error ? error.message : String(error)}`,
    );
    return undefined;
  }
}

async function measure(path: string, name: string, rounds: number, tfjs: number | undefined): Promise<void> {
  const compiled = await compileFile(path, DEFAULT_LIMITS);
  const shape = (compiled.run.inputs[0]?.shape ?? []).slice(1).map(Number);
  const size = shape.reduce((product, dim) => product * dim, 1);
  const data = Float32Array.from({ length: size }, (_, index) => Math.sin(index));
  const row = { shape: [1, ...shape], data };
  const batch = {
    shape: [SAMPLES, ...shape],
    data: Float32Array.from({ length: size * SAMPLES }, (_, index) => data[index % size] ?? 0),
  };
  const [inThread, inline] = [await loadModel(path), await Engine.open(compiled, 1)];
  const ours = await median(rounds, (seed) => inline.sample([row], { samples: SAMPLES, seed }));
  const threaded = await median(rounds, (seed) => inThread.sample([row], { samples: SAMPLES, seed }));
  const batched = await median(Math.max(3, rounds / 10), () => inline.run([batch]));
  await inThread.dispose();
  await inline.close();
  const line = (what: string, ms: number): void =>
    console.log(`  ${what.padEnd(44)} ${ms.toFixed(2).padStart(9)} ms   ${(ms / ours).toFixed(1)}×`);
  console.log(`${name}, ${SAMPLES} samples, median`);
  line('keras-onnx, calling thread', ours);
  line('keras-onnx, thread of its own', threaded);
  line('ONNX Runtime, batch of 100, no dropout', batched);
  if (tfjs !== undefined) line('TensorFlow.js WASM, batch of 100, no dropout', tfjs);
}

/** Prints the comparison. */
export async function benchKerasOnnx(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'keras-onnx-'));
  try {
    const reference = join(SHARED, 'bench_lstm64_w256.keras');
    await measure(
      existsSync(reference) ? reference : await builtInLstm(folder),
      'LSTM 64, window 256 × 8',
      200,
      await tfjsLstm(),
    );
    const transformer = join(SHARED, 'bench_transformer_w144.keras');
    if (existsSync(transformer)) await measure(transformer, 'Transformer, window 144 × 54', 5, undefined);
  } finally {
    await rm(folder, { recursive: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await benchKerasOnnx();
