import type { DenseModel } from '../../unit/predictors/trained-models.js';

/** A model of four bars and two columns. */
export const PLAIN: DenseModel = {
  bars: 4,
  columns: 2,
  outputs: 3,
  kernel: (input, output) => Math.sin(1 + input * (output + 1)) / 8,
  bias: (output) => output / 16,
};
export const METADATA = { feature_columns: ['CLOSE', 'VOLUME'], window_size: 4, target_column: 'CLOSE' };
export const WINDOW = [0.5, -0.25, 1 / 3, 2, -0, 7e-12, 0.1, 40];
/** The only input of the model, one window. */
export const input = (data: unknown = WINDOW, more: object = {}) => ({
  name: 'window',
  shape: [1, 4, 2],
  datatype: 'FP32',
  data,
  ...more,
});

/** The same, with its numbers behind the JSON. */
export const binaryInput = (size = 32) => ({
  name: 'window',
  shape: [1, 4, 2],
  datatype: 'FP32',
  parameters: { binary_data_size: size },
});

/** Requests that are refused, each with a part of what is said of it. */
export const WRONG: readonly (readonly [fault: string, body: unknown, told: string])[] = [
  ['no inputs', {}, 'the message needs a list of tensors'],
  ['a list', [], 'the request needs a JSON object with inputs'],
  ['another name', { inputs: [input(WINDOW, { name: 'x' })] }, 'the model takes window (FP32)'],
  ['another type', { inputs: [input(WINDOW, { datatype: 'FP64' })] }, 'is FP32, not FP64'],
  ['a type of texts', { inputs: [input(WINDOW, { datatype: 'BYTES' })] }, 'the datatype "BYTES"'],
  ['no type', { inputs: [input(WINDOW, { datatype: undefined })] }, 'has the datatype undefined'],
  ['too few numbers', { inputs: [input([1, 2])] }, 'has 2 elements, its shape has 8'],
  ['too many numbers', { inputs: [input([...WINDOW, 1])] }, 'has 9 elements, its shape has 8'],
  ['texts', { inputs: [input(['a', ...WINDOW.slice(1)])] }, 'holds "a", which is no FP32'],
  ['nothing known', { inputs: [input([null, ...WINDOW.slice(1)])] }, 'holds null'],
  ['another shape', { inputs: [input(WINDOW, { shape: [1, 8] })] }, 'must have the shape'],
  ['a huge shape', { inputs: [input(WINDOW, { shape: [2 ** 40, 2 ** 40, 2] })] }, 'may have 20000 elements'],
  ['a negative length', { inputs: [input(WINDOW, { shape: [-1, 4, 2] })] }, 'needs a shape'],
  ['no rows', { inputs: [input([], { shape: [0, 4, 2] })] }, 'must have the shape'],
  ['too many rows', { inputs: [input(Array(72).fill(1), { shape: [9, 4, 2] })] }, '8 rows (inference_rows)'],
  ['too many passes', { inputs: [input()], parameters: { samples: 101 } }, '(inference_passes)'],
  ['passes as text', { inputs: [input()], parameters: { samples: '5' } }, 'parameters.samples must be'],
  ['a seed below 0', { inputs: [input()], parameters: { seed: -1 } }, 'parameters.seed must be'],
  ['an unknown output', { inputs: [input()], outputs: [{ name: 'x' }] }, 'there is no output "x"'],
  ['an output without a name', { inputs: [input()], outputs: [{}] }, 'every one of outputs needs a name'],
  ['an id that is none', { id: 4, inputs: [input()] }, 'id must be a text'],
  ['an input twice', { inputs: [input(), input()] }, 'each of these inputs once'],
  ['bytes that are not there', { inputs: [binaryInput()] }, '0 of 32 bytes are left'],
];
