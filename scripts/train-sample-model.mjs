// Trains the sample forecaster of examples/models on the bundled S&P 500 bars and writes its files and its card.
// Seeded: run it again and the model is the same.
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import '@tensorflow/tfjs-backend-cpu';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildWhenNeeded, root } from './build.mjs';
import { HIDDEN, HORIZONS, modelArchive, RETURNS } from './sample-model-file.mjs';
import { measure, writeCard } from './sample-model-card.mjs';

const FOLDER = join(root, 'examples', 'models');
const NAME = 'sp500_daily';
const EPOCHS = 60;
/** The last day whose return is learned from; what follows is never seen. */
const LAST_TRAINED = Date.UTC(2016, 11, 30);

await buildWhenNeeded();
await tf.setBackend('cpu');
const bars = readBars();
const windows = bars.slice(RETURNS).map((_, i) => windowAt(i + RETURNS));
const learned = windows.filter(({ row }) => bars[row + HORIZONS]?.time <= LAST_TRAINED);
const held = windows.filter(({ row }) => bars[row].time > LAST_TRAINED && row + HORIZONS < bars.length);
const weights = await train(learned);
const file = join(FOLDER, `${NAME}.keras`);
writeFileSync(file, await modelArchive(weights));
writeFileSync(join(FOLDER, `${NAME}_metadata.json`), `${JSON.stringify(metadata(), null, 2)}\n`);
const { loadModel } = await import(
  pathToFileURL(join(root, 'dist', 'libs', 'keras-onnx', 'src', 'index.js')).href
);
const model = await loadModel(file);
const figures = await measure(model, bars, held);
await writeCard(join(FOLDER, 'README.md'), { figures, model: model.describe(), learned, held, bars });
await model.dispose();
console.log(figures);

function readBars() {
  const text = readFileSync(join(root, 'examples', 'data', 'sp500_daily_2000-2020.csv'), 'utf8');
  return text
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','))
    .map(([time, , , , close]) => ({ time: Date.parse(`${time.replace(' ', 'T')}Z`), close: Number(close) }));
}

/** What the network sees of the days up to `row`, and what it should say: both in units of the window's volatility. */
function windowAt(row) {
  const log = (at) => Math.log(bars[at].close);
  const returns = Array.from({ length: RETURNS }, (_, i) => {
    const at = row - RETURNS + 1 + i;
    return log(at) - log(at - 1);
  });
  const volatility = Math.sqrt(returns.reduce((sum, one) => sum + one * one, 0) / RETURNS);
  const scaled = returns.map((one) => one / volatility);
  const future = Array.from({ length: HORIZONS }, (_, i) =>
    bars[row + i + 1] === undefined ? Number.NaN : (log(row + i + 1) - log(row)) / volatility,
  );
  return { row, volatility, input: [...scaled, ...scaled.map(Math.abs)], future };
}

/** Mean and spread by the Gaussian likelihood (Nix & Weigend 1994), with dropout in front of both. */
async function train(examples) {
  const init = (seed) => layers.initializers.glorotUniform({ seed });
  const l2 = layers.regularizers.l2({ l2: 1e-3 });
  const input = layers.input({ shape: [2 * RETURNS] });
  const hidden = layers.layers
    .dense({ units: HIDDEN, activation: 'relu', kernelInitializer: init(1), kernelRegularizer: l2 })
    .apply(input);
  const dropped = layers.layers.dropout({ rate: 0.2, seed: 2 }).apply(hidden);
  const mean = layers.layers
    .dense({ units: HORIZONS, kernelInitializer: 'zeros', kernelRegularizer: l2 })
    .apply(dropped);
  const spread = layers.layers
    .dense({ units: HORIZONS, activation: 'softplus', kernelInitializer: init(3), biasInitializer: 'ones' })
    .apply(dropped);
  const network = layers.model({
    inputs: input,
    outputs: layers.layers.concatenate().apply([mean, spread]),
  });
  const loss = (truth, answer) => {
    const wanted = tf.slice(truth, [0, 0], [-1, HORIZONS]);
    const [center, width] = [
      tf.slice(answer, [0, 0], [-1, HORIZONS]),
      tf.slice(answer, [0, HORIZONS], [-1, HORIZONS]),
    ];
    const safe = tf.add(width, 1e-3);
    return tf.mean(tf.add(tf.log(safe), tf.mul(0.5, tf.square(tf.div(tf.sub(wanted, center), safe)))), -1);
  };
  network.compile({ optimizer: tf.train.adam(1e-3), loss });
  const x = tf.tensor2d(examples.map((one) => one.input));
  const y = tf.tensor2d(examples.map((one) => [...one.future, ...one.future]));
  const order = shuffled(examples.length, 20_161_230);
  const [inputs, wanted] = [tf.gather(x, order), tf.gather(y, order)];
  await network.fit(inputs, wanted, {
    epochs: EPOCHS,
    batchSize: 128,
    shuffle: false,
    verbose: 0,
    callbacks: {
      onEpochEnd: (epoch, { loss: value }) => {
        if (epoch % 10 === 9) console.log(`epoch ${epoch + 1}: ${value.toFixed(4)}`);
      },
    },
  });
  return network
    .getWeights()
    .map((weight) => ({ shape: weight.shape, data: Float32Array.from(weight.dataSync()) }));
}

/** A seeded permutation (mulberry32). */
function shuffled(length, seed) {
  const order = Int32Array.from({ length }, (_, i) => i);
  let state = seed;
  for (let i = length - 1; i > 0; i -= 1) {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    const other = Math.floor((((t ^ (t >>> 14)) >>> 0) / 4_294_967_296) * (i + 1));
    [order[i], order[other]] = [order[other], order[i]];
  }
  return order;
}

function metadata() {
  return {
    feature_columns: ['CLOSE'],
    window_size: RETURNS + 1,
    target_column: 'CLOSE',
    target: 'log_return',
    horizons: Array.from({ length: HORIZONS }, (_, i) => i + 1),
    output_scale: 'none',
    trained_on: 'sp500_daily_2000-2020.csv, days up to 2016-12-30',
  };
}
