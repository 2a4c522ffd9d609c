import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { loadModel, ModelError } from '../../../libs/keras-onnx/src/index.js';
import { nodeField } from '../../../libs/keras-onnx/src/foreign/model.js';
import { FAULTS, folder, placed } from './faults.js';
import { FLOAT, foreignFile, initializer, INT64, port } from './foreign-files.js';
import { saysWhereAndHow } from './fuzzer.js';

afterAll(() => rm(folder, { recursive: true }));

describe('a refusal', () => {
  it.each(FAULTS)('of %s names the place and a way out', async (_, code, names, refuse) => {
    const error = await refuse();
    expect(error).toMatchObject({ code, detail: expect.stringContaining(names) as unknown });
    expect(error.detail).not.toMatch(/_7|_11/);
    expect([error.detail, saysWhereAndHow(error.detail)]).toEqual([error.detail, true]);
  });

  it('of a run names the input, or says what helps', async () => {
    const shape = initializer('shape', INT64, [1], new Uint8Array(BigInt64Array.of(3n).buffer));
    const graph = [
      nodeField('Reshape', ['x', 'shape'], ['y']),
      shape,
      port('input', 'x', FLOAT, ['b', 'c']),
      port('output', 'y', FLOAT, [3]),
    ];
    const model = await loadModel(await placed(['m.onnx', foreignFile(graph)]), { inference: 'inline' });
    const failed = async (shaped: number[], data: number[]): Promise<ModelError> => {
      const answer: unknown = await model.run([{ shape: shaped, data }]).catch((error: unknown) => error);
      if (!(answer instanceof ModelError)) throw new Error('it ran');
      return answer;
    };
    const wrong = await failed([4], [1, 2, 3, 4]);
    expect(wrong).toMatchObject({
      code: 'model_input',
      detail: expect.stringContaining("the input 'x' must have") as unknown,
    });
    const impossible = await failed([1, 4], [1, 2, 3, 4]);
    expect(impossible).toMatchObject({ code: 'model_run_failed' });
    expect(impossible.detail).toMatch(/; give other inputs, or export the model anew$/);
    await model.dispose();
    expect((await failed([1, 3], [1, 2, 3])).detail).toBe('the model has been disposed of; load it again');
  });

  it('always has a way out: the source makes no error without one', async () => {
    const source = join(import.meta.dirname, '../../../libs/keras-onnx/src');
    const names = (await readdir(source, { recursive: true })).filter((name) => name.endsWith('.ts'));
    const details: string[] = [];
    for (const name of names.filter((one) => one !== 'errors.ts')) {
      const text = await readFile(join(source, name), 'utf8');
      // `corrupt`, `unsupported` and `tooLarge` ask for a way out; these are the errors that are made by hand.
      for (const [, detail = ''] of text.matchAll(/new ModelError\(\s*'\w+',\s*(['`"].*)/g))
        details.push(detail);
    }
    expect(details.length).toBeGreaterThan(10);
    expect(details.filter((one) => !/; |one file, or two in one folder|must be/.test(one))).toEqual([]);
  });
});
