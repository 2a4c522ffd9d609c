import type { Value } from '../graph/emitter.js';
import {
  binary,
  cast,
  matmul,
  reduce,
  sliceAxis,
  squeeze,
  unary,
  unsqueeze,
  where,
} from '../graph/tensor-ops.js';
import type { Words } from './words64.js';

/** As many characters as the smallest integer of 64 bits has. */
const LONGEST = 20;
const [ZERO, MINUS] = ['0', '-'].map((one) => one.charCodeAt(0)) as [number, number];
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** Integers as the characters that write them in tens. Words hold eight characters, the first one lowest. */
export interface WrittenOut {
  readonly length: Value;
  /** The most characters there can be. */
  readonly longest: number;
  /** Eight characters (or `count`) from a place on; zeros behind the last one. */
  fromStart(place: number, count?: number): Value;
  /** The same from a place counted backwards from behind the last one; zeros before the first one. */
  fromEnd(place: number, count?: number): Value;
}

/** Writes integers in tens, with a minus before negative ones. */
export function writeOut(words: Words, x: Value): WrittenOut {
  const { emit } = words;
  const axis = x.shape.length;
  const [zero, ten] = [words.constant(0), words.constant(10)];
  const number = cast(emit, x, 'int64');
  const powers = emit.integers(upTo(LONGEST - 1).map((place) => 10n ** BigInt(LONGEST - 2 - place)));
  // Division rounds towards zero: negative numbers give negative digits. The smallest one has no positive.
  const quotients = binary(emit, 'Div', unsqueeze(emit, number, -1), powers);
  const higher = words.times(binary(emit, 'Div', quotients, ten), ten);
  const digits = words.add(unary(emit, 'Abs', binary(emit, 'Sub', quotients, higher)), words.constant(ZERO));
  const isOwn = unary(emit, 'Not', binary(emit, 'Equal', quotients, zero, 'bool'));
  const counted = reduce(emit, 'ReduceSum', cast(emit, isOwn, 'int64'), [-1], false);
  const shown = binary(emit, 'Max', counted, words.constant(1));
  const length = words.add(shown, cast(emit, binary(emit, 'Less', number, zero, 'bool'), 'int64'));
  const pad = (line: Value, before: number, behind: number, fill: number): Value => {
    const pads = emit.integers([...upTo(axis).map(() => 0), before, ...upTo(axis).map(() => 0), behind]);
    const width = Number(line.shape[axis]) + before + behind;
    return emit.op('Pad', [line, pads, words.constant(fill)], [...x.shape, width]);
  };
  // What stands before the digits and belongs to the number is its minus.
  const backwards = emit.integers(upTo(LONGEST).map((place) => LONGEST - place));
  const within = (count: Value): Value =>
    binary(emit, 'LessOrEqual', backwards, unsqueeze(emit, count, -1), 'bool');
  const signed = where(emit, within(shown), pad(digits, 1, 0, MINUS), words.constant(MINUS));
  const right = where(emit, within(length), signed, zero);
  const starts = emit.integers(upTo(LONGEST).map((place) => LONGEST + place));
  const places = binary(emit, 'Sub', starts, unsqueeze(emit, length, -1));
  const left = emit.op('GatherElements', [pad(right, 0, LONGEST, 0), places], [...x.shape, LONGEST], {
    attributes: { axis: { int: axis } },
  });
  const word = (line: Value, place: number, count: number): Value => {
    const part = sliceAxis(emit, line, axis, place, place + count);
    const weights = upTo(count).map((index) => 1n << BigInt(8 * index));
    return squeeze(emit, matmul(emit, part, emit.integers(weights, [count, 1])), [-1]);
  };
  return {
    length,
    longest: x.type === 'int32' ? '-2147483648'.length : LONGEST,
    fromStart: (place, count = 8) => word(left, place, count),
    fromEnd: (place, count = 8) => word(right, LONGEST - place, count),
  };
}

/** Constants of FarmHash. */
const [K0, K1, K2] = [0xc3a5c85c97cb3127n, 0xb492b66fbe98f273n, 0x9ae16a3b2f90404fn];

/** Two words in one. */
function merge(words: Words, a: Value, b: Value, factor: Value): Value {
  const first = words.fold(words.times(words.xor(a, b), factor));
  const second = words.fold(words.times(words.xor(b, first), factor));
  return words.times(second, factor);
}

