import type { Tensor } from '../graph/emitter.js';
import type { LayerConfig } from '../graph/layer-config.js';
import { trainable, type LayerDefinition } from './definition.js';
import { RECURRENT_LAYERS } from './recurrent.js';

/** Each gate's block of a matrix [rows, gates · units], rewritten by `turn` from its numbers in row order. */
function byGate(
  { shape, data }: Tensor,
  gates: number,
  turn: (block: Float32Array, rows: number, units: number) => (row: number, unit: number) => number,
): Tensor {
  const [rows = 1, width = 1] = shape;
  const units = width / gates;
  const result = new Float32Array(data.length);
  for (let gate = 0; gate < gates; gate += 1) {
    const block = new Float32Array(rows * units);
    for (let row = 0; row < rows; row += 1)
      block.set(data.subarray(row * width + gate * units, row * width + (gate + 1) * units), row * units);
    const at = turn(block, rows, units);
    for (let row = 0; row < rows; row += 1)
      for (let unit = 0; unit < units; unit += 1) result[row * width + gate * units + unit] = at(row, unit);
  }
  return { shape, data: result };
}

/**
 * The layers for cuDNN of Keras 2. They kept the kernels of NVIDIA's library: every gate's input kernel as [units, features]
 * whose numbers were read in row order, its recurrent kernel turned over, and a bias for the input and one for the recurrence.
 */
function cudnn(className: 'LSTM' | 'GRU', gates: number): LayerDefinition {
  const definition = RECURRENT_LAYERS[className];
  if (definition === undefined) throw new Error('invariant broken: a recurrent layer is there');
  return {
    ...definition,
    weights: () => trainable('kernel', 'recurrent_kernel', 'bias'),
    adapt(found: ReadonlyMap<string, Tensor>, _config: LayerConfig): ReadonlyMap<string, Tensor> {
      const [kernel, recurrent, bias] = ['kernel', 'recurrent_kernel', 'bias'].map((name) => found.get(name));
      if (kernel === undefined || recurrent === undefined || bias === undefined) return found;
      return new Map([
        ['kernel', byGate(kernel, gates, (block, rows) => (row, unit) => block[unit * rows + row] ?? 0)],
        [
          'recurrent_kernel',
          byGate(recurrent, gates, (block, _rows, units) => (row, unit) => block[unit * units + row] ?? 0),
        ],
        ['bias', className === 'LSTM' ? summed(bias) : { shape: [2, bias.data.length / 2], data: bias.data }],
      ]);
    },
    emit: (call) => definition.emit({ ...call, config: call.config.with({ reset_after: true }) }),
  };
}

/** The bias of the input and that of the recurrence are added anyway. */
function summed({ data }: Tensor): Tensor {
  const half = data.length / 2;
  return {
    shape: [half],
    data: Float32Array.from({ length: half }, (_, index) => (data[index] ?? 0) + (data[half + index] ?? 0)),
  };
}

/** Recurrent layers that only a graphics card could compute. */
export const CUDNN_LAYERS: Readonly<Record<string, LayerDefinition>> = {
  CuDNNLSTM: cudnn('LSTM', 4),
  CuDNNGRU: cudnn('GRU', 3),
};
