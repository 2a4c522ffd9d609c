import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { DEFAULT_LIMITS, parsePythonJson } from '../../../libs/keras-onnx/src/containers/source.js';
import { Engine } from '../../../libs/keras-onnx/src/runtime/engine.js';
import { compile, type Nd } from './models.js';

interface Recorded {
  readonly name: string;
  readonly model: unknown;
  readonly weights?: Readonly<Record<string, readonly Nd[]>>;
  readonly inputs: readonly OddNd[];
  readonly expected: readonly OddNd[];
}

/** Numbers, or the names of those that JSON has not. */
interface OddNd {
  readonly shape: readonly number[];
  readonly data: readonly (number | string)[];
}

/**
 * Answers of Keras 3.15 on TensorFlow to NaN, infinite numbers, both zeros and numbers at the ends of single precision; on NumPy where
 * TensorFlow's answer depends on the order in which it compares (sort, argsort, top_k) or on how many numbers there are (casts).
 */
const path = join(import.meta.dirname, 'answers-to-odd-numbers.json');
const recorded = parsePythonJson(
  readFileSync(path, 'utf8').replaceAll('"NaN"', 'NaN'),
  path,
  DEFAULT_LIMITS,
) as readonly Recorded[];

const plain = ({ shape, data }: OddNd): Nd => ({ shape, data: data.map(Number) });

/** How far a number is from the one that Keras answers; none are as near as equal ones. */
function distance(got: number, want: number): number {
  if (got === want || (Number.isNaN(got) && Number.isNaN(want))) return 0;
  if (!Number.isFinite(got) || !Number.isFinite(want)) return Infinity;
  return Math.abs(got - want) / Math.max(1, 10 * Math.abs(want));
}

describe('odd numbers are answered as Keras answers them:', () => {
  it.each(recorded.map((one) => [one.name, one] as const))(
    '%s',
    async (_, { model, weights, inputs, expected }) => {
      const engine = await Engine.open(
        compile(model, (layer) => weights?.[layer.name] ?? []),
        1,
      );
      const answers = await engine.run(inputs.map(plain));
      await engine.close();
      expect(answers.map(({ shape }) => shape)).toEqual(expected.map(({ shape }) => shape));
      answers.forEach(({ data }, at) => {
        const want = expected[at]?.data.map(Number) ?? [];
        const off = want.flatMap((one, index) =>
          distance(data[index] ?? NaN, one) > 1e-5 ? [{ index, got: data[index], want: one }] : [],
        );
        expect(off).toEqual([]);
      });
    },
  );
});
