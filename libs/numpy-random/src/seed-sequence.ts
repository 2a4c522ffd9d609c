import { AppError } from '#libs/kernel';

const POOL_SIZE = 4;
const ABSORB_START = 0x43b0d7e5;
const ABSORB_STEP = 0x931e8875;
const EMIT_START = 0x8b51f9dd;
const EMIT_STEP = 0x58f38ded;
const MIX_LEFT = 0xca01f9dd;
const MIX_RIGHT = 0x4973f715;

/**
 * A non-negative integer as 32-bit words, lowest first; zero is one zero word.
 * @throws AppError `invalid` (code `invalid_seed`) for anything but a non-negative whole number; a `number` must also
 *   be at most 2^53 - 1, because a larger one is not the seed its writer meant.
 */
export function seedWords(seed: number | bigint): number[] {
  if (typeof seed === 'number') {
    if (!Number.isSafeInteger(seed) || seed < 0) throw badSeed(seed);
    return seed < 2 ** 32 ? [seed] : [seed >>> 0, Math.floor(seed / 2 ** 32)];
  }
  if (seed < 0n) throw badSeed(seed);
  const words: number[] = [];
  for (let rest = seed; rest > 0n; rest >>= 32n) words.push(Number(rest & 0xffffffffn));
  return words.length === 0 ? [0] : words;
}

function badSeed(seed: number | bigint): AppError {
  const shown = String(seed).slice(0, 40);
  return new AppError('invalid', `a seed must be a whole number from 0 to 2^53 - 1, not ${shown}`, {
    code: 'invalid_seed',
  });
}

/**
 * Hashes entropy words of any number into `target.length` 32-bit state words, as NumPy's `SeedSequence` with its
 * default pool of four words (M. E. O'Neill, "Developing a seed_seq Alternative", 2015).
 */
export function hashEntropy(entropy: ArrayLike<number>, target: Int32Array): void {
  const pool = absorb(entropy);
  let constant = EMIT_START;
  for (let index = 0; index < target.length; index += 1) {
    let word = (pool[index % POOL_SIZE] ?? 0) ^ constant;
    constant = Math.imul(constant, EMIT_STEP);
    word = Math.imul(word, constant);
    target[index] = word ^ (word >>> 16);
  }
}

function absorb(entropy: ArrayLike<number>): number[] {
  let constant = ABSORB_START;
  const hash = (value: number): number => {
    let word = value ^ constant;
    constant = Math.imul(constant, ABSORB_STEP);
    word = Math.imul(word, constant);
    return word ^ (word >>> 16);
  };
  const pool: number[] = [];
  for (let index = 0; index < POOL_SIZE; index += 1) pool.push(hash(entropy[index] ?? 0));
  for (let from = 0; from < POOL_SIZE; from += 1) {
    for (let to = 0; to < POOL_SIZE; to += 1) {
      if (from !== to) pool[to] = mix(pool[to] ?? 0, hash(pool[from] ?? 0));
    }
  }
  for (let from = POOL_SIZE; from < entropy.length; from += 1) {
    for (let to = 0; to < POOL_SIZE; to += 1) pool[to] = mix(pool[to] ?? 0, hash(entropy[from] ?? 0));
  }
  return pool;
}

function mix(left: number, right: number): number {
  const word = (Math.imul(MIX_LEFT, left) - Math.imul(MIX_RIGHT, right)) | 0;
  return word ^ (word >>> 16);
}
