import { deflateRawSync, crc32 } from 'node:zlib';
import { File, FS, ready, type Group } from 'h5wasm';
import type { DenseModel } from '../predictors/trained-models.js';

export interface ZipEntry {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly deflate?: boolean;
  /** Unix file type and mode; a link is 0o120777. */
  readonly mode?: number;
  /** What the headers claim instead of the true size. */
  readonly claimedSize?: number;
}

/** A zip archive, honest or not (APPNOTE.TXT 4.3). */
export function zip(entries: readonly ZipEntry[]): Buffer {
  const [local, central]: [Buffer[], Buffer[]] = [[], []];
  let offset = 0;
  for (const { name, bytes, deflate = false, mode = 0, claimedSize } of entries) {
    const title = Buffer.from(name);
    const packed = deflate ? deflateRawSync(bytes) : Buffer.from(bytes);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(deflate ? 8 : 0, 4);
    common.writeUInt32LE(crc32(bytes), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(claimedSize ?? bytes.length, 18);
    common.writeUInt16LE(title.length, 22);
    const head = Buffer.concat([Buffer.from('PK\u0003\u0004', 'latin1'), common, title]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE((mode << 16) >>> 0, 6);
    tail.writeUInt32LE(offset, 10);
    central.push(
      Buffer.concat([Buffer.from('PK\u0001\u0002', 'latin1'), Buffer.from([20, 3]), common, tail, title]),
    );
    local.push(head, packed);
    offset += head.length + packed.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(entries.length, 4);
  end.writeUInt16LE(entries.length, 6);
  end.writeUInt32LE(directory.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...local, directory, Buffer.from('PK\u0005\u0006', 'latin1'), end]);
}

let made = 0;

/** An HDF5 file in memory. */
export async function hdf5(fill: (root: File) => void): Promise<Uint8Array> {
  await ready;
  if (FS === null) throw new Error('h5wasm has no file system');
  const path = `/test-${made++}.h5`;
  const file = new File(path, 'w');
  fill(file);
  file.flush();
  file.close();
  const bytes = Uint8Array.from(FS.readFile(path) as Uint8Array);
  FS.unlink(path);
  return bytes;
}

/** Makes the groups of a path and puts a data set in the last one. */
export function put(root: Group, path: string, shape: readonly number[], data: Float32Array): void {
  const steps = path.split('/');
  const name = steps.pop() ?? '';
  let group: Group = root;
  for (const step of steps) {
    const next = group.keys().includes(step) ? group.get(step) : group.create_group(step);
    group = next as Group;
  }
  group.create_dataset({ name, data, shape: [...shape] });
}

/** Sequential: 4 → Dense(3, relu) → Dropout(0.5) → Dense(2), the model most tests here use. */
export const TINY = {
  config: {
    module: 'keras',
    class_name: 'Sequential',
    config: {
      name: 'tiny',
      layers: [
        {
          module: 'keras.layers',
          class_name: 'InputLayer',
          config: { name: 'features', batch_shape: [null, 4], dtype: 'float32' },
        },
        {
          module: 'keras.layers',
          class_name: 'Dense',
          config: { name: 'hidden', units: 3, activation: 'relu' },
        },
        { module: 'keras.layers', class_name: 'Dropout', config: { name: 'dropping', rate: 0.5 } },
        {
          module: 'keras.layers',
          class_name: 'Dense',
          config: { name: 'answer', units: 2, activation: 'linear' },
        },
      ],
    },
  },
  weights: [
    {
      layer: 'hidden',
      place: 'dense',
      name: 'kernel',
      shape: [4, 3],
      data: Float32Array.from({ length: 12 }, (_, index) => (index - 5) / 7),
    },
    { layer: 'hidden', place: 'dense', name: 'bias', shape: [3], data: Float32Array.of(0.5, 0.25, 0.125) },
    {
      layer: 'answer',
      place: 'dense_1',
      name: 'kernel',
      shape: [3, 2],
      data: Float32Array.of(1, -1, 0.5, 2, -0.25, 0.75),
    },
    { layer: 'answer', place: 'dense_1', name: 'bias', shape: [2], data: Float32Array.of(0.1, -0.2) },
  ],
  input: { name: 'features', shape: [1, 4], data: [1, -0.5, 0.25, 2] },
} as const;

/** What TINY answers without dropout, and the hidden values before it. */
export function tinyAnswer(input: ArrayLike<number> = TINY.input.data): {
  hidden: number[];
  answer: number[];
} {
  const [kernel, bias, last, offset] = TINY.weights.map((weight) => weight.data);
  const hidden = [0, 1, 2].map((unit) => {
    let total = bias?.[unit] ?? 0;
    for (let index = 0; index < 4; index += 1)
      total += (input[index] ?? 0) * (kernel?.[index * 3 + unit] ?? 0);
    return Math.max(total, 0);
  });
  const answer = [0, 1].map((unit) =>
    hidden.reduce(
      (total, value, index) => total + value * (last?.[index * 2 + unit] ?? 0),
      offset?.[unit] ?? 0,
    ),
  );
  return { hidden, answer };
}

/** The weights of TINY as Keras 3 saves them, with another number in the first place where one is given. */
export function tinyWeights(first?: number): Promise<Uint8Array> {
  return hdf5((root) => {
    for (const [index, { place, shape, data }] of TINY.weights.entries()) {
      const own = data.map((value, at) => (index + at === 0 ? (first ?? value) : value));
      put(root, `layers/${place}/vars/${index % 2}`, shape, own);
    }
  });
}

/** TINY as a `.keras` archive; entries may be replaced or added. */
export async function tinyKeras(
  more: readonly ZipEntry[] = [],
  config: unknown = TINY.config,
): Promise<Buffer> {
  const entries: ZipEntry[] = [
    { name: 'metadata.json', bytes: Buffer.from('{"keras_version": "3.15.1"}') },
    { name: 'config.json', bytes: Buffer.from(JSON.stringify(config)) },
    { name: 'model.weights.h5', bytes: await tinyWeights() },
  ];
  const replaced = new Set(more.map((entry) => entry.name));
  return zip([...entries.filter((entry) => !replaced.has(entry.name)), ...more]);
}

/** TINY as a whole-model HDF5 file. */
export function legacyTiny(
  version: string,
  config: unknown,
  nameOf: (layer: string, name: string) => string,
): Promise<Uint8Array> {
  return hdf5((root) => {
    root.create_attribute('keras_version', version);
    root.create_attribute('model_config', JSON.stringify(config));
    const group = root.create_group('model_weights');
    group.create_attribute('layer_names', ['hidden', 'answer']);
    for (const { layer, name, shape, data } of TINY.weights)
      put(group, `${layer}/${nameOf(layer, name)}`, shape, data);
    for (const layer of ['hidden', 'answer']) {
      const names = ['kernel', 'bias'].map((name) => nameOf(layer, name));
      (group.get(layer) as File).create_attribute('weight_names', names);
    }
  });
}

/** Architecture and weights of a model of one dense layer over the whole window, as Keras 3 saves them. */
export async function denseParts(
  name: string,
  model: DenseModel,
): Promise<{ config: unknown; weights: Uint8Array }> {
  const { bars, columns, outputs, kernel, bias = () => 0, activation = 'linear', dropout } = model;
  const layer = (class_name: string, config: object) => ({ module: 'keras.layers', class_name, config });
  const layers = [
    layer('InputLayer', { name: 'window', batch_shape: [null, bars, columns], dtype: 'float32' }),
    layer('Flatten', { name: 'flat' }),
    ...(dropout === undefined ? [] : [layer('Dropout', { name: 'dropping', rate: dropout })]),
    layer('Dense', { name: 'answer', units: outputs, activation }),
  ];
  const inputs = bars * columns;
  const weights = await hdf5((root) => {
    const kernels = Array.from({ length: inputs * outputs }, (_, at) =>
      kernel(Math.floor(at / outputs), at % outputs),
    );
    put(root, 'layers/dense/vars/0', [inputs, outputs], Float32Array.from(kernels));
    put(
      root,
      'layers/dense/vars/1',
      [outputs],
      Float32Array.from({ length: outputs }, (_, at) => bias(at)),
    );
  });
  const config = { module: 'keras', class_name: 'Sequential', config: { name, layers } };
  return { config, weights };
}

/** The same as a `.keras` archive. */
export async function denseKeras(name: string, model: DenseModel): Promise<Buffer> {
  const { config, weights } = await denseParts(name, model);
  return tinyKeras([{ name: 'model.weights.h5', bytes: weights }], config);
}
