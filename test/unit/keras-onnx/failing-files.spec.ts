import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { DEFAULT_LIMITS } from '../../../libs/keras-onnx/src/containers/source.js';
import { compileFile } from '../../../libs/keras-onnx/src/isolate/compile-file.js';
import { proven } from '../../../libs/keras-onnx/src/isolate/prove.js';
import { Engine } from '../../../libs/keras-onnx/src/runtime/engine.js';
import type { Nd } from './models.js';

/** Files that their own tools load, with what these answer. */
const folder = join(process.cwd(), '../shared/cases/keras');
const present = existsSync(folder);

interface Case {
  readonly inputs: readonly (Nd & { readonly name: string })[];
  readonly expected: readonly Nd[];
}

const casesIn = (place: string): string[] =>
  readdirSync(place).flatMap((name) => {
    const path = join(place, name);
    if (statSync(path).isDirectory()) return casesIn(path);
    return name.endsWith('case.json') ? [path] : [];
  });

/** Weights in half precision are computed in float32, so that the answer is nearer to the truth than the expected one. */
function toleranceOf(name: string): number {
  if (name.includes('bfloat16')) return 2 ** -7;
  return name.includes('float16') ? 2 ** -10 : 1e-5;
}

(present ? describe : describe.skip)('a model file that its own tool loads', () => {
  for (const path of present ? casesIn(folder) : []) {
    const model =
      basename(path) === 'case.json' ? join(dirname(path), 'model.json') : path.replace('.case.json', '');
    it(`${relative(folder, model)} answers the same`, async () => {
      const { inputs, expected } = JSON.parse(readFileSync(path, 'utf8')) as Case;
      const engine = await Engine.open(await proven(await compileFile(model, DEFAULT_LIMITS)), 1);
      const outputs = await engine.run(inputs);
      await engine.close();
      expected.forEach((want, index) => {
        const got = outputs[index];
        expect(got?.shape).toEqual(want.shape);
        const off = want.data.map(
          (value, at) =>
            Math.abs((got?.data[at] ?? Number.NaN) - value) /
            (Math.abs(value) > 1 ? 10 * Math.abs(value) : 1),
        );
        expect(Math.max(...off)).toBeLessThanOrEqual(toleranceOf(basename(model)));
      });
    });
  }
});
