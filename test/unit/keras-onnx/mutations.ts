import { numbers } from './numbers.js';
import { zip, type ZipEntry } from './files.js';

/** One file of a model: an archive by its entries, anything else by its bytes. */
export type SeedFile = { readonly name: string } & (
  { readonly entries: readonly ZipEntry[] } | { readonly bytes: Uint8Array }
);

/** A sound model to damage. `open` is what is loaded: names in its folder, or the folder itself as the empty name. */
export interface Seed {
  readonly kind: string;
  readonly open: readonly string[];
  readonly files: readonly SeedFile[];
}

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

type Below = (limit: number) => number;

/** The files of a model as they are. */
export const whole = (seed: Seed): { name: string; bytes: Uint8Array }[] =>
  seed.files.map((file) => ({ name: file.name, bytes: 'bytes' in file ? file.bytes : zip(file.entries) }));

/** The files of a model with one of them damaged, the same for the same numbers. */
export function mutate(seed: Seed, run: number, number: number): { name: string; bytes: Uint8Array }[] {
  const next = numbers(run * 1_000_003 + number + 1);
  const below: Below = (limit) => Math.min(limit - 1, Math.floor(((next() + 1) / 2) * limit));
  // The first numbers of near seeds are alike.
  for (let skipped = 0; skipped < 8; skipped += 1) next();
  const target = below(seed.files.length);
  return whole(seed).map((file, index) => {
    const own = seed.files[index];
    return index === target && own !== undefined ? { name: file.name, bytes: damaged(own, below) } : file;
  });
}

function damaged(file: SeedFile, below: Below): Uint8Array {
  if ('bytes' in file) return content(file.name, file.bytes, below);
  // A quarter damages the archive itself; the rest keeps it sound, so that the damage reaches the parsers behind it.
  if (below(4) === 0) return damage(zip(file.entries), below);
  const target = below(file.entries.length);
  const entries = file.entries.map((entry, index) =>
    index === target ? { ...entry, bytes: content(entry.name, entry.bytes, below) } : entry,
  );
  return zip(entries);
}

const content = (name: string, bytes: Uint8Array, below: Below): Buffer =>
  name.endsWith('.json') && below(8) > 0 ? words(bytes, below) : damage(bytes, below);

/** Flips, removes, repeats or inserts bytes. */
function damage(bytes: Uint8Array, below: Below): Buffer {
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
function words(bytes: Uint8Array, below: Below): Buffer {
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
