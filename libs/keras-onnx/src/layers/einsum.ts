import { corrupt, unsupported } from '../errors.js';
import type { Dim } from '../graph/dims.js';
import type { Emitter, Value } from '../graph/emitter.js';
import { binary } from '../graph/tensor-ops.js';
import { activate } from './core.js';
import { only, trainable, variable, type LayerCall, type LayerDefinition } from './definition.js';

/** Letters of each operand and of the result; an ellipsis stands as `0`. */
interface Equation {
  readonly inputs: readonly string[];
  readonly output: string;
}

/** Reads `ab,bc->ac`. Without an arrow the result has the letters that occur once, in alphabetical order. */
function parseEquation(text: string, count: number): Equation {
  const plain = text.replaceAll(/\s/g, '').replaceAll('...', '0');
  const [left = '', right] = plain.split('->');
  const inputs = left.split(',');
  if (
    inputs.length !== count ||
    !/^[a-zA-Z0,]+$/.test(left) ||
    (right !== undefined && !/^[a-zA-Z0]*$/.test(right))
  )
    throw corrupt(`'${text.slice(0, 60)}' is no sum over ${count} tensors`);
  const once = [...left.replaceAll(/[,0]/g, '')].filter((letter) => left.split(letter).length === 2);
  const free = `${left.includes('0') ? '0' : ''}${once.sort().join('')}`;
  return { inputs, output: right ?? free };
}

/** Einstein's sum over tensors (ONNX Einsum), with the lengths of the result worked out. */
export function einsum(emit: Emitter, text: string, values: readonly Value[]): Value {
  const { inputs, output } = parseEquation(text, values.length);
  const lengths = new Map<string, Dim>();
  let elided: readonly Dim[] = [];
  inputs.forEach((letters, index) => {
    const shape = values[index]?.shape ?? [];
    const named = letters.replace('0', '').length;
    if (letters.includes('0') ? shape.length < named : shape.length !== named)
      throw corrupt(`'${text.slice(0, 60)}' does not fit a tensor of ${shape.length} axes`);
    let axis = 0;
    for (const letter of letters) {
      if (letter === '0') {
        const inside = shape.slice(axis, axis + shape.length - named);
        if (inside.length >= elided.length) elided = inside;
        axis += inside.length;
        continue;
      }
      const known = lengths.get(letter);
      const length = shape[axis] ?? 1;
      if (
        typeof known === 'number' &&
        typeof length === 'number' &&
        known !== length &&
        known !== 1 &&
        length !== 1
      )
        throw corrupt(`'${letter}' is ${known} and ${length} long`);
      if (known === undefined || known === 1 || typeof known !== 'number') lengths.set(letter, length);
      axis += 1;
    }
  });
  const shape = [...output].flatMap((letter) => (letter === '0' ? elided : [lengths.get(letter) ?? 1]));
  const written = `${inputs.join(',')}->${output}`.replaceAll('0', '...');
  return emit.op('Einsum', values, shape, { attributes: { equation: { text: written } } });
}

/** The shapes of kernel and bias, from the equation, the input and `output_shape`; as EinsumDense works them out. */
function shapesOf(call: LayerCall, x: Value): { kernel: number[]; bias: number[] | undefined } {
  const { config } = call;
  const text = String(config.get('equation'));
  const { inputs, output } = parseEquation(text, 2);
  const [input = '', weight = ''] = inputs;
  const wanted = [config.get('output_shape')].flat() as (number | null)[];
  const letters = output.replace('0', '');
  const offset = output.startsWith('0') ? letters.length - wanted.length : 1;
  const lengths = new Map<string, Dim>();
  const named = input.replace('0', '');
  const start = input.startsWith('0') ? x.shape.length - named.length : 0;
  [...named].forEach((letter, index) => lengths.set(letter, x.shape[start + index] ?? 1));
  [...letters].forEach((letter, index) => {
    const length = wanted[index - offset];
    if (typeof length === 'number' && !lengths.has(letter)) lengths.set(letter, length);
  });
  const known = (letter: string): number => {
    const length = lengths.get(letter);
    if (typeof length === 'number') return length;
    throw unsupported(
      `an unknown length '${letter}' of its kernel`,
      'save the model with that length fixed',
      call.layer.name,
    );
  };
  const axes = config.get('bias_axes');
  if (typeof axes !== 'string') return { kernel: [...weight].map(known), bias: undefined };
  const first = Math.min(...[...axes].map((letter) => letters.indexOf(letter)).filter((at) => at >= 0));
  const behind = output.endsWith('0') ? x.shape.length - named.length : 0;
  const bias = letters
    .slice(first)
    .split('')
    .map((letter) => (axes.includes(letter) ? known(letter) : 1));
  return { kernel: [...weight].map(known), bias: [...bias, ...Array.from({ length: behind }, () => 1)] };
}

/** A dense layer over any axes. */
export const einsumDense: LayerDefinition = {
  masks: 'drop',
  weights: (config) => trainable('kernel', ...(typeof config.get('bias_axes') === 'string' ? ['bias'] : [])),
  emit(call) {
    const { emit, config } = call;
    const x = only(call);
    const { kernel, bias } = shapesOf(call, x);
    const product = einsum(emit, String(config.get('equation')), [x, variable(call, 'kernel', kernel)]);
    return activate(
      call,
      bias === undefined ? product : binary(emit, 'Add', product, variable(call, 'bias', bias)),
    );
  },
};
