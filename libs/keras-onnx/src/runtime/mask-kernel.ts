/**
 * The WebAssembly function that draws dropout masks, put together here from its instructions: 128-bit vectors do the work
 * that a loop in JavaScript needs an integer for each dropped element for (100 samples of a transformer with 18 million mask
 * elements: 17 ms there).
 */

type Code = readonly (number | Code)[];

const I32 = 0x7f;
const V128 = 0x7b;
const PARAMETERS = 7;
/** Memory comes in pages of this many bytes. */
const PAGE = 65_536;

/** LEB128, signed. */
function signed(value: number): number[] {
  const low = value & 0x7f;
  const rest = value >> 7;
  const isLast = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
  return isLast ? [low] : [low | 0x80, ...signed(rest)];
}

/** LEB128, unsigned. */
const unsigned = (value: number): number[] =>
  value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];

const flat = (code: Code): number[] => code.flatMap((one) => (typeof one === 'number' ? [one] : flat(one)));
const sized = (code: Code): number[] => {
  const bytes = flat(code);
  return [...unsigned(bytes.length), ...bytes];
};
const section = (id: number, code: Code): Code => [id, sized(code)];
const text = (value: string): Code => sized([...Buffer.from(value)]);

const get = (local: number): Code => [0x20, unsigned(local)];
const set = (local: number, value: Code): Code => [value, 0x21, unsigned(local)];
const constant = (value: number): Code => [0x41, signed(value)];
const plus = (a: Code, b: Code): Code => [a, b, 0x6a];
const minus = (a: Code, b: Code): Code => [a, b, 0x6b];
/** Runs `body` again as long as `condition` holds behind it. */
const repeat = (body: Code, condition: Code): Code => [0x03, 0x40, body, condition, 0x0d, 0, 0x0b];
const when = (condition: Code, yes: Code, no: Code): Code => [condition, 0x04, 0x40, yes, 0x05, no, 0x0b];

const vector = (opcode: number, ...operands: Code[]): Code => [...operands, 0xfd, unsigned(opcode)];
const and = (a: Code, b: Code): Code => vector(0x4e, a, b);
const andNot = (a: Code, b: Code): Code => vector(0x4f, a, b);
const or = (a: Code, b: Code): Code => vector(0x50, a, b);
const xor = (a: Code, b: Code): Code => vector(0x51, a, b);
const add = (a: Code, b: Code): Code => vector(0xae, a, b);
const shiftLeft = (a: Code, by: number): Code => vector(0xab, a, constant(by));
const rotate = (a: Code, by: number): Code => or(shiftLeft(a, by), vector(0xad, a, constant(32 - by)));
const splat = (a: Code): Code => vector(0x11, a);
const load = (at: Code, offset = 0): Code => [at, 0xfd, 0x00, 0, unsigned(offset)];
const store = (at: Code, value: Code, offset = 0): Code => [at, value, 0xfd, 0x0b, 0, unsigned(offset)];

const [OUT, COUNT, SIZE, STEP, CHANCE, BASE, STATE] = [0, 1, 2, 3, 4, 5, 6];
const [LEFT, FROM, BITS, TO] = [7, 8, 9, 10];
const [A, B, C, D, OPEN, DROPPED, T, HIGH] = [11, 12, 13, 14, 15, 16, 17, 18];

/**
 * xoshiro128++ 1.0 (Blackman & Vigna 2019, https://prng.di.unimi.it/xoshiro128plusplus.c, public domain) in each of four
 * lanes. Leaves the drawn integers on the stack.
 */
const DRAWN: Code = [
  add(rotate(add(get(A), get(D)), 7), get(A)),
  set(T, shiftLeft(get(B), 9)),
  set(C, xor(get(C), get(A))),
  set(D, xor(get(D), get(B))),
  set(B, xor(get(B), get(C))),
  set(A, xor(get(A), get(D))),
  set(C, xor(get(C), get(T))),
  set(D, rotate(get(D), 11)),
];

/**
 * 128 bits that are 1 with a chance of `CHANCE` / 2³²: uniform numbers are compared with it bit after bit from the highest on,
 * all 128 at once, until each differs in some bit; that takes 8 words on average instead of 32.
 */
