import { expect } from '@jest/globals';
import { compileSource } from '../../../libs/keras-onnx/src/isolate/compile-file.js';
import type { CompiledModel } from '../../../libs/keras-onnx/src/isolate/compile-file.js';
import { parseModel } from '../../../libs/keras-onnx/src/graph/parse.js';
import type { Dialect, LayerSpec } from '../../../libs/keras-onnx/src/graph/spec.js';
import { Engine } from '../../../libs/keras-onnx/src/runtime/engine.js';

export { numbers } from './numbers.js';

/** A tensor of the references: plain numbers in row-major order. */
export interface Nd {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

export const sizeOf = (shape: readonly number[]): number => shape.reduce((size, dim) => size * dim, 1);

export function random(shape: readonly number[], next: () => number): Nd {
  return { shape, data: Array.from({ length: sizeOf(shape) }, next) };
}

/** Builds a tensor from a function of its index. */
export function tabulate(shape: readonly number[], of: (...index: number[]) => number): Nd {
  const data = Array.from({ length: sizeOf(shape) }, (_, flat) => {
    const index: number[] = [];
    let rest = flat;
    for (const dim of shape.toReversed()) {
      index.unshift(rest % dim);
      rest = Math.floor(rest / dim);
    }
    return of(...index);
  });
  return { shape, data };
}

/** One element; an index outside gives 0, which is what padding needs. */
export function at({ shape, data }: Nd, ...index: number[]): number {
  let flat = 0;
  for (const [axis, dim] of shape.entries()) {
    const one = index[axis] ?? 0;
    if (one < 0 || one >= dim) return 0;
    flat = flat * dim + one;
  }
  return data[flat] ?? 0;
}

export const sum = (count: number, of: (index: number) => number): number => {
  let total = 0;
  for (let index = 0; index < count; index += 1) total += of(index);
  return total;
};

export interface LayerCase {
  readonly className: string;
  readonly config?: Record<string, unknown>;
  readonly inputs: readonly Nd[];
  readonly weights?: readonly Nd[];
  /** Leave the lengths of all axes but the last open. */
  readonly variable?: boolean;
  readonly dialect?: Dialect;
  /** Extra arguments of the call. */
  readonly kwargs?: Record<string, unknown>;
  readonly outputs?: number;
  readonly operation?: boolean;
  /** For operations: the arguments of the call; `i` stands for input number i written as `{input: i}`. */
  readonly args?: (tensors: readonly unknown[]) => unknown[];
}

const tensor = (layer: string, index = 0): unknown => ({
  class_name: '__keras_tensor__',
  config: { shape: [], dtype: 'float32', keras_history: [layer, 0, index] },
});

/** A functional model around one layer. */
export function modelAround(test: LayerCase): Record<string, unknown> {
  const names = test.inputs.map((_, index) => `input_${index}`);
  const tensors = names.map((name) => tensor(name));
  const listed = test.inputs.length === 1 ? [tensors[0]] : [tensors];
  const separate = test.className === 'MultiHeadAttention';
  const args = test.args?.(tensors) ?? (separate ? tensors : listed);
  const inputs = test.inputs.map((input, index) => ({
    module: 'keras.layers',
    class_name: 'InputLayer',
    config: {
      name: names[index],
      dtype: 'float32',
      batch_shape: [
        null,
        ...input.shape
          .slice(1)
          .map((dim, axis, all) => (test.variable === true && axis < all.length - 1 ? null : dim)),
      ],
    },
    name: names[index],
    inbound_nodes: [],
  }));
  const layer = {
    module: test.operation === true ? 'keras.src.ops.numpy' : 'keras.layers',
    class_name: test.className,
    config: { name: 'layer', ...test.config },
    name: 'layer',
    inbound_nodes: [{ args, kwargs: test.kwargs ?? {} }],
  };
  return {
    module: 'keras.src.models.functional',
    class_name: 'Functional',
    config: {
      name: 'around',
      layers: [...inputs, layer],
      input_layers: names.map((name) => [name, 0, 0]),
      output_layers: Array.from({ length: test.outputs ?? 1 }, (_, index) => ['layer', 0, index]),
    },
  };
}

/** Compiles a model whose variables are given flat for each outermost layer. */
export function compile(
  config: unknown,
  weights: (layer: LayerSpec) => readonly Nd[],
  dialect: Dialect = 'keras3',
): CompiledModel {
  const model = parseModel(config, dialect);
  const variables = (layer: LayerSpec) =>
    weights(layer).map(({ shape, data }) => ({ shape, data: Float32Array.from(data) }));
  const source = {
    format: 'keras',
    model,
    writtenBy: undefined,
    weights: { kind: 'flat', variables },
    close: () => undefined,
  } as const;
  return { ...compileSource(source), sha256: '', files: [] };
}

/** Runs one layer; with `sample` set, also returns the engine for sampling. */
export async function runLayer(test: LayerCase): Promise<Nd[]> {
  const compiled = compile(
    modelAround(test),
    (layer) => (layer.name === 'layer' ? (test.weights ?? []) : []),
    test.dialect,
  );
  const engine = await Engine.open(compiled, 1);
  try {
    const answers = await engine.run(test.inputs);
    return answers.map(({ shape, data }) => ({ shape, data: Array.from(data) }));
  } finally {
    await engine.close();
  }
}

/** Equal shapes, and numbers within 2e-5 (relative above 1). */
export function expectClose(got: Nd | undefined, want: Nd): void {
  expect(got?.shape).toEqual(want.shape);
  let worst = 0;
  want.data.forEach((value, index) => {
    const off = Math.abs((got?.data[index] ?? Number.NaN) - value) / Math.max(1, Math.abs(value));
    if (!(off <= worst)) worst = off;
  });
  expect(worst).toBeLessThan(2e-5);
}

/** Runs a layer and compares all its outputs. */
export async function expectLayer(test: LayerCase, ...want: readonly Nd[]): Promise<void> {
  const got = await runLayer({ ...test, outputs: want.length });
  expect(got).toHaveLength(want.length);
  want.forEach((one, index) => expectClose(got[index], one));
}
