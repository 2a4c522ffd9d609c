import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A model of one dense layer over the whole window, as TensorFlow.js saves it. */
export interface DenseModel {
  readonly bars: number;
  readonly columns: number;
  readonly outputs: number;
  /** kernel[bar * columns + column][output] */
  readonly kernel: (input: number, output: number) => number;
  readonly bias?: (output: number) => number;
  /** Rate of a dropout layer in front of the dense one; none when absent. */
  readonly dropout?: number;
  /** Of the dense layer; default linear. */
  readonly activation?: 'linear' | 'sigmoid';
  /** False: the input has no time axis. */
  readonly timeAxis?: boolean;
}

/** What the model answers without dropout, by plain loops. */
export const denseAnswer = (
  { outputs, kernel, bias = () => 0, activation = 'linear' }: DenseModel,
  window: readonly number[],
): number[] =>
  Array.from({ length: outputs }, (_, output) =>
    window.reduce((sum, value, input) => sum + value * kernel(input, output), bias(output)),
  ).map((value) => (activation === 'sigmoid' ? 1 / (1 + Math.exp(-value)) : value));

/** A folder of models for one spec; `remove` in afterAll. */
export interface ModelFolder {
  readonly path: string;
  /** Writes a model and its metadata (none when null); returns the model's path. */
  model(name: string, model: DenseModel, metadata?: object | null): string;
  write(name: string, content: string | Uint8Array): string;
  remove(): void;
}

export function modelFolder(): ModelFolder {
  const path = mkdtempSync(join(tmpdir(), 'models-'));
  // In one step, as a deployment replaces a file.
  const write = (name: string, content: string | Uint8Array): string => {
    writeFileSync(join(path, `${name}.new`), content);
    renameSync(join(path, `${name}.new`), join(path, name));
    return join(path, name);
  };
  return {
    path,
    write,
    model: (name, model, metadata = null) => {
      if (metadata !== null) write(`${name}_metadata.json`, JSON.stringify(metadata));
      write(`${name}.bin`, weightsOf(model));
      return write(`${name}.json`, JSON.stringify(topologyOf(name, model)));
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}

function weightsOf({ bars, columns, outputs, kernel, bias = () => 0 }: DenseModel): Uint8Array {
  const inputs = bars * columns;
  const weights = Float32Array.from({ length: (inputs + 1) * outputs }, (_, at) => {
    const [input, output] = [Math.floor(at / outputs), at % outputs];
    return input < inputs ? kernel(input, output) : bias(output);
  });
  return new Uint8Array(weights.buffer);
}

function topologyOf(
  name: string,
  { bars, columns, outputs, dropout, activation = 'linear', timeAxis = true }: DenseModel,
): object {
  const inputs = bars * columns;
  const batch_input_shape = timeAxis ? [null, bars, columns] : [null, inputs];
  const layers = [
    { class_name: 'InputLayer', config: { name: 'window', batch_input_shape, dtype: 'float32' } },
    ...(timeAxis ? [{ class_name: 'Flatten', config: { name: 'flat' } }] : []),
    ...(dropout === undefined
      ? []
      : [{ class_name: 'Dropout', config: { name: 'dropping', rate: dropout } }]),
    { class_name: 'Dense', config: { name: 'answer', units: outputs, activation, use_bias: true } },
  ];
  return {
    format: 'layers-model',
    modelTopology: { class_name: 'Sequential', config: { name, layers } },
    weightsManifest: [
      {
        paths: [`${name}.bin`],
        weights: [
          { name: 'answer/kernel', shape: [inputs, outputs], dtype: 'float32' },
          { name: 'answer/bias', shape: [outputs], dtype: 'float32' },
        ],
      },
    ],
  };
}
