import type { ModelSpec } from '../graph/spec.js';
import type { WeightSource } from '../graph/weights.js';

/** File formats that load. */
export type ModelFormat = 'keras' | 'h5' | 'tfjs' | 'onnx';

/** A model as its container holds it, before compiling. */
export interface GraphSource {
  readonly format: Exclude<ModelFormat, 'onnx'>;
  readonly model: ModelSpec;
  readonly weights: WeightSource;
  /** The version of Keras (or converter) that wrote the file, when it says so. */
  readonly writtenBy: string | undefined;
  /** Releases what `weights` reads from. */
  close(): void;
}
