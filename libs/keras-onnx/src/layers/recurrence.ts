import type { Value } from '../graph/emitter.js';
import type { LayerConfig } from '../graph/layer-config.js';

/** What SimpleRNN, GRU and LSTM differ in. */
export interface Cell {
  readonly op: 'RNN' | 'GRU' | 'LSTM';
  readonly gates: number;
  readonly states: number;
  /** ONNX gate `i` is Keras gate `order[i]`: Keras writes i, f, c, o, ONNX i, o, f, c. */
  readonly order: readonly number[];
}

/** One recurrent call, its numbers worked out. */
export interface Recurrence {
  readonly cell: Cell;
  readonly units: number;
  readonly features: number;
  readonly reverse: boolean;
  readonly resetAfter: boolean;
  readonly input: Value;
  readonly initial: readonly Value[];
}

/** Per-gate masks are what Keras' implementation 1 draws; recurrent dropout always means implementation 1. */
export function perGate(config: LayerConfig, cell: Cell): boolean {
  return cell.gates > 1 && (config.rate('recurrent_dropout') > 0 || config.get('implementation') === 1);
}
