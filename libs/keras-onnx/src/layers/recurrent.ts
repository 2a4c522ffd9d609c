import { corrupt } from '../errors.js';
import type { Value } from '../graph/emitter.js';
import { alignRows, binary, flip, squeeze, transpose, unsqueeze } from '../graph/tensor-ops.js';
import type { Attribute } from '../onnx/builder.js';
import { activationName } from './activations.js';
import {
  drawMask,
  known,
  masked,
  stepMask,
  withBias,
  type LayerCall,
  type LayerDefinition,
  type Resolved,
} from './definition.js';
import { activeRate, type Cell, perGate, type Recurrence, scanSteps } from './recurrent-scan.js';
import { exactly, type Stepped } from './steps.js';

const CELLS = {
  SimpleRNN: { op: 'RNN', gates: 1, states: 1, order: [0] },
  GRU: { op: 'GRU', gates: 3, states: 1, order: [0, 1, 2] },
  LSTM: { op: 'LSTM', gates: 4, states: 2, order: [0, 3, 1, 2] },
} as const satisfies Record<string, Cell>;

/** Activations that ONNX Runtime's fused cells know, with their parameters. */
const FUSED: Readonly<Record<string, { name: string; alpha?: number; beta?: number }>> = {
  tanh: { name: 'Tanh' },
  sigmoid: { name: 'Sigmoid' },
  relu: { name: 'Relu' },
};

function recurrent(cell: Cell): LayerDefinition {
  return {
    masks: 'use',
    variables: 'cell/vars',
    weights: (config) => withBias(config, 'kernel', 'recurrent_kernel'),
    emit(call) {
      const { config, emit } = call;
      if (config.flag('time_major', false)) throw config.refuse('time_major', 'save it with rows first');
      const recurrence = describe(call, cell);
      const isPlain =
        recurrence.mask === undefined &&
        !recurrentDropout(call) &&
        isFused(call, cell) &&
        hasNumbers(call, recurrence);
      const { sequence, states, last } = isPlain ? fusedSteps(call, recurrence) : scanSteps(call, recurrence);
      const isSequence = config.flag('return_sequences', false);
      const ordered = recurrence.reverse ? flip(emit, sequence, 1) : sequence;
      const output = masked(call, isSequence ? ordered : last, isSequence ? call.masks[0] : undefined);
      return config.flag('return_state', false) ? [output, ...states] : output;
    },
  };
}

function describe(call: LayerCall, cell: Cell): Recurrence {
  const { config, inputs } = call;
  const [first, ...more] = inputs;
  if (first?.shape.length !== 3) throw corrupt('takes (rows, steps, features)', call.layer.name);
  const units = config.integer('units');
  const features = known(call, first.shape[2], 'number of features');
  const initial = statesOf(call.kwargs.initial_state ?? call.args[1], more);
  if (initial.length !== 0 && initial.length !== cell.states)
    throw corrupt(`takes ${cell.states} initial states`, call.layer.name);
  for (const state of initial) {
    if (state.shape.length !== 2 || state.shape[1] !== units)
      throw corrupt(`an initial state must be (rows, ${units})`, call.layer.name);
  }
  const dropped = dropInput(call, first, cell);
  const [input = dropped, ...aligned] = alignRows(call.emit, [dropped, ...initial]);
  return {
    cell,
    units,
    features,
    reverse: config.flag('go_backwards', false),
    resetAfter: config.flag('reset_after', call.layer.dialect === 'keras3'),
    input,
    initial: aligned,
    mask: stepMask(call, initial.length > 0),
    zeroOutput: config.flag('zero_output_for_mask', false),
  };
}

/** The initial states that a call names, one or a list, or those behind the sequence. */
export function statesOf(argument: Resolved | undefined, more: readonly Value[] = []): readonly Value[] {
  if (argument === undefined || argument === null) return more;
  const list = Array.isArray(argument) ? (argument as readonly Resolved[]) : [argument];
  return list.flatMap((one) =>
    typeof one === 'object' && one !== null && 'value' in one ? [one.value] : [],
  );
}

function recurrentDropout(call: LayerCall): boolean {
  if (call.emit.mode === 'run') return false;
  const { config } = call;
  return (
    activeRate(config, 'recurrent_dropout') > 0 ||
    (config.get('implementation') === 1 && activeRate(config, 'dropout') > 0)
  );
}

/** Input dropout that all gates share: one mask for the whole sequence. Per-gate masks are drawn by the scan. */
function dropInput(call: LayerCall, x: Value, cell: Cell): Value {
  const rate = activeRate(call.config, 'dropout');
  if (call.emit.mode === 'run' || rate === 0 || perGate(call.config, cell)) return x;
  const [rows = 1, , features = 1] = x.shape;
  return binary(call.emit, 'Mul', x, drawMask(call, [rows, 1, features], rate));
}

function fusedActivations(
  call: LayerCall,
  cell: Cell,
): readonly ({ name: string; alpha?: number; beta?: number } | undefined)[] {
  const find = (key: string, fallback: string) => {
    const name = activationName(call.config.get(key) ?? fallback, call.layer.name);
    if (name !== 'hard_sigmoid') return FUSED[name];
    return { name: 'HardSigmoid', alpha: call.layer.dialect === 'keras2' ? 0.2 : 1 / 6, beta: 0.5 };
  };
  const main = find('activation', 'tanh');
  if (cell.op === 'RNN') return [main];
  const gate = find('recurrent_activation', 'sigmoid');
  return cell.op === 'GRU' ? [gate, main] : [gate, main, main];
}

