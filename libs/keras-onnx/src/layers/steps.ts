import type { Dim } from '../graph/dims.js';
import type { Attribute } from '../onnx/builder.js';
import { Emitter, type Value } from '../graph/emitter.js';
import { binary, cast, expand, reduce, unary, unsqueeze, where } from '../graph/tensor-ops.js';
import type { LayerCall } from './definition.js';

/** A recurrence over the steps (axis 1) of a tensor. */
export interface Steps {
  readonly input: Value;
  /** The states before the first step, with all their rows; the first one is the output of a step. */
  readonly initial: readonly Value[];
  /** (rows, steps): a false step keeps states and output of the one before. */
  readonly mask: Value | undefined;
  /** Masked steps answer zeros instead of the output before. */
  readonly zeroOutput: boolean;
  readonly reverse: boolean;
}

/** What a recurrence answers: outputs in the order of time, the states behind the last step, and its output. */
export interface Stepped {
  readonly sequence: Value;
  readonly states: readonly Value[];
  readonly last: Value;
}

/** Writes one step into the body of the loop; returns the new states. */
export type WriteStep = (inner: Emitter, input: Value, states: readonly Value[]) => readonly Value[];

/** Writes a recurrence whose steps are the body of an ONNX Scan. */
export function overSteps(call: LayerCall, steps: Steps, writeStep: WriteStep): Stepped {
  const { emit } = call;
  const { input, initial, mask, reverse } = steps;
  const [first] = initial;
  if (first === undefined) throw new Error('invariant broken: a recurrence has a state');
  const body = emit.builder.subgraph('step');
  const inner = new Emitter(body, emit.mode);
  const name = (stem: string, shape: readonly Dim[], type: Value['type']): Value => {
    const fresh = body.fresh(stem);
    body.inputs.push({ name: fresh, type });
    return inner.value(fresh, shape, type);
  };
  // Before the first step that counts the output is zero, whatever the states are.
  const zeros = mask === undefined ? [] : [expand(emit, emit.scalar(0), first.shape)];
  const states = [...initial, ...zeros].map((state) => name('state', state.shape, 'float32'));
  const [, , ...rest] = input.shape;
  const step = name('step', [input.shape[0] ?? 1, ...rest], 'float32');
  const seen = mask === undefined ? undefined : name('seen', [mask.shape[0] ?? 1], 'bool');
  const fresh = writeStep(inner, step, states.slice(0, initial.length));
  const next = seen === undefined ? fresh : keepMasked(inner, seen, fresh, states, steps.zeroOutput);
  const output = next.at(seen === undefined ? 0 : -1);
  if (output === undefined) throw new Error('invariant broken: a step has an output');
  for (const one of [...next, unary(inner, 'Identity', output)])
    body.outputs.push({ name: one.name, type: 'float32' });
  const before = [...initial, ...zeros];
  const sequence = [first.shape[0] ?? 1, input.shape[1] ?? 1, ...first.shape.slice(1)];
  const scanned = mask === undefined ? [input] : [input, cast(emit, mask, 'bool')];
  const outputs = emit.multi(
    'Scan',
    [...before, ...scanned],
    [...before.map(({ shape }) => shape), sequence],
    {
      body: { graph: body },
      num_scan_inputs: { int: scanned.length },
      scan_input_axes: { ints: scanned.map(() => 1) },
      scan_output_axes: { ints: [1] },
      scan_input_directions: { ints: scanned.map(() => (reverse ? 1 : 0)) },
      // Time order, as the fused operators answer.
      scan_output_directions: { ints: [reverse ? 1 : 0] },
    },
  );
  const finals = outputs.slice(0, initial.length);
  const last = mask === undefined ? finals[0] : outputs[initial.length];
  const all = outputs.at(-1);
  if (all === undefined || last === undefined) throw new Error('invariant broken: a scan has outputs');
  return { sequence: all, states: finals, last };
}

/** The states where a step counts, those of before where it does not; the output last. */
function keepMasked(
  inner: Emitter,
  seen: Value,
  fresh: readonly Value[],
  states: readonly Value[],
  zeroOutput: boolean,
): Value[] {
  const rankOf = (value: Value): Value => {
    let wide = seen;
    while (wide.shape.length < value.shape.length) wide = unsqueeze(inner, wide, -1);
    return wide;
  };
  const kept = fresh.map((value, index) => where(inner, rankOf(value), value, states[index] ?? value));
  const [hidden] = fresh;
  const before = states.at(-1);
  if (hidden === undefined || before === undefined) throw new Error('invariant broken: a step has an output');
  return [...kept, where(inner, rankOf(hidden), hidden, zeroOutput ? inner.scalar(0) : before)];
}

/** Numbers that together are smaller cannot leave single precision on their way through a step. */
const FAR = 1e15;

/**
 * A recurrence by a fused operator, and step by step where that answers something else: ONNX Runtime clips what the gates are given, so
 * that NaN and infinite numbers leave it as finite ones. Each row is judged by itself, and the steps are written out only when one needs it.
 * @param grows whether an activation may answer any number, so that states can overflow
 */
export function exactly(
  call: LayerCall,
  { input, initial }: Pick<Steps, 'input' | 'initial'>,
  fused: Stepped,
  grows: boolean,
  writeSteps: (call: LayerCall) => Stepped,
): Stepped {
  const { emit } = call;
  const answers = [fused.sequence, ...fused.states];
  const sizes = [input, ...initial, ...(grows ? answers : [])].map((one) =>
    reduce(emit, 'ReduceL1', one, axesBehindRows(one), false),
  );
  const size = sizes.reduce((sum, one) => binary(emit, 'Add', sum, one));
  const sound = binary(emit, 'Less', size, emit.scalar(FAR), 'bool');
  const all = cast(emit, reduce(emit, 'ReduceMin', cast(emit, sound, 'float32'), [0], false), 'bool');
  const branch = (name: string, write: (inner: Emitter) => readonly Value[]): Attribute => {
    const graph = emit.builder.subgraph(name);
    const inner = new Emitter(graph, emit.mode, emit.builder);
    for (const one of [input, ...initial]) inner.value(one.name, one.shape, one.type);
    for (const one of write(inner)) graph.outputs.push({ name: one.name, type: 'float32' });
    return { graph };
  };
  const [sequence, ...states] = emit.multi(
    'If',
    [all],
    answers.map(({ shape }) => shape),
    {
      then_branch: branch('fused', (inner) => answers.map((one) => unary(inner, 'Identity', one))),
      else_branch: branch('steps', (inner) => {
        const exact = writeSteps({ ...call, emit: inner });
        return [exact.sequence, ...exact.states].map((one, at) => {
          let mark = sound;
          while (mark.shape.length < one.shape.length) mark = unsqueeze(inner, mark, -1);
          return where(inner, mark, answers[at] ?? one, one);
        });
      }),
    },
  );
  const [last] = states;
  if (sequence === undefined || last === undefined)
    throw new Error('invariant broken: a recurrence has a state');
  return { sequence, states, last };
}

const axesBehindRows = ({ shape }: Value): number[] => shape.slice(1).map((_, axis) => axis + 1);
