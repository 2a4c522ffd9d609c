import type { Value } from '../graph/emitter.js';
import { known, type LayerCall } from './definition.js';

/**
 * The table of Vaswani et al. (2017) for the steps and features of a tensor: sine and cosine of step / 10000^(2i/d), turn by turn
 * or one half behind the other.
 */
export function sinusoids(call: LayerCall, like: Value, isInterleaved: boolean): Value {
  const [, steps, features] = like.shape;
  const [length, width] = [
    known(call, steps, 'number of steps'),
    known(call, features, 'number of features'),
  ];
  const half = Math.ceil(width / 2);
  const data = Float32Array.from({ length: length * width }, (_, at) => {
    const [step, column] = [Math.floor(at / width), at % width];
    const pair = isInterleaved ? Math.floor(column / 2) : column % half;
    const isSine = isInterleaved ? column % 2 === 0 : column < half;
    const angle = step / 10_000 ** ((2 * pair) / width);
    return isSine ? Math.sin(angle) : Math.cos(angle);
  });
  return call.once(`sinusoids/${length}`, () => call.emit.constant(data, [1, length, width]));
}
