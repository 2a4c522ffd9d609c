import type { Datatype } from './datatypes.js';
import { tensorFault } from './datatypes.js';

/** JSON of any value, whose lists of numbers keep every bit. */
export class RawJson {
  constructor(readonly text: string) {}
}

/**
 * The numbers of a tensor as a JSON list. Each is written with the digits that bring back the same bits; a negative zero keeps
 * its sign, which `JSON.stringify` drops.
 * @throws AppError for a number that JSON does not have
 */
export function jsonOfNumbers(datatype: Datatype, name: string, numbers: ArrayLike<number>): RawJson {
  const texts: string[] = Array.from({ length: numbers.length }, () => '');
  for (let index = 0; index < numbers.length; index += 1) {
    const value = numbers[index] ?? NaN;
    if (!Number.isFinite(value))
      throw tensorFault(
        `the tensor "${name}" holds ${value} at place ${index}, which JSON does not have; exchange it as binary data`,
      );
    if (datatype === 'BOOL') texts[index] = value === 0 ? 'false' : 'true';
    else texts[index] = Object.is(value, -0) ? '-0.0' : String(value);
  }
  return new RawJson(`[${texts.join(',')}]`);
}

/** As `JSON.stringify`, with {@link RawJson} as it is. */
export function jsonText(value: unknown): string {
  if (value instanceof RawJson) return value.text;
  if (Array.isArray(value)) return `[${value.map(jsonText).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${jsonText(member)}`).join(',')}}`;
}
