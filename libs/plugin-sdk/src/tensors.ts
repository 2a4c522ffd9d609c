import type { NumberTensor, TensorPort } from '#libs/open-inference';

/** A model that answers tensors, as `/v2/models/{model}` describes it. */
export interface TensorModel {
  /** What computes it, for example `keras`. */
  readonly platform: string;
  /** Identifies the model: 64 hexadecimal digits, its version over the wire. */
  readonly sha256: string;
  readonly inputs: readonly TensorPort[];
  readonly outputs: readonly TensorPort[];
}

/** The arguments of `infer`. */
export interface TensorQuestion {
  /** As in `ForecastRequest.modelName`. */
  readonly modelName: string | null;
  readonly inputs: readonly NumberTensor[];
  /** Names of the outputs that are wanted; null = all. */
  readonly outputs: readonly string[] | null;
  /** Random passes, 0 for a single one that is certain. */
  readonly samples: number;
  /** Seed of the passes, 0 to 2³² − 1; null draws one. */
  readonly seed: number | null;
  readonly signal: AbortSignal;
}

export interface TensorAnswer {
  /** Of the model that answered. */
  readonly sha256: string;
  readonly outputs: readonly NumberTensor[];
  /** Random passes that were made. */
  readonly samples: number;
  /** Makes the same answer again; null when nothing was random. */
  readonly seed: number | null;
  /** What to know of the model before its answers are trusted; absent for most. */
  readonly note?: string;
}