const COMPARED: Code = [
  set(OPEN, [0xfd, 0x0c, Array<number>(16).fill(0xff)]),
  set(DROPPED, [0xfd, 0x0c, Array<number>(16).fill(0)]),
  set(BITS, get(CHANCE)),
  repeat(
    [
      set(HIGH, splat([get(BITS), constant(31), 0x75])),
      // Where the numbers differ from the chance in this bit, a 1 in the chance means that the number is smaller.
      set(T, xor(DRAWN, get(HIGH))),
      set(DROPPED, or(get(DROPPED), and(and(get(OPEN), get(T)), get(HIGH)))),
      set(OPEN, andNot(get(OPEN), get(T))),
      set(BITS, [get(BITS), constant(1), 0x74]),
    ],
    [vector(0x53, get(OPEN)), get(BITS), constant(0), 0x47, 0x71],
  ),
];

/** Four elements: those of one bit of the lanes, which is shifted up to the sign and spread over them. */
const four = (value: Code, by: number, offset: number): Code =>
  store(get(TO), andNot(value, vector(0xac, shiftLeft(get(DROPPED), by), constant(31))), offset);

const whole = (isSame: boolean): Code =>
  Array.from({ length: 32 }, (_, bit) => four(isSame ? get(HIGH) : load(get(FROM), 16 * bit), bit, 16 * bit));

const STATE_WORDS = [A, B, C, D];

const BODY: Code = [
  STATE_WORDS.map((word, index) => set(word, load(get(STATE), 16 * index))),
  repeat(
    [
      set(TO, get(OUT)),
      set(FROM, get(BASE)),
      set(LEFT, [plus(get(SIZE), constant(3)), constant(2), 0x76]),
      repeat(
        [
          COMPARED,
          when(
            [get(LEFT), constant(32), 0x4e],
            [
              when(get(STEP), whole(false), [set(HIGH, load(get(BASE))), whole(true)]),
              set(TO, plus(get(TO), constant(512))),
              set(FROM, plus(get(FROM), [get(STEP), constant(5), 0x74])),
              set(LEFT, minus(get(LEFT), constant(32))),
            ],
            repeat(
              [
                four(load(get(FROM)), 0, 0),
                set(DROPPED, shiftLeft(get(DROPPED), 1)),
                set(TO, plus(get(TO), constant(16))),
                set(FROM, plus(get(FROM), get(STEP))),
                set(LEFT, minus(get(LEFT), constant(1))),
              ],
              get(LEFT),
            ),
          ),
        ],
        get(LEFT),
      ),
      set(OUT, plus(get(OUT), [get(SIZE), constant(2), 0x74])),
      set(COUNT, minus(get(COUNT), constant(1))),
    ],
    get(COUNT),
  ),
  STATE_WORDS.map((word, index) => store(get(STATE), get(word), 16 * index)),
];

/** `draw(out, count, size, step, chance, base, state)` on an imported memory; all are addresses in bytes or integers. */
const MODULE = Uint8Array.from(
  flat([
    [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    section(1, [1, 0x60, PARAMETERS, Array<number>(PARAMETERS).fill(I32), 0]),
    section(2, [1, text('own'), text('memory'), 2, 0, 1]),
    section(3, [1, 0]),
    section(7, [1, text('draw'), 0, 0]),
    section(10, [1, sized([2, 4, I32, 8, V128, BODY, 0x0b])]),
  ]),
);

/**
 * Writes `count` samples of `size` floats each to `out`: dropped elements (each with a chance of `chance` / 2³², on its own) are 0,
 * others what stands at `base`: four equal floats when `step` is 0, as many as a sample has when it is 16. Up to three
 * floats behind the last sample are overwritten. `state` are 64 bytes, four words a lane.
 */
export type DrawMasks = (
  out: number,
  count: number,
  size: number,
  step: 0 | 16,
  chance: number,
  base: number,
  state: number,
) => void;

/** What is used of WebAssembly, which Node's types do not declare. */
interface WebAssemblyParts {
  readonly Memory: new (size: { initial: number }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: object,
  ) => { readonly exports: { readonly draw: DrawMasks } };
}

let compiled: object | undefined;

/** Memory of at least so many bytes, and the function on it. */
export function maskMemory(bytes: number): { readonly buffer: ArrayBuffer; readonly draw: DrawMasks } {
  const { Memory, Module, Instance } = (globalThis as unknown as { WebAssembly: WebAssemblyParts })
    .WebAssembly;
  compiled ??= new Module(MODULE);
  const memory = new Memory({ initial: Math.ceil(bytes / PAGE) });
  return { buffer: memory.buffer, draw: new Instance(compiled, { own: { memory } }).exports.draw };
}
