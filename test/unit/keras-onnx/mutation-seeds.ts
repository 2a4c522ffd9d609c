import { deflateSync } from 'node:zlib';
import { nodeField } from '../../../libs/keras-onnx/src/foreign/model.js';
import { floatField, intField, lengthField } from '../../../libs/keras-onnx/src/onnx/wire.js';
import {
  dictionaries,
  FLOAT,
  floats,
  foreignFile,
  outside,
  port,
  STRING,
  trainingDropout,
} from './foreign-files.js';
import { hdf5, legacyTiny, put, TINY, tinyWeights, type ZipEntry } from './files.js';
import type { Seed } from './mutations.js';

const layer = (class_name: string, config: object) => ({ module: 'keras.layers', class_name, config });
const text = (json: unknown): Buffer => Buffer.from(JSON.stringify(json));

/** A small model of layers with many settings: convolution, pooling, recurrence, attention of one head, normalisation. */
async function manyLayers(): Promise<ZipEntry[]> {
  const dense = (size: number): Float32Array => Float32Array.from({ length: size }, (_, at) => Math.sin(at));
  const weights = await hdf5((root) => {
    put(root, 'layers/conv1d/vars/0', [3, 2, 4], dense(24));
    put(root, 'layers/conv1d/vars/1', [4], dense(4));
    put(root, 'layers/layer_normalization/vars/0', [4], dense(4));
    put(root, 'layers/layer_normalization/vars/1', [4], dense(4));
    put(root, 'layers/lstm/cell/vars/0', [4, 12], dense(48));
    put(root, 'layers/lstm/cell/vars/1', [3, 12], dense(36));
    put(root, 'layers/lstm/cell/vars/2', [12], dense(12));
    put(root, 'layers/gru/cell/vars/0', [3, 6], dense(18));
    put(root, 'layers/gru/cell/vars/1', [2, 6], dense(12));
    put(root, 'layers/gru/cell/vars/2', [2, 6], dense(12));
    put(root, 'layers/dense/vars/0', [2, 1], dense(2));
    put(root, 'layers/dense/vars/1', [1], dense(1));
  });
  const layers = [
    layer('InputLayer', { name: 'x', batch_shape: [null, 12, 2], dtype: 'float32' }),
    layer('Masking', { name: 'mask', mask_value: 0 }),
    layer('Conv1D', {
      name: 'conv',
      filters: 4,
      kernel_size: [3],
      strides: [1],
      padding: 'causal',
      dilation_rate: [1],
    }),
    layer('LayerNormalization', { name: 'norm', axis: -1, epsilon: 0.001, center: true, scale: true }),
    layer('MaxPooling1D', { name: 'pool', pool_size: [2], strides: [2], padding: 'valid' }),
    layer('SpatialDropout1D', { name: 'drop', rate: 0.25 }),
    layer('LSTM', { name: 'lstm', units: 3, return_sequences: true, go_backwards: false }),
    layer('GRU', { name: 'gru', units: 2, reset_after: true }),
    layer('Dense', { name: 'end', units: 1, activation: 'tanh' }),
  ];
  return [
    { name: 'metadata.json', bytes: text({ keras_version: '3.15.1' }) },
    {
      name: 'config.json',
      bytes: text({ module: 'keras', class_name: 'Sequential', config: { name: 'many', layers } }),
    },
    { name: 'model.weights.h5', bytes: weights },
  ];
}

/** The HDF5 names that Keras writes on Windows. */
const windowsWeights = (): Promise<Uint8Array> =>
  hdf5((root) => {
    for (const [index, { place, shape, data }] of TINY.weights.entries())
      put(root, `layers\\${place}/vars/${index % 2}`, shape, data);
  });

function tensorflowJs(): Seed {
  const weights = TINY.weights.map(({ layer: name, name: variable, shape }) => ({
    name: `${name}/${variable}`,
    shape,
    dtype: 'float32',
  }));
  const file = {
    format: 'layers-model',
    modelTopology: { keras_version: '2.15.0', model_config: TINY.config },
    weightsManifest: [{ paths: ['m.bin'], weights }],
  };
  const data = Buffer.concat(
    TINY.weights.map(({ data: one }) => Buffer.from(one.buffer, one.byteOffset, one.byteLength)),
  );
  return {
    kind: 'TensorFlow.js',
    open: ['m.json'],
    files: [
      { name: 'm.json', bytes: text(file) },
      { name: 'm.bin', bytes: data },
    ],
  };
}

