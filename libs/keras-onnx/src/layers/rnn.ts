import { corrupt, unsupported } from '../errors.js';
import type { Value } from '../graph/emitter.js';
import { isObject } from '../graph/layer-config.js';
import type { LayerSpec } from '../graph/spec.js';
import { snakeCase } from '../graph/snake-case.js';
import { cast, flip } from '../graph/tensor-ops.js';
import {
  masked,
  stepMask,
  type ChildLayer,
  type LayerCall,
  type LayerDefinition,
  type Resolved,
} from './definition.js';
import { wrapped } from './wrapped.js';

const CELLS = ['LSTMCell', 'GRUCell', 'SimpleRNNCell'];
/** States of each cell. */
const STATES: Readonly<Record<string, number>> = { LSTMCell: 2, GRUCell: 1, SimpleRNNCell: 1 };

interface Cell {
  readonly layer: LayerSpec;
  /** Its place below that of the RNN layer. */
  readonly place: string;
}

/** The cells of an RNN layer, the first one nearest to the input. */
function cellsOf(layer: LayerSpec): readonly Cell[] {
  const outer = wrapped(layer, 'cell', layer.config.cell);
  if (outer.className !== 'StackedRNNCells') return [{ layer: known(outer), place: 'cell' }];
  const list = outer.config.cells;
  if (!Array.isArray(list) || list.length === 0) throw corrupt('has no cells', layer.name);
  const used = new Map<string, number>();
  return list.map((raw: unknown, index): Cell => {
    const cell = known(wrapped(layer, `cell_${index}`, isObject(raw) ? raw : undefined));
    const stem = snakeCase(cell.className);
    const count = used.get(stem) ?? 0;
    used.set(stem, count + 1);
    return { layer: cell, place: `cell/cells/${stem}${count === 0 ? '' : `_${count}`}` };
  });
}

function known(cell: LayerSpec): LayerSpec {
  if (CELLS.includes(cell.className)) return cell;
  throw unsupported(`the cell '${cell.className}'`, `use ${CELLS.join(', ')}`, cell.name);
}

/**
 * RNN(cell) and RNN([cells]). Cells on top of each other only see each other's outputs of the same step, so that they are layers
 * one behind the other; where a step is masked all of them keep their states.
 */
const rnn: LayerDefinition = {
  masks: 'use',
  children: (layer): readonly ChildLayer[] =>
    cellsOf(layer).map((cell) => ({ places: [cell.place], layer: cell.layer })),
  emit(call) {
    const { config, emit } = call;
    const [given] = call.inputs;
    if (given === undefined) throw corrupt('takes a sequence', call.layer.name);
    const reverse = config.flag('go_backwards', false);
    let x = reverse ? flip(emit, given, 1) : given;
    const isSequence = config.flag('return_sequences', false);
    const cells = cellsOf(call.layer);
    const before = initialOf(call, cells);
    const mask = stepMask(call, before.length > 0);
    const seen = mask !== undefined && reverse ? flip(emit, cast(emit, mask, 'float32'), 1) : mask;
    const states: Value[] = [];
    for (const [index, { layer }] of cells.entries()) {
      const isLast = index === cells.length - 1;
      const settings = {
        return_state: true,
        return_sequences: !isLast || isSequence,
        zero_output_for_mask: config.flag('zero_output_for_mask', false),
      };
      const initial = before[index];
      const kwargs = {
        ...(initial === undefined ? {} : { initial_state: initial }),
        ...(seen === undefined ? {} : { mask: { kind: 'value', value: seen } as const }),
      };
      const [output, ...own] = call.inner(layer, [x], kwargs, settings);
      if (output === undefined) throw corrupt('a cell has no output', call.layer.name);
      x = output;
      states.push(...own);
    }
    const output = masked(call, x, isSequence ? call.masks[0] : undefined);
    return config.flag('return_state', false) ? [output, ...states] : output;
  },
};

/** The given states of every cell. */
function initialOf(call: LayerCall, cells: readonly Cell[]): readonly (readonly Resolved[])[] {
  const given = call.kwargs.initial_state ?? call.args[1] ?? null;
  const more = call.inputs.slice(1).map((value): Resolved => ({ kind: 'value', value }));
  const flat = given === null ? more : flatten(given);
  if (flat.length === 0) return [];
  let at = 0;
  return cells.map(({ layer }) => flat.slice(at, (at += STATES[layer.className] ?? 1)));
}

const flatten = (argument: Resolved): Resolved[] =>
  Array.isArray(argument) ? (argument as readonly Resolved[]).flatMap(flatten) : [argument];

/** Recurrent layers around cells. */
export const CELL_LAYERS: Readonly<Record<string, LayerDefinition>> = { RNN: rnn };
