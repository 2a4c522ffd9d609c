import { corrupt, unsupported } from '../errors.js';
import type { Dim } from '../graph/dims.js';
import type { Emitter, Value } from '../graph/emitter.js';
import { binary } from '../graph/tensor-ops.js';
import { activate, dequantizedIn, plainBias } from './core.js';
import { only, trainable, variable, type LayerCall, type LayerDefinition } from './definition.js';
import { dequantized, quantizationOf, quantizedSlots, roundedInputs } from './quantized.js';

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

/** Where the letters of the equation stand that matter for quantized layers. */
function quantizedAxes(
  call: LayerCall,
  rank: number,
): { reduced: number[]; scale: (kernel: readonly number[]) => number[] } {
  const { inputs, output } = parseEquation(String(call.config.get('equation')), 2);
  const [input = '', weight = ''] = inputs;
  const elided = rank - input.replace('0', '').length;
  const widen = (letters: string): string => letters.replace('0', '0'.repeat(elided));
  const reduced = [...widen(input)].flatMap((letter, axis) =>
    letter !== '0' && weight.includes(letter) && !output.includes(letter) ? [axis] : [],
  );
  const scale = (kernel: readonly number[]): number[] =>
    [...widen(output)].map((letter) => (letter === '0' ? 1 : (kernel[weight.indexOf(letter)] ?? 1)));
  return { reduced, scale };
}

/** A dense layer over any axes. */
export const einsumDense: LayerDefinition = {
  masks: 'drop',
  weights(config) {
    const own = trainable('kernel', ...(typeof config.get('bias_axes') === 'string' ? ['bias'] : []));
    return quantizedSlots('kernel', own, quantizationOf(config, 'EinsumDense'));
  },
  adapt(found, config) {
    const how = quantizationOf(config, 'EinsumDense');
    if (how === undefined) return found;
    const bias = plainBias(found, how);
    // The scales of int8 lie along the axes of the result, and are divided by there.
    if (how.mode === 'int8') return dequantizedIn(found, { bias });
    const length = found.get('kernel_scale')?.shape.at(-1) ?? 1;
    return dequantizedIn(found, {
      kernel: dequantized(found, 'kernel', how, { length, packed: 1, scaled: 'columns' }),
      bias,
    });
  },
  emit(call) {
    const { emit, config } = call;
    const x = only(call);
    const how = quantizationOf(config, 'EinsumDense');
    const { kernel, bias } = shapesOf(call, x);
    const { reduced, scale } = quantizedAxes(call, x.shape.length);
    const size = kernel.reduce((product, length) => product * length, 1);
    const columns = how?.mode === 'int4' ? columnsOf(call, kernel) : 0;
    const weights =
      columns === 0
        ? variable(call, 'kernel', kernel)
        : variable(call, 'kernel', [size / columns, columns], kernel);
    const seen = roundedInputs(emit, x, how, { axes: reduced, scale: () => call.weight('inputs_scale', []) });
    const raw = einsum(emit, String(config.get('equation')), [seen, weights]);
    const product =
      how?.mode === 'int8' ? binary(emit, 'Div', raw, variable(call, 'kernel_scale', scale(kernel))) : raw;
    return activate(
      call,
      bias === undefined ? product : binary(emit, 'Add', product, variable(call, 'bias', bias)),
    );
  },
};

/** Of a packed kernel: the lengths that are in the result, multiplied. */
function columnsOf(call: LayerCall, kernel: readonly number[]): number {
  const { inputs, output } = parseEquation(String(call.config.get('equation')), 2);
  return kernel.reduce(
    (product, length, axis) => (output.includes(inputs[1]?.[axis] ?? '') ? product * length : product),
    1,
  );
}
