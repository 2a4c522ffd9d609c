import { mkdtempSync } from 'node:fs';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DEFAULT_LIMITS } from '../../../libs/keras-onnx/src/containers/source.js';
import { nodeField } from '../../../libs/keras-onnx/src/foreign/model.js';
import { ModelError } from '../../../libs/keras-onnx/src/index.js';
import { compileFile } from '../../../libs/keras-onnx/src/isolate/compile-file.js';
import { hdf5, legacyTiny, put, TINY, tinyKeras, tinyWeights, zip, type ZipEntry } from './files.js';
import { FLOAT, foreignFile, outside, port } from './foreign-files.js';

/** Where the files stand; whoever uses them takes it away. */
export const folder = mkdtempSync(join(tmpdir(), 'keras-onnx-faults-'));

let written = 0;

/** Puts the files of a model into a folder of its own; the path of the first. */
export async function placed(
  ...files: readonly (readonly [name: string, bytes: Uint8Array | string])[]
): Promise<string> {
  const place = join(folder, String((written += 1)));
  for (const [name, bytes] of files) {
    await mkdir(dirname(join(place, name)), { recursive: true });
    await writeFile(join(place, name), bytes);
  }
  return join(place, files[0]?.[0] ?? '');
}

async function refusal(path: string | string[], limits = {}): Promise<ModelError> {
  const error: unknown = await compileFile(path, { ...DEFAULT_LIMITS, ...limits }).catch(
    (one: unknown) => one,
  );
  if (!(error instanceof ModelError)) throw new Error(`not refused: ${String(error)}`);
  return error;
}

const layer = (class_name: string, config: object) => ({ module: 'keras.layers', class_name, config });

/** TINY with another list of layers, or with some of them changed. */
const withLayers = (change: (layers: unknown[]) => unknown[]): Promise<Buffer> =>
  tinyKeras([], {
    ...TINY.config,
    config: { ...TINY.config.config, layers: change([...TINY.config.config.layers]) },
  });
const behind = (...more: unknown[]): Promise<Buffer> => withLayers((layers) => [...layers, ...more]);
const withHidden = (config: object): Promise<Buffer> =>
  withLayers(([first, , ...rest]) => [
    first,
    layer('Dense', { name: 'hidden', units: 3, ...config }),
    ...rest,
  ]);

/** x → Dense 'hidden' → two operations that Keras numbered itself. */
function numbered(last: { class_name: string; config: object }): Promise<Buffer> {
  const from = (name: string) => ({
    class_name: '__keras_tensor__',
    config: { shape: [null, 3], dtype: 'float32', keras_history: [name, 0, 0] },
  });
  const node = (module: string, class_name: string, config: { name: string }, source?: string) => ({
    module,
    class_name,
    name: config.name,
    config,
    inbound_nodes: source === undefined ? [] : [{ args: [from(source)], kwargs: {} }],
  });
  const layers = [
    node('keras.layers', 'InputLayer', { name: 'features', batch_shape: [null, 4] } as never),
    node('keras.layers', 'Dense', { name: 'hidden', units: 3 } as never, 'features'),
    node('keras.src.ops.numpy', 'Absolute', { name: 'absolute_7' }, 'hidden'),
    node('keras.src.ops.numpy', last.class_name, { name: 'any_11', ...last.config }, 'absolute_7'),
  ];
  const config = {
    name: 'made',
    layers,
    input_layers: [['features', 0, 0]],
    output_layers: [['any_11', 0, 0]],
  };
  return tinyKeras([], { module: 'keras', class_name: 'Functional', config });
}

const archive = (...entries: readonly ZipEntry[]): Promise<string> => placed(['m.keras', zip(entries)]);
const configOnly = (config: unknown): ZipEntry => ({
  name: 'config.json',
  bytes: Buffer.from(JSON.stringify(config)),
});
const edges = [port('input', 'x', FLOAT, ['b', 4]), port('output', 'y', FLOAT, ['b', 4])];
const keras = async (bytes: Promise<Buffer>): Promise<ModelError> =>
  refusal(await placed(['m.keras', await bytes]));

