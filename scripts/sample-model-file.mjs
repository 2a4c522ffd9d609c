// Writes the sample forecaster as Keras 3 saves one: a zip of config.json, metadata.json and model.weights.h5.
import { crc32 } from 'node:zlib';
import { File, FS, ready } from 'h5wasm';

/** Daily returns that the network sees; it takes one price more. */
export const RETURNS = 64;
export const HORIZONS = 10;
export const HIDDEN = 24;
/** GaussianDropout multiplies by N(1, rate / (1 − rate)): at a half, the deviation is 1. */
const UNIT_NOISE = 0.5;

const FLOAT = {
  module: 'keras',
  class_name: 'DTypePolicy',
  config: { name: 'float32' },
  registered_name: null,
};

/**
 * prices → log returns → volatility of the window → returns in its units → hidden layer with dropout → mean and spread of
 * each horizon, back in units of returns → mean + spread · N(0, 1). Without sampling the answer is the mean.
 */
function topology() {
  const shapes = new Map();
  const tensor = (name) => ({
    class_name: '__keras_tensor__',
    config: { shape: [null, ...shapes.get(name)], dtype: 'float32', keras_history: [name, 0, 0] },
  });
  const entry = (module, className, name, config, shape, args) => {
    shapes.set(name, shape);
    const calls = args === null ? [] : [{ args: args.map(argument), kwargs: {} }];
    return { module, class_name: className, config, registered_name: className, name, inbound_nodes: calls };
  };
  const argument = (one) => {
    if (Array.isArray(one)) return one.map(argument);
    return typeof one === 'string' ? tensor(one) : one;
  };
  const operation =
    (module) =>
    (className, name, shape, args, config = {}) =>
      entry(`keras.src.ops.${module}`, className, name, { name, ...config }, shape, args);
  const op = operation('numpy');
  const layer = (className, name, shape, inputs, config = {}) => ({
    ...entry(
      'keras.layers',
      className,
      name,
      { name, trainable: true, dtype: FLOAT, ...config },
      shape,
      inputs,
    ),
    registered_name: null,
  });
  const dense = (name, units, activation, input) =>
    layer('Dense', name, [units], [input], { units, activation, use_bias: true });
  const slice = (start, stop) => ({
    class_name: '__slice__',
    config: { start, stop, step: null },
  });
  const all = slice(null, null);
  const input = layer('InputLayer', 'prices', [RETURNS + 1, 1], null, {
    batch_shape: [null, RETURNS + 1, 1],
    sparse: false,
    ragged: false,
  });
  delete input.config.trainable;
  return [
    input,
    op('Log', 'log_prices', [RETURNS + 1, 1], ['prices']),
    op('GetItem', 'later', [RETURNS, 1], ['log_prices', [all, slice(1, null)]]),
    op('GetItem', 'earlier', [RETURNS, 1], ['log_prices', [all, slice(null, -1)]]),
    op('Subtract', 'returns', [RETURNS, 1], ['later', 'earlier']),
    op('Square', 'squares', [RETURNS, 1], ['returns']),
    op('Mean', 'mean_square', [1], ['squares'], { axis: 1, keepdims: false }),
    op('Maximum', 'positive', [1], ['mean_square', 1e-12]),
    op('Sqrt', 'volatility', [1], ['positive']),
    layer('Flatten', 'flat', [RETURNS], ['returns'], { data_format: 'channels_last' }),
    op('Divide', 'scaled', [RETURNS], ['flat', 'volatility']),
    op('Absolute', 'sizes', [RETURNS], ['scaled']),
    layer('Concatenate', 'features', [2 * RETURNS], [['scaled', 'sizes']], { axis: -1 }),
    dense('hidden', HIDDEN, 'relu', 'features'),
    layer('Dropout', 'dropout', [HIDDEN], ['hidden'], { rate: 0.2, seed: null, noise_shape: null }),
    // Keras numbers layers from the deepest on, and the spread has more behind it than the mean.
    dense('spread', HORIZONS, 'softplus', 'dropout'),
    dense('mean', HORIZONS, 'linear', 'dropout'),
    op('Multiply', 'mean_return', [HORIZONS], ['mean', 'volatility']),
    op('Multiply', 'deviation', [HORIZONS], ['spread', 'volatility']),
    layer('GaussianDropout', 'chance', [HORIZONS], ['deviation'], { rate: UNIT_NOISE, seed: null }),
    op('Subtract', 'noise', [HORIZONS], ['chance', 'deviation']),
    op('Add', 'log_return', [HORIZONS], ['mean_return', 'noise']),
  ];
}

function document() {
  return {
    module: 'keras.src.models.functional',
    class_name: 'Functional',
    config: {
      name: 'sp500_daily',
      trainable: true,
      layers: topology(),
      input_layers: [['prices', 0, 0]],
      output_layers: [['log_return', 0, 0]],
    },
    registered_name: 'Functional',
    build_config: { input_shape: null },
  };
}

/** Takes kernel and bias of the hidden layer, of the mean and of the spread. */
export async function modelArchive(weights) {
  const places = ['dense', 'dense_2', 'dense_1'];
  const h5 = await hdf5((root) => {
    const layers = root.create_group('layers');
    places.forEach((place, i) => {
      const vars = layers.create_group(place).create_group('vars');
      weights.slice(2 * i, 2 * i + 2).forEach(({ shape, data }, at) => {
        vars.create_dataset({ name: String(at), data, shape, track_order: false });
      });
    });
  });
  return zip([
    [
      'metadata.json',
      Buffer.from(JSON.stringify({ keras_version: '3.9.0', date_saved: '2017-01-01@00:00:00' })),
    ],
    ['config.json', Buffer.from(JSON.stringify(document()))],
    ['model.weights.h5', h5],
  ]);
}

async function hdf5(fill) {
  await ready;
  const file = new File('/model.weights.h5', 'w');
  fill(file);
  file.flush();
  file.close();
  return Buffer.from(FS.readFile('/model.weights.h5'));
}

/** Stored, not packed, and without dates: the same weights give the same bytes (APPNOTE.TXT 4.3). */
function zip(entries) {
  const [local, central] = [[], []];
  let offset = 0;
  for (const [name, bytes] of entries) {
    const title = Buffer.from(name);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt32LE(0x21_0000, 6); // 1980-01-01, the first date there is
    common.writeUInt32LE(crc32(bytes), 10);
    common.writeUInt32LE(bytes.length, 14);
    common.writeUInt32LE(bytes.length, 18);
    common.writeUInt16LE(title.length, 22);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    central.push(Buffer.from('PK\u0001\u0002\u0014\u0003', 'latin1'), common, tail, title);
    const head = Buffer.concat([Buffer.from('PK\u0003\u0004', 'latin1'), common, title]);
    local.push(head, bytes);
    offset += head.length + bytes.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(entries.length, 4);
  end.writeUInt16LE(entries.length, 6);
  end.writeUInt32LE(directory.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...local, directory, Buffer.from('PK\u0005\u0006', 'latin1'), end]);
}
