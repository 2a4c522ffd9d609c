import {
  bytesOf,
  DATATYPES,
  type Datatype,
  encodeMessage,
  type NumberTensor,
  readTensors,
  splitMessage,
} from '#libs/open-inference';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';

const WHOLE: Partial<Readonly<Record<Datatype, fc.Arbitrary<number>>>> = {
  BOOL: fc.integer({ min: 0, max: 1 }),
  UINT8: fc.integer({ min: 0, max: 255 }),
  UINT16: fc.integer({ min: 0, max: 65_535 }),
  UINT32: fc.integer({ min: 0, max: 4_294_967_295 }),
  UINT64: fc.maxSafeNat(),
  INT8: fc.integer({ min: -128, max: 127 }),
  INT16: fc.integer({ min: -32_768, max: 32_767 }),
  INT32: fc.integer({ min: -2_147_483_648, max: 2_147_483_647 }),
  INT64: fc.maxSafeInteger(),
};
const FINITE = { noNaN: true, noDefaultInfinity: true } as const;
/** Halves: whole multiples of a power of two, and the smallest there are. */
const half = fc
  .tuple(fc.integer({ min: -2_047, max: 2_047 }), fc.integer({ min: -24, max: 4 }))
  .map(([steps, power]) => steps * 2 ** power);
const numbersOf = (datatype: Datatype): fc.Arbitrary<number> =>
  WHOLE[datatype] ??
  (datatype === 'FP16' ? half : datatype === 'FP32' ? fc.float(FINITE) : fc.double(FINITE));

const tensorOf = (datatype: Datatype): fc.Arbitrary<NumberTensor> =>
  fc.array(numbersOf(datatype), { minLength: 1, maxLength: 12 }).map((numbers) => ({
    name: 't',
    datatype,
    shape: [numbers.length],
    numbers: datatype === 'FP32' ? Float32Array.from(numbers) : Float64Array.from(numbers),
  }));
const tensors = fc.array(
  fc.constantFrom(...DATATYPES).chain((datatype) => fc.tuple(tensorOf(datatype), fc.boolean())),
  { minLength: 1, maxLength: 4 },
);

/** What a reader gets of a message. */
function read({ body, headerLength }: ReturnType<typeof encodeMessage>): readonly NumberTensor[] {
  const { json, binary } = splitMessage(body, headerLength === null ? undefined : String(headerLength));
  const { inputs } = JSON.parse(json.toString()) as { inputs: unknown };
  return readTensors(inputs, binary, { elements: 1_000 });
}

describe('a message with tensors', () => {
  it('brings every bit across, as JSON, as bytes, and mixed', () => {
    fc.assert(
      fc.property(tensors, (given) => {
        const list = given.map(([tensor], at) => ({ ...tensor, name: `t${at}` }));
        for (const isBinary of [
          () => false,
          () => true,
          ({ name }: NumberTensor) => given[Number(name.slice(1))]?.[1] === true,
        ]) {
          const got = read(encodeMessage({ id: 'x' }, 'inputs', list, isBinary));
          expect(got.map(({ name, datatype, shape }) => ({ name, datatype, shape }))).toEqual(
            list.map(({ name, datatype, shape }) => ({ name, datatype, shape })),
          );
          got.forEach(({ numbers }, at) => {
            const wanted = list[at]?.numbers ?? [];
            expect(numbers.every((value, index) => Object.is(value, wanted[index]))).toBe(true);
          });
        }
      }),
      { numRuns: 300 },
    );
  });

  it('has numbers that JSON does not have as bytes alone', () => {
    const tensor = {
      name: 't',
      datatype: 'FP32' as const,
      shape: [2],
      numbers: Float32Array.of(NaN, Infinity),
    };
    const [got] = read(encodeMessage({}, 'inputs', [tensor], () => true));
    expect([...(got?.numbers ?? [])]).toEqual([NaN, Infinity]);
    expect(() => encodeMessage({}, 'inputs', [tensor], () => false)).toThrow('which JSON does not have');
  });

  it.each(DATATYPES.filter((one) => WHOLE[one] !== undefined))(
    'refuses a fraction, and too much, in %s',
    (datatype) => {
      const sent = (data: number[]) => () =>
        readTensors([{ name: 't', datatype, shape: [1], data }], new Uint8Array(), { elements: 10 });
      expect(sent([0.5])).toThrow(`the tensor "t" is ${datatype}`);
      expect(sent([2 ** 64])).toThrow(`the tensor "t" is ${datatype}`);
      expect(sent([-(2 ** 63)])).toThrow(`the tensor "t" is ${datatype}`);
    },
  );

  it('refuses whole numbers in bytes that no double holds', () => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(2n ** 53n + 1n);
    const sent = [{ name: 't', datatype: 'UINT64', shape: [1], parameters: { binary_data_size: 8 } }];
    expect(() => readTensors(sent, bytes, { elements: 1 })).toThrow('the tensor "t" is UINT64');
    expect(bytesOf('UINT64')).toBe(8);
  });
});
