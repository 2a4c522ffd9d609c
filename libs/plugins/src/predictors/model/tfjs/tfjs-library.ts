/** The parts of TensorFlow.js that are used; `@tensorflow/tfjs-node` has them all, and so have its pure siblings together. */
export interface TfjsLibrary {
  readonly io: { fromMemory(artifacts: TfjsArtifacts): unknown };
  loadLayersModel(handler: unknown): Promise<TfjsLayersModel>;
  tensor(data: Float32Array, shape: readonly number[]): TfjsTensor;
  tidy<T>(work: () => T): T;
}

export interface TfjsTensor {
  readonly shape: readonly number[];
  dataSync(): ArrayLike<number>;
}

export interface TfjsLayer {
  getClassName(): string;
  /** Of dropout layers. */
  seed?: number;
}

export interface TfjsLayersModel {
  readonly layers: readonly TfjsLayer[];
  readonly outputNames: readonly string[];
  apply(input: TfjsTensor, options: { readonly training: boolean }): TfjsTensor | readonly TfjsTensor[];
  dispose(): unknown;
}

export interface TfjsArtifacts {
  readonly modelTopology: object;
  readonly weightSpecs: readonly unknown[];
  readonly weightData: ArrayBuffer;
}

/** The package that `model_runtime` `tfjs` computes with. It is installed by those who want it. */
export const TFJS_PACKAGE = '@tensorflow/tfjs-node';
