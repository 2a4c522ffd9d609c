import type { Emitter, Value } from '../graph/emitter.js';
import { binary, cast, where } from '../graph/tensor-ops.js';

/** Arithmetic of 64-bit words. They are held as int64, whose sums and products wrap to the bits that words without sign have. */
export class Words {
  constructor(readonly emit: Emitter) {}

  constant(value: bigint | number): Value {
    return this.emit.integers([value], []);
  }

  /** Sums, modulo 2^64. */
  add(first: Value, ...others: readonly Value[]): Value {
    return others.reduce((sum, one) => binary(this.emit, 'Add', sum, one), first);
  }

  times(a: Value, b: Value): Value {
    return binary(this.emit, 'Mul', a, b);
  }

  xor(a: Value, b: Value): Value {
    return binary(this.emit, 'BitwiseXor', a, b);
  }

  /** The low `bits` go, zeros come in from above. */
  down(word: Value, bits: number): Value {
    const unsigned = cast(this.emit, word, 'uint64');
    const moved = this.emit.op('BitShift', [unsigned, this.emit.unsigned(bits)], word.shape, {
      attributes: { direction: { text: 'RIGHT' } },
    });
    return cast(this.emit, moved, 'int64');
  }

  up(word: Value, bits: number): Value {
    return this.times(word, this.constant(1n << BigInt(bits)));
  }

  /** The bits that go out below come in from above. */
  turnDown(word: Value, bits: number): Value {
    return binary(this.emit, 'BitwiseOr', this.down(word, bits), this.up(word, 64 - bits));
  }

  turnUp(word: Value, bits: number): Value {
    return this.turnDown(word, 64 - bits);
  }

  /** The word with its high bits stirred into the low ones. */
  fold(word: Value, bits = 47): Value {
    return this.xor(word, this.down(word, bits));
  }

  /** The remainder of the words taken as numbers without sign. */
  modulo(word: Value, count: number): Value {
    const { emit } = this;
    const rest = binary(emit, 'Mod', cast(emit, word, 'uint64'), emit.unsigned(count));
    return cast(emit, rest, 'int64');
  }

  isAtLeast(word: Value, least: number): Value {
    return binary(this.emit, 'GreaterOrEqual', word, this.constant(least), 'bool');
  }

  choose(condition: Value, yes: Value, no: Value): Value {
    return where(this.emit, condition, yes, no);
  }
}