/** One fault for each way of refusing: what the message must name. */
export const FAULTS: readonly (readonly [
  what: string,
  code: string,
  names: string,
  refuse: () => Promise<ModelError>,
])[] = [
  ['a missing file', 'model_not_found', 'path', () => refusal(join(folder, 'nothing.keras'))],
  [
    'a missing shard',
    'model_not_found',
    "'gone.bin'",
    async () => {
      const weightsManifest = [{ paths: ['gone.bin'], weights: [] }];
      const topology = { keras_version: '2.15.0', model_config: TINY.config };
      const text = JSON.stringify({ format: 'layers-model', modelTopology: topology, weightsManifest });
      return refusal(await placed(['model.json', text]));
    },
  ],
  [
    'an archive cut off',
    'model_corrupt',
    'the archive',
    async () => keras(tinyKeras().then((all) => all.subarray(0, 900))),
  ],
  [
    'an archive without config.json',
    'model_corrupt',
    'config.json',
    async () => refusal(await archive({ name: 'a', bytes: Buffer.from('a') })),
  ],
  [
    'an archive without weights',
    'model_corrupt',
    'model.weights.h5',
    async () => refusal(await archive(configOnly(TINY.config))),
  ],
  [
    'a config.json that is none',
    'model_corrupt',
    'config.json',
    () => keras(tinyKeras([{ name: 'config.json', bytes: Buffer.from('{') }])),
  ],
  [
    'weights that are none',
    'model_corrupt',
    'HDF5',
    () => keras(tinyKeras([{ name: 'model.weights.h5', bytes: Buffer.from('no') }])),
  ],
  [
    'weights cut off',
    'model_corrupt',
    'HDF5',
    async () =>
      keras(tinyKeras([{ name: 'model.weights.h5', bytes: (await tinyWeights()).subarray(0, 3_000) }])),
  ],
  [
    'texts of open length that lead nowhere',
    'model_corrupt',
    'HDF5',
    async () => {
      const bytes = Buffer.from(await legacyTiny('2.15.0', TINY.config, (of, name) => `${of}/${name}:0`));
      const heap = bytes.indexOf('GCOL');
      // An object that is longer than its collection: HDF5 itself would look for the next one for ever.
      bytes.writeUInt32LE(8, heap + 16 + 8 + 4);
      return refusal(await placed(['m.h5', bytes]));
    },
  ],
  [
    'a weight of another shape',
    'model_corrupt',
    "layer 'hidden'",
    async () => {
      const weights = await hdf5((root) => {
        for (const [index, { place, shape, data }] of TINY.weights.entries())
          put(root, `layers/${place}/vars/${index % 2}`, index === 0 ? [3, 4] : shape, data);
      });
      return keras(tinyKeras([{ name: 'model.weights.h5', bytes: weights }]));
    },
  ],
  [
    'a layer too many for the weights',
    'model_corrupt',
    "layer 'more'",
    () => keras(behind(layer('Dense', { name: 'more', units: 2 }))),
  ],
  [
    'a setting of the wrong kind',
    'model_corrupt',
    "layer 'hidden': 'units'",
    () => keras(withHidden({ units: 'many' })),
  ],
  [
    'a layer without a class',
    'model_corrupt',
    "layer 'tiny': its layer number 5",
    () => keras(behind({ name: 'x' })),
  ],
  [
    'shapes that do not fit',
    'model_corrupt',
    "layer 'again'",
    () => keras(behind(layer('Reshape', { name: 'again', target_shape: [7] }))),
  ],
  [
    'an operation with numbers that do not fit',
    'model_corrupt',
    "operation ExpandDims behind 'hidden'",
    () => keras(numbered({ class_name: 'ExpandDims', config: { axis: 9 } })),
  ],
  [
    'bytes of no kind',
    'model_corrupt',
    'the file',
    async () => refusal(await placed(['m.bin', Buffer.from('\xff\xfe\0\x01', 'latin1')])),
  ],
  [
    'external data elsewhere',
    'model_corrupt',
    'beside the .onnx file',
    async () => {
      const graph = [nodeField('MatMul', ['x', 'w'], ['y']), outside('w', [4, 4], '../w', 0, 64), ...edges];
      return refusal(await placed(['m.onnx', foreignFile(graph)]));
    },
  ],
  [
    'a part that is a link',
    'model_corrupt',
    "'m.weights.h5'",
    async () => {
      const path = await placed(['m.json', JSON.stringify(TINY.config)], ['w', 'w']);
      await symlink(join(dirname(path), 'w'), join(dirname(path), 'm.weights.h5'));
      return refusal(path);
    },
  ],
  [
    'Python code',
    'model_unsupported',
    "layer 'code'",
    () => keras(behind(layer('Lambda', { name: 'code' }))),
  ],
  [
    'an unknown class',
    'model_unsupported',
    "layer 'odd'",
    () =>
      keras(
        behind({ module: 'mine', class_name: 'Odd', registered_name: 'mine>Odd', config: { name: 'odd' } }),
      ),
  ],
  ['a dtype', 'model_unsupported', "layer 'hidden'", () => keras(withHidden({ dtype: 'complex64' }))],
  [
    'an operation that is not run',
    'model_unsupported',
    "operation Cholesky behind 'hidden'",
    () => keras(numbered({ class_name: 'Cholesky', config: {} })),
  ],
  [
    'a pickle',
    'model_unsupported',
    'a Python pickle',
    async () => refusal(await placed(['m.pkl', Buffer.from('\x80\x04\x95xxxx', 'latin1')])),
  ],
  [
    'a SavedModel',
    'model_unsupported',
    'a SavedModel folder',
    async () => refusal(dirname(await placed(['saved_model.pb', 'x']))),
  ],
  [
    'a random operator',
    'model_unsupported',
    'Bernoulli',
    async () =>
      refusal(await placed(['m.onnx', foreignFile([nodeField('Bernoulli', ['x'], ['y']), ...edges])])),
  ],
  [
    'a file over its limit',
    'model_too_large',
    'the file',
    async () => refusal(await placed(['m.keras', await tinyKeras()]), { fileBytes: 100 }),
  ],
  [
    'a config.json over its limit',
    'model_too_large',
    'config.json',
    async () => refusal(await placed(['m.keras', await tinyKeras()]), { configBytes: 100 }),
  ],
  [
    'weights over their limit',
    'model_too_large',
    'the weights',
    async () => refusal(await placed(['m.keras', await tinyKeras()]), { weightElements: 10 }),
  ],
  [
    'a tensor that no machine holds',
    'model_too_large',
    "layer 'again'",
    () => keras(behind(layer('RepeatVector', { name: 'again', n: 1e9 }))),
  ],
  [
    'two files in two folders',
    'model_input',
    'one folder',
    async () => refusal([await placed(['m.json', JSON.stringify(TINY.config)]), join(folder, 'b/m.h5')]),
  ],
];
