import { numbers } from './numbers.js';
import { zip, type ZipEntry } from './files.js';

/** A file to mutate: an archive by its entries, anything else by its bytes. */
export type Seed =
  | { readonly name: string; readonly entries: readonly ZipEntry[] }
  | { readonly name: string; readonly bytes: Uint8Array };

/** What stands in for a number or word of a configuration. */
const REPLACEMENTS = [
  '0',
  '-1',
  '1',
  '3',
  '1e9',
  '1e308',
  '-1e308',
  '0.5',
  'null',
  'true',
  '"x"',
  '[]',
  '{}',
  '[null]',
  '4294967296',
  '[[[1]]]',
  '"relu"',
  '1e999',
];

/** One mutated file, the same for the same number. */
export function mutate(seed: Seed, number: number): Buffer {
  const next = numbers(number + 1);
  const below = (limit: number): number => Math.min(limit - 1, Math.floor(((next() + 1) / 2) * limit));
  if ('bytes' in seed)
    return seed.name.endsWith('.json') ? words(seed.bytes, below) : damage(seed.bytes, below);
  const kind = below(4);
  // A quarter damages the archive itself; the rest keeps it sound, so that the damage reaches the parsers behind it.
  if (kind === 0) return damage(zip(seed.entries), below);
  const target = kind === 1 ? 'model.weights.h5' : 'config.json';
  const entries = seed.entries.map((entry) =>
    entry.name === target
      ? { ...entry, bytes: target === 'config.json' ? words(entry.bytes, below) : damage(entry.bytes, below) }
      : entry,
  );
  return zip(entries);
}

/** Flips, removes, repeats or inserts bytes. */
function damage(bytes: Uint8Array, below: (limit: number) => number): Buffer {
  const result = Buffer.from(bytes);
  const where = below(result.length);
  const span = 1 + below(Math.min(200, result.length - where));
  switch (below(5)) {
    case 0:
      return result.subarray(0, where);
    case 1:
      return Buffer.concat([result.subarray(0, where), result.subarray(where + span)]);
    case 2:
      return Buffer.concat([result.subarray(0, where + span), result.subarray(where)]);
    default: {
      const times = 1 + below(24);
      // Half of the damage goes to the front, where formats keep what they are made of.
      for (let time = 0; time < times; time += 1)
        result[below(below(2) === 0 ? result.length : Math.min(result.length, 2_000))] = below(256);
      return result;
    }
  }
}

/** Puts other values in the place of numbers, words and whole settings of a JSON text. */
function words(bytes: Uint8Array, below: (limit: number) => number): Buffer {
  let text = Buffer.from(bytes).toString('utf8');
  const times = 1 + below(3);
  for (let time = 0; time < times; time += 1) {
    const tokens = [...text.matchAll(/-?\d+(\.\d+)?|"[^"]*"|null|true|false/g)];
    const token = tokens[below(tokens.length)];
    if (token === undefined) break;
    const other =
      below(3) === 0 ? tokens[below(tokens.length)]?.[0] : REPLACEMENTS[below(REPLACEMENTS.length)];
    text = text.slice(0, token.index) + (other ?? 'null') + text.slice(token.index + token[0].length);
  }
  return Buffer.from(text);
}
