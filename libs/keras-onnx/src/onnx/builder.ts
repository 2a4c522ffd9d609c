/** Element types that emitted graphs use. */
export type ElementType =
  | 'float32'
  | 'float64'
  | 'float16'
  | 'bfloat16'
  | 'float8'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'uint64'
  | 'bool';

/** An attribute of a node, tagged by its ONNX type. */
export type Attribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly text: string }
  | { readonly ints: readonly number[] }
  | { readonly floats: readonly number[] }
  | { readonly texts: readonly string[] }
  | { readonly graph: GraphParts };

/** One operator application. */
export interface NodeParts {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** A constant tensor; `data` holds its elements little-endian in row-major order. */
export interface Initializer {
  readonly name: string;
  readonly type: ElementType;
  readonly dims: readonly number[];
  readonly data: Float32Array | BigInt64Array | BigUint64Array | Int32Array | Uint8Array;
}

/** A graph input or output; `dims` left out means an unknown rank, a string dim a symbolic length. */
export interface ValueInfo {
  readonly name: string;
  readonly type: ElementType;
  readonly dims?: readonly (number | string)[];
}

/** Everything the protobuf writer needs of a graph. */
export interface GraphParts {
  readonly name: string;
  readonly nodes: readonly NodeParts[];
  readonly initializers: readonly Initializer[];
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
}

/** Collects the parts of one ONNX graph and hands out unique value names. */
export class GraphBuilder implements GraphParts {
  readonly nodes: NodeParts[] = [];
  readonly initializers: Initializer[] = [];
  readonly inputs: ValueInfo[] = [];
  readonly outputs: ValueInfo[] = [];
  readonly #constants = new Map<string, string>();
  readonly #counter: { next: number };

  constructor(
    readonly name: string,
    counter?: { next: number },
  ) {
    this.#counter = counter ?? { next: 0 };
  }

  /** A graph for a Scan body; it shares the name counter, so that names never shadow the outer ones. */
  subgraph(name: string): GraphBuilder {
    return new GraphBuilder(name, this.#counter);
  }

  /** A fresh value name that starts with `stem`; the sign keeps it apart from the names of layers. */
  fresh(stem: string): string {
    this.#counter.next += 1;
    return `${stem}#${this.#counter.next}`;
  }

  /** Appends a node and returns the names of its outputs. An empty input name leaves an optional input out. */
  node(
    op: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    outputCount = 1,
  ): string[] {
    const outputs = Array.from({ length: outputCount }, () => this.fresh(op.toLowerCase()));
    this.nodes.push({ name: this.fresh('n'), op, inputs, outputs, attributes });
    return outputs;
  }

  /** A constant of floats; equal small constants share one initializer. */
  floats(values: Float32Array, dims: readonly number[]): string {
    return this.#constant('float32', values, dims);
  }

  /** A constant of 64-bit integers, the type ONNX wants for shapes and axes. Larger ones keep their low bits. */
  integers(values: readonly (number | bigint)[], dims: readonly number[] = [values.length]): string {
    return this.#constant('int64', BigInt64Array.from(values, BigInt), dims);
  }

  /** A constant of 64-bit integers without a sign. */
  unsigned(values: readonly number[], dims: readonly number[]): string {
    return this.#constant('uint64', BigUint64Array.from(values, BigInt), dims);
  }

  /** A constant of booleans. */
  booleans(values: readonly boolean[], dims: readonly number[]): string {
    return this.#constant('bool', Uint8Array.from(values, Number), dims);
  }

  #constant(type: ElementType, data: Initializer['data'], dims: readonly number[]): string {
    const key =
      data.length <= 16 ? `${type}|${dims.join()}|${Array.from(data, showExactly).join()}` : undefined;
    const known = key === undefined ? undefined : this.#constants.get(key);
    if (known !== undefined) return known;
    const name = this.fresh('c');
    this.initializers.push({ name, type, dims, data });
    if (key !== undefined) this.#constants.set(key, name);
    return name;
  }
}

/** Keeps -0 and 0 apart, which join alone would not. */
function showExactly(value: number | bigint): string {
  return Object.is(value, -0) ? '-0' : String(value);
}
