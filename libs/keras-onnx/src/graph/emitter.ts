import { tooLarge } from '../errors.js';
import type { Attribute, ElementType, GraphBuilder } from '../onnx/builder.js';
import { BATCH, SAMPLES, showShape, type Dim } from './dims.js';

/** A tensor of the graph that is being written. */
export interface Value {
  readonly name: string;
  readonly shape: readonly Dim[];
  readonly type: ElementType;
}

/** A constant with its elements, as read from the file. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** How the elements of one random graph input are drawn. Bernoulli gives `high` with probability `keep`, else 0. */
export type Distribution =
  | { readonly kind: 'bernoulli'; readonly keep: number; readonly high: number }
  | { readonly kind: 'normal'; readonly mean: number; readonly deviation: number }
  | { readonly kind: 'uniform'; readonly low: number; readonly high: number };

/** A random input of the sampling graph; the first axis is always the samples. */
export interface RandomInput {
  readonly name: string;
  readonly shape: readonly Dim[];
  readonly distribution: Distribution;
  /** The tensor that the mask is drawn on: what is kept of it, scaled, is the input. */
  readonly base?: string;
}

/**
 * A random input of a graph that another tool wrote, which is computed one pass at a time. `shape` is its lengths, or the
 * output of the `run` graph that tells them for the inputs at hand.
 */
export interface PassRandom {
  readonly name: string;
  readonly shape: readonly number[] | string;
  readonly distribution: Distribution;
}

/**
 * `run` answers a batch of rows, nothing random. `sample` answers one row: tensors keep a first axis of 1 until the
 * first random layer multiplies a mask of shape [samples, …] in; ONNX broadcasting then fans the row out, so that
 * everything before is computed once.
 */
export type EmitMode = 'run' | 'sample';

/** The most elements one tensor of one row may have: 256 MiB of floats, above any model of the field. */
const MAX_ELEMENTS = 64 * 1024 * 1024;

/** Writes operators into a graph while tracking every tensor's shape. */
export class Emitter {
  readonly randoms: RandomInput[] = [];
  /** The mask of a tensor by its name: true for what counts. Keras hangs masks on tensors in the same way. */
  readonly masks = new Map<string, Value>();
  /** Every tensor by its name. */
  readonly values = new Map<string, Value>();
  /** Where a symbolic length can be read at run time. */
  readonly #sources = new Map<string, { readonly name: string; readonly axis: number }>();

  constructor(
    readonly builder: GraphBuilder,
    readonly mode: EmitMode,
    /** Where constants of floats stand: those of a branch outside of it, as all calls of a layer share them. */
    private readonly shared: GraphBuilder = builder,
  ) {}

  /** The first axis of a tensor nothing random has reached. */
  get rows(): Dim {
    return this.mode === 'run' ? BATCH : 1;
  }

  /** One operator with one output of the given shape. */
  op(
    op: string,
    inputs: readonly (Value | string)[],
    shape: readonly Dim[],
    options: { attributes?: Readonly<Record<string, Attribute>>; type?: ElementType } = {},
  ): Value {
    const names = inputs.map((one) => (typeof one === 'string' ? one : one.name));
    const [name] = this.builder.node(op, names, options.attributes);
    const first = inputs.find((one): one is Value => typeof one !== 'string');
    return this.value(name ?? '', shape, options.type ?? first?.type ?? 'float32');
  }

  /** One operator with several outputs. */
  multi(
    op: string,
    inputs: readonly (Value | string)[],
    shapes: readonly (readonly Dim[])[],
    attributes: Readonly<Record<string, Attribute>> = {},
    types: readonly ElementType[] = [],
  ): Value[] {
    const names = inputs.map((one) => (typeof one === 'string' ? one : one.name));
    const outputs = this.builder.node(op, names, attributes, shapes.length);
    return outputs.map((name, index) => this.value(name, shapes[index] ?? [], types[index] ?? 'float32'));
  }

  /** Declares a graph input. */
  input(name: string, shape: readonly Dim[], type: ElementType): Value {
    const dims = shape.map((dim, axis) => (typeof dim === 'number' ? dim : `${name}_${axis}`));
    this.builder.inputs.push({ name, type, dims });
    return this.value(name, shape, type);
  }

  /** Declares a random input; `shape` starts with the samples. */
  random(shape: readonly Dim[], distribution: Distribution): Value {
    const name = `random#${this.randoms.length}`;
    this.randoms.push({ name, shape, distribution });
    return this.input(name, shape, 'float32');
  }

  /** A float constant. */
  constant(data: Float32Array, shape: readonly number[]): Value {
    return this.value(this.shared.floats(data, shape), shape, 'float32');
  }

  /** A constant of 64-bit integers. */
  integers(values: readonly (number | bigint)[], shape: readonly number[] = [values.length]): Value {
    return this.value(this.builder.integers(values, shape), shape, 'int64');
  }

  /** A 64-bit integer without sign and without axes. */
  unsigned(value: number): Value {
    return this.value(this.builder.unsigned([value], []), [], 'uint64');
  }

  /** A float constant without axes. */
  scalar(value: number): Value {
    return this.constant(Float32Array.of(value), []);
  }

  /** A one-element int64 tensor that holds a length. */
  length(dim: Dim): string {
    if (typeof dim === 'number') return this.builder.integers([dim]);
    const known = this.#sources.get(JSON.stringify(dim));
    if (known !== undefined) {
      const [shape] = this.builder.node('Shape', [known.name], {
        start: { int: known.axis },
        end: { int: known.axis + 1 },
      });
      return shape ?? '';
    }
    if (typeof dim === 'string') throw new Error(`invariant broken: no tensor has the length '${dim}'`);
    const operators = { '+': 'Add', '*': 'Mul', '//': 'Div' } as const;
    const [result] = this.builder.node(operators[dim[0]], [this.length(dim[1]), this.length(dim[2])]);
    return result ?? '';
  }

  /** An int64 tensor that holds a shape. */
  shapeTensor(shape: readonly Dim[]): string {
    if (shape.every((dim) => typeof dim === 'number')) return this.builder.integers(shape);
    const [joined] = this.builder.node(
      'Concat',
      shape.map((dim) => this.length(dim)),
      { axis: { int: 0 } },
    );
    return joined ?? '';
  }

  /** Wraps a value name; refuses tensors that no honest model has and remembers where lengths can be read. */
  value(name: string, shape: readonly Dim[], type: ElementType): Value {
    const known = shape.reduce<number>((size, dim) => (typeof dim === 'number' ? size * dim : size), 1);
    if (known > MAX_ELEMENTS) {
      throw tooLarge(`a tensor of shape ${showShape(shape)} has more than ${MAX_ELEMENTS} elements`);
    }
    shape.forEach((dim, axis) => {
      const key = JSON.stringify(dim);
      if (typeof dim !== 'number' && !this.#sources.has(key)) this.#sources.set(key, { name, axis });
    });
    const value = { name, shape, type };
    this.values.set(name, value);
    return value;
  }
}

/** Whether a random layer has already fanned this tensor out. */
export function isFanned(value: Value): boolean {
  return value.shape.length > 0 && dependsOnSamples(value.shape[0] ?? 1);
}

/** Whether a length has the number of samples in it. */
export function dependsOnSamples(dim: Dim): boolean {
  return typeof dim === 'object' ? dependsOnSamples(dim[1]) || dependsOnSamples(dim[2]) : dim === SAMPLES;
}
