import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from '@jest/globals';
import { DEFAULT_LIMITS } from '../../../libs/keras-onnx/src/containers/source.js';
import { compileFile } from '../../../libs/keras-onnx/src/isolate/compile-file.js';
import { proven } from '../../../libs/keras-onnx/src/isolate/prove.js';
import { Engine } from '../../../libs/keras-onnx/src/runtime/engine.js';
import { type Field, intField, lengthField, writeFields } from '../../../libs/keras-onnx/src/onnx/wire.js';
import { GRAPH, MODEL, nodeField, TENSOR } from '../../../libs/keras-onnx/src/foreign/model.js';

/** ONNX element types. */
export const FLOAT = 1;
export const INT64 = 7;
export const STRING = 8;
export const BOOL = 9;
export const HALF = 10;

/** An ONNX file of another tool, written field by field; `ml` adds the operators of classifiers. */
export function foreignFile(graph: readonly Field[], opset = 17): Uint8Array {
  const set = (domain: string, version: number): Field =>
    lengthField(MODEL.opset, [lengthField(1, domain), intField(2, version)]);
  return writeFields([
    intField(1, 8),
    lengthField(MODEL.producer, 'other'),
    lengthField(MODEL.graph, [lengthField(2, 'graph'), ...graph]),
    set('', opset),
    set('ai.onnx.ml', 3),
  ]);
}

/** A tensor at the edge; a string is an open length, null no shape at all. */
export function port(
  side: 'input' | 'output',
  name: string,
  type: number,
  dims: readonly (number | string)[] | null,
): Field {
  const shape = (dims ?? []).map((dim) =>
    lengthField(1, [typeof dim === 'number' ? intField(1, dim) : lengthField(2, dim)]),
  );
  const tensor = [intField(1, type), ...(dims === null ? [] : [lengthField(2, shape)])];
  return lengthField(GRAPH[side], [lengthField(1, name), lengthField(2, [lengthField(1, tensor)])]);
}

/** An output that is a list of dictionaries, as ZipMap answers. */
export function dictionaries(name: string): Field {
  const numbers = lengthField(1, [intField(1, FLOAT), lengthField(2, [])]);
  const map = lengthField(5, [intField(1, INT64), lengthField(2, [numbers])]);
  const sequence = lengthField(4, [lengthField(1, [map])]);
  return lengthField(GRAPH.output, [lengthField(1, name), lengthField(2, [sequence])]);
}

/** A constant in the file. */
export function initializer(name: string, type: number, dims: readonly number[], raw: Uint8Array): Field {
  const shape = dims.map((dim) => intField(TENSOR.dims, dim));
  return lengthField(GRAPH.initializer, [
    ...shape,
    intField(TENSOR.type, type),
    lengthField(TENSOR.name, name),
    lengthField(TENSOR.raw, raw),
  ]);
}

/** A constant whose numbers lie in another file. */
export function outside(
  name: string,
  dims: readonly number[],
  location: string,
  offset: number,
  length: number,
): Field {
  const entry = (key: string, value: string): Field =>
    lengthField(TENSOR.external, [lengthField(1, key), lengthField(2, value)]);
  return lengthField(GRAPH.initializer, [
    ...dims.map((dim) => intField(TENSOR.dims, dim)),
    intField(TENSOR.type, FLOAT),
    lengthField(TENSOR.name, name),
    entry('location', location),
    entry('offset', String(offset)),
    entry('length', String(length)),
    intField(TENSOR.location, 1),
  ]);
}

/** A rate or a flag as the exporters write it. */
export const floats = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);

/** (b, 4) → Dropout(rate) that trains → (b, 4). */
export function trainingDropout(rate: number, opset = 17): Uint8Array {
  return foreignFile(
    [
      nodeField('Dropout', ['x', 'rate', 'train'], ['y']),
      initializer('rate', FLOAT, [], floats(rate)),
      initializer('train', BOOL, [], Uint8Array.of(1)),
      port('input', 'x', FLOAT, ['b', 4]),
      port('output', 'y', FLOAT, ['b', 4]),
    ],
    opset,
  );
}

/** A folder for files of other tools, as long as the specs of a file run; its engines are closed with it. */
export class ForeignFolder {
  path = '';
  #made = 0;
  readonly #opened: Engine[] = [];

  constructor() {
    beforeAll(async () => {
      this.path = await mkdtemp(join(tmpdir(), 'keras-onnx-foreign-'));
    });
    afterAll(async () => {
      for (const engine of this.#opened) await engine.close();
      await rm(this.path, { recursive: true });
    });
  }

  async compile(bytes: Uint8Array): ReturnType<typeof proven> {
    const path = join(this.path, `${(this.#made += 1)}.onnx`);
    await writeFile(path, bytes);
    return proven(await compileFile(path, DEFAULT_LIMITS));
  }

  async open(bytes: Uint8Array): Promise<Engine> {
    return this.load(await this.compile(bytes));
  }

  async load(model: Awaited<ReturnType<typeof proven>>): Promise<Engine> {
    const engine = await Engine.open(model, 1);
    this.#opened.push(engine);
    return engine;
  }
}