/** FarmHash's Fingerprint64 of at most 20 characters; lengths from 1 to 3, 8, 16 and above each have a way of their own. */
export function farmFingerprint(words: Words, text: WrittenOut): Value {
  const { length } = text;
  const constant = (value: bigint): Value => words.constant(value);
  const factor = words.add(words.up(length, 1), constant(K2));

  const second = words.choose(words.isAtLeast(length, 2), text.fromStart(1, 1), text.fromStart(0, 1));
  const head = words.add(text.fromStart(0, 1), words.up(second, 8));
  const tail = words.add(length, words.up(text.fromEnd(1, 1), 2));
  const tiny = words.xor(words.times(head, constant(K2)), words.times(tail, constant(K0)));
  const upTo3 = words.times(words.fold(tiny), constant(K2));

  const front = words.add(length, words.up(text.fromStart(0, 4), 3));
  const upTo7 = merge(words, front, text.fromEnd(4, 4), factor);

  const [start, end] = [text.fromStart(0), text.fromEnd(8)];
  const a = words.add(start, constant(K2));
  const c = words.add(words.times(words.turnDown(end, 37), factor), a);
  const d = words.times(words.add(words.turnDown(a, 25), end), factor);
  const upTo16 = merge(words, c, d, factor);

  const short = words.choose(
    words.isAtLeast(length, 8),
    upTo16,
    words.choose(words.isAtLeast(length, 4), upTo7, upTo3),
  );
  if (text.longest <= 16) return short;
  const long = words.times(start, constant(K1));
  const next = text.fromStart(8);
  const scaled = words.times(end, factor);
  const turned = words.add(
    words.turnDown(words.add(long, next), 43),
    words.turnDown(scaled, 30),
    words.times(text.fromEnd(16), constant(K2)),
  );
  const other = words.add(long, words.turnDown(words.add(next, constant(K2)), 18), scaled);
  return words.choose(words.isAtLeast(length, 17), merge(words, turned, other, factor), short);
}

type State = readonly [Value, Value, Value, Value];

function sipRound(words: Words, [a, b, c, d]: State): State {
  const ab = words.add(a, b);
  const cd = words.add(c, d);
  const b1 = words.xor(words.turnUp(b, 13), ab);
  const d1 = words.xor(words.turnUp(d, 16), cd);
  const cb = words.add(cd, b1);
  const ad = words.add(words.turnUp(ab, 32), d1);
  return [ad, words.xor(words.turnUp(b1, 17), cb), words.turnUp(cb, 32), words.xor(words.turnUp(d1, 21), ad)];
}

/** SipHash-2-4 with a key of two words. */
export function sipHash(words: Words, text: WrittenOut, [left, right]: readonly [bigint, bigint]): Value {
  const { length } = text;
  const take = (state: State, word: Value): State => {
    const [a, b, c, d] = state;
    const [x, ...rest] = sipRound(words, sipRound(words, [a, b, c, words.xor(d, word)]));
    return [words.xor(x, word), ...rest];
  };
  let state: State = [
    words.constant(left ^ 0x736f6d6570736575n),
    words.constant(right ^ 0x646f72616e646f6dn),
    words.constant(left ^ 0x6c7967656e657261n),
    words.constant(right ^ 0x7465646279746573n),
  ];
  const blocks = Math.floor(text.longest / 8);
  let rest = text.fromStart(0);
  for (let block = 0; block < blocks; block += 1) {
    const isFull = words.isAtLeast(length, 8 * (block + 1));
    const before = state;
    const after = take(state, text.fromStart(8 * block));
    const choose = (index: 0 | 1 | 2 | 3): Value => words.choose(isFull, after[index], before[index]);
    state = [choose(0), choose(1), choose(2), choose(3)];
    const behind = 8 * (block + 1);
    rest = words.choose(isFull, text.fromStart(behind, Math.min(8, LONGEST - behind)), rest);
  }
  const [a, b, c, d] = take(state, words.add(words.up(length, 56), rest));
  state = [a, b, words.xor(c, words.constant(255)), d];
  for (let round = 0; round < 4; round += 1) state = sipRound(words, state);
  return words.xor(words.xor(state[0], state[1]), words.xor(state[2], state[3]));
}

const CROSS_START = 0xdecafcaffen;
const CROSS_FACTOR = 0xc6a4a7935bd1e995n;

/** One fingerprint of several words in their order, as TensorFlow makes it for crossed columns. */
export function crossFingerprint(words: Words, columns: readonly Value[]): Value {
  const factor = words.constant(CROSS_FACTOR);
  return columns.reduce((sum, column) => {
    const stirred = words.times(words.fold(words.times(column, factor)), factor);
    const joined = words.times(words.xor(words.xor(sum, factor), stirred), factor);
    return words.fold(words.times(words.fold(joined), factor));
  }, words.constant(CROSS_START));
}
