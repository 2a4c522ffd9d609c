import { corrupt } from '../errors.js';
import type { Value } from '../graph/emitter.js';
import { binary, matmul, sliceAxis } from '../graph/tensor-ops.js';
import type { LayerCall, Resolved } from './definition.js';
import { first, lengthOf, operand, type Operation, setting } from './operands.js';

/** Numbers of a matrix that no honest transform needs. */
const MOST = 16 * 1024 * 1024;

/** The numbers of a discrete Fourier transform as two matrices. */
export function waves(
  rows: number,
  columns: number,
  length: number,
  sign: 1 | -1,
): { cos: Float32Array; sin: Float32Array } {
  if (![rows, columns, length].every((one) => Number.isSafeInteger(one) && one >= 1) || rows * columns > MOST)
    throw corrupt(`a transform of ${length} numbers`);
  const [cos, sin] = [new Float32Array(rows * columns), new Float32Array(rows * columns)];
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      // The remainder keeps the angle small, and the sine exact; of a right angle the sine is a whole number.
      const turns = ((row * column) % length) / length;
      const [angle, isRight] = [2 * Math.PI * turns, (4 * turns) % 1 === 0];
      const at = row * columns + column;
      cos[at] = isRight ? Math.round(Math.cos(angle)) : Math.cos(angle);
      sin[at] = sign * (isRight ? Math.round(Math.sin(angle)) : Math.sin(angle));
    }
  }
  return { cos, sin };
}

const realFft: Operation = (call) => {
  const { emit } = call;
  const given = first(call);
  const axis = given.shape.length - 1;
  const own = lengthOf(call, given, axis);
  const length = Number(setting(call, 'fft_length') ?? own);
  const used = Math.min(own, length);
  const x = used === own ? given : sliceAxis(emit, given, axis, 0, used);
  const columns = Math.floor(length / 2) + 1;
  const { cos, sin } = waves(used, columns, length, -1);
  return [cos, sin].map((matrix) => matmul(emit, x, emit.constant(matrix, [used, columns])));
};

const complexFft: Operation = (call) => {
  const { emit } = call;
  const [real, imaginary] = pairOf(call);
  const length = lengthOf(call, real, real.shape.length - 1);
  const { cos, sin } = waves(length, length, length, -1);
  const [c, s] = [cos, sin].map((matrix) => emit.constant(matrix, [length, length]));
  if (c === undefined || s === undefined) throw new Error('invariant broken: two matrices');
  return [
    binary(emit, 'Sub', matmul(emit, real, c), matmul(emit, imaginary, s)),
    binary(emit, 'Add', matmul(emit, real, s), matmul(emit, imaginary, c)),
  ];
};

/** The inverse of a real transform: the missing half are the conjugates of what is there. */
const inverseRealFft: Operation = (call) => {
  const { emit } = call;
  const [real, imaginary] = pairOf(call);
  const bins = lengthOf(call, real, real.shape.length - 1);
  const length = Number(setting(call, 'fft_length') ?? 2 * (bins - 1));
  const { cos, sin } = waves(bins, length, length, -1);
  for (let bin = 0; bin < bins; bin += 1) {
    const weight = bin === 0 || 2 * bin === length ? 1 / length : 2 / length;
    for (let at = bin * length; at < (bin + 1) * length; at += 1) {
      cos[at] = (cos[at] ?? 0) * weight;
      sin[at] = (sin[at] ?? 0) * weight;
    }
  }
  return binary(
    emit,
    'Add',
    matmul(emit, real, emit.constant(cos, [bins, length])),
    matmul(emit, imaginary, emit.constant(sin, [bins, length])),
  );
};

function pairOf(call: LayerCall): [Value, Value] {
  const [given] = call.args;
  const list = Array.isArray(given) ? (given as readonly Resolved[]) : call.args;
  return [operand(call, list[0]), operand(call, list[1])];
}

/** Discrete Fourier transforms; complex tensors are pairs of a real and an imaginary one. */
export const transforms: Readonly<Record<string, Operation>> = {
  RFFT: realFft,
  FFT: complexFft,
  IRFFT: inverseRealFft,
};
