import { dependsOnSamples, type Emitter, type Value } from '../graph/emitter.js';
import { binary, concat, expand, matmul, scale, shift } from '../graph/tensor-ops.js';
import { type Activation, activationsOf } from './activations.js';
import { drawMask, type LayerCall } from './definition.js';
import type { LayerConfig } from '../graph/layer-config.js';
import { overSteps, type Stepped } from './steps.js';

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
  /** (rows, steps), true where a step counts. */
  readonly mask: Value | undefined;
  /** Masked steps answer zeros. */
  readonly zeroOutput: boolean;
}

/** Recurrent layers of Keras take a rate of 1 as none. */
export function activeRate(config: LayerConfig, key: string): number {
  const rate = config.rate(key, 0, true);
  return rate === 1 ? 0 : rate;
}

/** Per-gate masks are what Keras' implementation 1 draws; recurrent dropout always means implementation 1. */
export function perGate(config: LayerConfig, cell: Cell): boolean {
  return (
    cell.gates > 1 && (activeRate(config, 'recurrent_dropout') > 0 || config.get('implementation') === 1)
  );
}

/** A recurrence whose steps are written out in the body of an ONNX Scan: any activation, any recurrent dropout. */
export function scanSteps(call: LayerCall, recurrence: Recurrence): Stepped {
  const { emit } = call;
  const { cell, units, reverse } = recurrence;
  const projected = project(call, recurrence);
  const masks = recurrentMasks(call, recurrence);
  const rows =
    [projected, ...masks, ...recurrence.initial].map((value) => value.shape[0] ?? 1).find(dependsOnSamples) ??
    projected.shape[0] ??
    1;
  const initial = Array.from({ length: cell.states }, (_, index) => {
    const given = recurrence.initial[index] ?? emit.constant(new Float32Array(units), [1, units]);
    return expand(emit, given, [rows, units]);
  });
  const { mask, zeroOutput } = recurrence;
  return overSteps(call, { input: projected, initial, mask, zeroOutput, reverse }, (inner, step, states) =>
    stepOf(call, inner, recurrence, step, states, masks),
  );
}

/** x · W + b for all steps and gates at once. */
function project(call: LayerCall, { cell, units, features, input, resetAfter }: Recurrence): Value {
  const { emit, config } = call;
  const width = cell.gates * units;
  const { data } = call.weight('kernel', [features, width]);
  const product = matmulGates(
    call,
    input,
    data,
    features,
    inputMasks(call, input, cell),
    units,
    cell.gates,
    'kernel',
  );
  if (!config.flag('use_bias', true)) return product;
  const split = cell.op === 'GRU' && resetAfter;
  const bias = call.once('scan/bias', () =>
    emit.constant(call.weight('bias', split ? [2, width] : [width]).data.subarray(0, width), [width]),
  );
  return binary(emit, 'Add', product, bias);
}

function inputMasks(call: LayerCall, input: Value, cell: Cell): readonly Value[] {
  const rate = activeRate(call.config, 'dropout');
  if (call.emit.mode === 'run' || rate === 0 || !perGate(call.config, cell)) return [];
  const [rows = 1, , features = 1] = input.shape;
  return Array.from({ length: cell.gates }, () => drawMask(call, [rows, 1, features], rate));
}

function recurrentMasks(call: LayerCall, { cell, units, input }: Recurrence): readonly Value[] {
  const rate = activeRate(call.config, 'recurrent_dropout');
  if (call.emit.mode === 'run' || rate === 0) return [];
  return Array.from({ length: cell.gates }, () => drawMask(call, [input.shape[0] ?? 1, units], rate));
}

/** The columns of one gate. */
function gateColumns(
  data: Float32Array,
  rows: number,
  units: number,
  gates: number,
  gate: number,
): Float32Array {
  const result = new Float32Array(rows * units);
  for (let row = 0; row < rows; row += 1) {
    const from = row * units * gates + gate * units;
    result.set(data.subarray(from, from + units), row * units);
  }
  return result;
}

