/** Where a tensor comes from: output `tensor` of the `node`-th call of a layer. */
export interface TensorReference {
  readonly kind: 'tensor';
  readonly layer: string;
  readonly node: number;
  readonly tensor: number;
}

/** A tensor written out in the configuration, for example a positional encoding. */
export interface ConstantTensor {
  readonly kind: 'constant';
  readonly shape: readonly number[];
  readonly data: Float32Array;
  readonly dtype: string;
}

/** A Python slice; null means left out. */
export interface SliceArgument {
  readonly kind: 'slice';
  readonly start: number | null;
  readonly stop: number | null;
  readonly step: number | null;
}

/** One argument of a layer call as the configuration tells it. */
export type Argument =
  | TensorReference
  | ConstantTensor
  | SliceArgument
  | { readonly kind: 'ellipsis' }
  | string
  | number
  | boolean
  | null
  | readonly Argument[];

/** One call of a layer. */
export interface NodeCall {
  /** Keras 2 wrote calls as lists and counted those of a nested model from 1. */
  readonly legacy: boolean;
  readonly args: readonly Argument[];
  readonly kwargs: Readonly<Record<string, Argument>>;
}

/** A layer, an operation node or a nested model. */
export interface LayerSpec {
  readonly kind: 'layer' | 'operation' | 'model';
  readonly className: string;
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly calls: readonly NodeCall[];
  /** Equal for two entries that are one and the same object. */
  readonly sharedId: number | undefined;
  readonly trainable: boolean;
  /** The inner graph of a nested model. */
  readonly model: ModelSpec | undefined;
  /** Which Keras wrote it; a few defaults and one activation differ. */
  readonly dialect: Dialect;
}

/** A Sequential or Functional model. */
export interface ModelSpec {
  readonly kind: 'sequential' | 'functional';
  readonly name: string;
  /** The class, where it is none of Keras': whether it computes what it was saved as is not in the file. */
  readonly subclass?: string | undefined;
  readonly layers: readonly LayerSpec[];
  readonly inputs: readonly TensorReference[];
  readonly outputs: readonly TensorReference[];
}

/** `keras2` also stands for TensorFlow.js layers models, which follow Keras 2. */
export type Dialect = 'keras2' | 'keras3';