function classifier(): Uint8Array {
  const ml = lengthField(7, 'ai.onnx.ml');
  const labels = lengthField(5, [
    lengthField(1, 'classlabels_strings'),
    lengthField(9, 'down'),
    lengthField(9, 'up'),
    intField(20, 8),
  ]);
  const list = (name: string, values: number[]) =>
    lengthField(5, [lengthField(1, name), ...values.map((one) => floatField(7, one)), intField(20, 6)]);
  return foreignFile([
    nodeField(
      'LinearClassifier',
      ['x'],
      ['label', 'p'],
      [labels, list('coefficients', [1, 0, -1, 0]), list('intercepts', [0, 0]), ml],
    ),
    nodeField('ZipMap', ['p'], ['probabilities'], [labels, ml]),
    port('input', 'x', FLOAT, ['b', 2]),
    port('output', 'label', STRING, ['b']),
    dictionaries('probabilities'),
  ]);
}

const external = (): Uint8Array =>
  foreignFile([
    nodeField('MatMul', ['x', 'w'], ['y']),
    outside('w', [4, 4], 'weights.bin', 8, 64),
    port('input', 'x', FLOAT, ['b', 4]),
    port('output', 'y', FLOAT, ['b', 4]),
  ]);

/** Sound models of some kB in every container, and what people take for one. `compiled` is an ONNX graph of the library itself. */
export async function smallSeeds(compiled: Uint8Array): Promise<Seed[]> {
  const one = (kind: string, name: string, bytes: Uint8Array): Seed => ({
    kind,
    open: [name],
    files: [{ name, bytes }],
  });
  const named = (name: string, bytes: Uint8Array) => ({ name, bytes });
  const [about, config, weights] = [
    named('metadata.json', text({ keras_version: '3.15.1' })),
    named('config.json', text(TINY.config)),
    named('model.weights.h5', await tinyWeights()),
  ];
  const archive = (kind: string, entries: readonly ZipEntry[]): Seed => ({
    kind,
    open: ['m.keras'],
    files: [{ name: 'm.keras', entries }],
  });
  const legacy = await legacyTiny('2.15.0', TINY.config, (of, name) => `${of}/${name}:0`);
  const inFolder = (entry: ZipEntry): ZipEntry => ({ ...entry, name: `m\\${entry.name}` });
  return [
    archive('.keras', [about, config, weights]),
    archive('.keras of many layers', await manyLayers()),
    archive('.keras, deflated', [about, { ...config, deflate: true }, { ...weights, deflate: true }]),
    archive('.keras with back-slashes in HDF5', [
      about,
      config,
      named('model.weights.h5', await windowsWeights()),
    ]),
    archive('zip with back-slashes', [about, config, weights].map(inFolder)),
    { kind: 'folder', open: [''], files: [about, config, weights] },
    one('HDF5 of Keras 2', 'm.h5', legacy),
    one('HDF5 with a user block', 'm.h5', Buffer.concat([Buffer.alloc(512, 'x'), legacy])),
    one('HDF5 of Keras 3', 'm.h5', await legacyTiny('3.15.1', TINY.config, (_, name) => name)),
    {
      kind: 'JSON and weights',
      open: ['m.json'],
      files: [named('m.json', config.bytes), named('m.weights.h5', weights.bytes)],
    },
    {
      kind: 'weights and JSON',
      open: ['m.weights.h5', 'm.json'],
      files: [named('m.json', config.bytes), named('m.weights.h5', weights.bytes)],
    },
    tensorflowJs(),
    one('ONNX of the library', 'm.onnx', compiled),
    one('ONNX with dropout', 'm.onnx', trainingDropout(0.5)),
    one('ONNX classifier', 'm.onnx', classifier()),
    {
      kind: 'ONNX with external data',
      open: ['m.onnx'],
      files: [
        named('m.onnx', external()),
        named('weights.bin', floats(9, 9, ...Array.from({ length: 16 }, (_, at) => at))),
      ],
    },
    one('pickle', 'm.pkl', Buffer.from('\x80\x04\x95\x0e\0\0\0\0\0\0\0\x8c\x07sklearn\x94.', 'latin1')),
    one('joblib', 'm.joblib', deflateSync('sklearn.ensemble')),
    one('text', 'm.onnx', Buffer.from('tree\nversion=v3\nnum_class=1\n')),
  ];
}