function matmulGates(
  call: LayerCall,
  x: Value,
  data: Float32Array,
  rows: number,
  masks: readonly Value[],
  units: number,
  gates: number,
  key: string,
): Value {
  const { emit } = call;
  if (masks.length === 0) {
    return matmul(
      emit,
      x,
      call.once(`scan/${key}`, () => emit.constant(data, [rows, units * gates])),
    );
  }
  const products = masks.map((mask, gate) => {
    const columns = call.once(`scan/${key}/${gate}`, () =>
      emit.constant(gateColumns(data, rows, units, gates, gate), [rows, units]),
    );
    return matmul(emit, binary(emit, 'Mul', x, mask), columns);
  });
  return concat(emit, products, -1);
}

/** The operators of one step; returns the new states. Equations: keras LSTMCell, GRUCell and SimpleRNNCell. */
function stepOf(
  call: LayerCall,
  inner: Emitter,
  recurrence: Recurrence,
  step: Value,
  states: readonly Value[],
  masks: readonly Value[],
): readonly Value[] {
  const { cell, units } = recurrence;
  const width = cell.gates * units;
  const { data } = call.weight('recurrent_kernel', [units, width]);
  const [hidden, carry] = states;
  if (hidden === undefined) throw new Error('invariant broken: a step has a state');
  const recurrentKernels = Array.from({ length: cell.gates }, (_, gate) =>
    call.once(`scan/recurrent/${gate}`, () =>
      call.emit.constant(gateColumns(data, units, units, cell.gates, gate), [units, units]),
    ),
  );
  const masked = (gate: number): Value => {
    const mask = masks[gate];
    return mask === undefined ? hidden : binary(inner, 'Mul', hidden, mask);
  };
  const through = (gate: number, from: Value): Value => matmul(inner, from, recurrentKernels[gate] ?? from);
  const parts = inner.multi(
    'Split',
    [step],
    Array.from({ length: cell.gates }, () => [step.shape[0] ?? 1, units]),
    {
      axis: { int: -1 },
      num_outputs: { int: cell.gates },
    },
  );
  const part = (gate: number): Value => parts[gate] ?? step;
  const { activation, gateActivation } = activationsOf(call.config, call.layer.dialect);
  const plain = (gate: number): Value => binary(inner, 'Add', part(gate), through(gate, masked(gate)));
  if (cell.op === 'RNN') return [activation(inner, plain(0))];
  if (cell.op === 'LSTM' && carry !== undefined) {
    const [i, f, o] = [0, 1, 3].map((gate) => gateActivation(inner, plain(gate)));
    const candidate = activation(inner, plain(2));
    if (i === undefined || f === undefined || o === undefined)
      throw new Error('invariant broken: an LSTM has four gates');
    const memory = binary(inner, 'Add', binary(inner, 'Mul', f, carry), binary(inner, 'Mul', i, candidate));
    return [binary(inner, 'Mul', o, activation(inner, memory)), memory];
  }
  return [gruStep({ call, inner, recurrence, hidden, part, through, masked, activation, gateActivation })];
}

interface GruStep {
  readonly call: LayerCall;
  readonly inner: Emitter;
  readonly recurrence: Recurrence;
  readonly hidden: Value;
  readonly part: (gate: number) => Value;
  readonly through: (gate: number, from: Value) => Value;
  readonly masked: (gate: number) => Value;
  readonly activation: Activation;
  readonly gateActivation: Activation;
}

function gruStep({
  call,
  inner,
  recurrence,
  hidden,
  part,
  through,
  masked,
  activation,
  gateActivation,
}: GruStep): Value {
  const { units, resetAfter } = recurrence;
  const bias = (gate: number, x: Value): Value => {
    if (!resetAfter || !call.config.flag('use_bias', true)) return x;
    const { data } = call.weight('bias', [2, 3 * units]);
    const from = (3 + gate) * units;
    return binary(inner, 'Add', x, inner.constant(data.slice(from, from + units), [units]));
  };
  const gate = (index: number): Value =>
    gateActivation(inner, binary(inner, 'Add', part(index), bias(index, through(index, masked(index)))));
  const [update, reset] = [gate(0), gate(1)];
  const recalled = resetAfter
    ? binary(inner, 'Mul', reset, bias(2, through(2, masked(2))))
    : through(2, binary(inner, 'Mul', reset, masked(2)));
  const candidate = activation(inner, binary(inner, 'Add', part(2), recalled));
  const kept = binary(inner, 'Mul', update, hidden);
  const fresh = binary(inner, 'Mul', shift(inner, scale(inner, update, -1), 1), candidate);
  return binary(inner, 'Add', kept, fresh);
}