const isFused = (call: LayerCall, cell: Cell): boolean =>
  fusedActivations(call, cell).every((one) => one !== undefined);

/** Keras' [rows, gates · units] as ONNX' [1, gates · units, rows] with the gates in ONNX order. */
function gateRows(data: Float32Array, rows: number, units: number, order: readonly number[]): Float32Array {
  const width = order.length * units;
  const result = new Float32Array(data.length);
  order.forEach((from, to) => {
    for (let unit = 0; unit < units; unit += 1) {
      for (let row = 0; row < rows; row += 1) {
        result[(to * units + unit) * rows + row] = data[row * width + from * units + unit] ?? 0;
      }
    }
  });
  return result;
}

/** The two bias halves of ONNX: for the input and for the recurrence. */
function biasRows(call: LayerCall, { cell, units, resetAfter }: Recurrence): Float32Array {
  const width = cell.gates * units;
  const result = new Float32Array(2 * width);
  if (!call.config.flag('use_bias', true)) return result;
  const halves = cell.op === 'GRU' && resetAfter ? 2 : 1;
  const { data } = call.weight('bias', halves === 2 ? [2, width] : [width]);
  for (let half = 0; half < halves; half += 1) {
    result.set(gateRows(data.subarray(half * width, (half + 1) * width), 1, units, cell.order), half * width);
  }
  return result;
}

/** ONNX Runtime's fused cell, the fastest way by far. */
function fusedSteps(call: LayerCall, recurrence: Recurrence): Stepped {
  const { emit } = call;
  const { cell, units, features, input, initial, reverse } = recurrence;
  const width = cell.gates * units;
  const kernel = call.once('kernel', () =>
    emit.constant(gateRows(call.weight('kernel', [features, width]).data, features, units, cell.order), [
      1,
      width,
      features,
    ]),
  );
  const recurrentKernel = call.once('recurrent_kernel', () =>
    emit.constant(gateRows(call.weight('recurrent_kernel', [units, width]).data, units, units, cell.order), [
      1,
      width,
      units,
    ]),
  );
  const bias = call.once('bias', () => emit.constant(biasRows(call, recurrence), [1, 2 * width]));
  const activations = fusedActivations(call, cell).flatMap((one) => one ?? []);
  const attributes: Record<string, Attribute> = {
    hidden_size: { int: units },
    direction: { text: reverse ? 'reverse' : 'forward' },
    activations: { texts: activations.map((one) => one.name) },
    activation_alpha: { floats: activations.flatMap((one) => one.alpha ?? []) },
    activation_beta: { floats: activations.flatMap((one) => one.beta ?? []) },
    ...(cell.op === 'GRU' ? { linear_before_reset: { int: recurrence.resetAfter ? 1 : 0 } } : {}),
  };
  const [rows = 1, steps = 1] = input.shape;
  const states = initial.map((state) => unsqueeze(emit, state, 0));
  const shapes = [[steps, 1, rows, units], ...Array.from({ length: cell.states }, () => [1, rows, units])];
  const sequenceFirst = transpose(emit, input, [1, 0, 2]);
  const [sequence, ...finals] = emit.multi(
    cell.op,
    [sequenceFirst, kernel, recurrentKernel, bias, '', ...states],
    shapes,
    attributes,
  );
  if (sequence === undefined) throw new Error('invariant broken: a recurrent operator has outputs');
  const [last, ...others] = finals.map((state) => squeeze(emit, state, [0]));
  if (last === undefined) throw new Error('invariant broken: a recurrent layer has a state');
  const stepped = {
    sequence: transpose(emit, squeeze(emit, sequence, [1]), [1, 0, 2]),
    states: [last, ...others],
    last,
  };
  const grows = activations.some(({ name }) => name === 'Relu');
  return exactly(call, recurrence, stepped, grows, (inner) => scanSteps(inner, recurrence));
}

/** Whether all numbers of the variables are some; the fused operators make others of those that are not. */
const hasNumbers = (call: LayerCall, { cell, units, features, resetAfter }: Recurrence): boolean => {
  const width = cell.gates * units;
  const bias = cell.op === 'GRU' && resetAfter ? [2, width] : [width];
  const all = [call.weight('kernel', [features, width]), call.weight('recurrent_kernel', [units, width])];
  if (call.config.flag('use_bias', true)) all.push(call.weight('bias', bias));
  return all.every(({ data }) => data.every(Number.isFinite));
};

/** A cell as a layer of its own inside RNN or StackedRNNCells; its variables stand at its own place. */
const cell = (definition: LayerDefinition): LayerDefinition => ({ ...definition, variables: 'vars' });
const [simple, gru, lstm] = [recurrent(CELLS.SimpleRNN), recurrent(CELLS.GRU), recurrent(CELLS.LSTM)];

/** Recurrent layers. */
export const RECURRENT_LAYERS: Readonly<Record<string, LayerDefinition>> = {
  SimpleRNN: simple,
  GRU: gru,
  LSTM: lstm,
  SimpleRNNCell: cell(simple),
  GRUCell: cell(gru),
  LSTMCell: cell(lstm),
};
