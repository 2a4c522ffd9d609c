import { createHash } from 'node:crypto';
import { pythonJson } from '#libs/kernel';
import { Frame, LatestOf } from '#libs/timeseries';

/** Bars before a forecast that its digest covers; more when the model says that its window is larger. */
const PINNED_BARS = 1_024;
const BYTES = Float64Array.BYTES_PER_ELEMENT;
const IS_LITTLE = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

export interface PinnedWindow {
  /** 64 hexadecimal digits. */
  readonly sha256: string;
  readonly bars: number;
}

/** By the names of the columns. */
const latest = new LatestOf<Map<string, string>>();

/**
 * SHA-256 of the bars that a predictor saw: their times (epoch ms UTC), then each column, ordered by the UTF-8 of its name:
 * all numbers as little-endian IEEE 754 doubles, before each column the length of its name (a double) and the name in UTF-8.
 * Every NaN is the quiet one (`00 00 00 00 00 00 f8 7f`).
 * @param frame ends with the last bar that was seen
 * @param stated window that the model says it reads
 */
export function windowDigest(frame: Frame, stated: number | null): PinnedWindow {
  const seen = frame.last(Math.max(PINNED_BARS, stated ?? 0));
  const known = latest.of([seen.time, ...seen.columns.values()], () => new Map<string, string>());
  const names = [...seen.columns.keys()].join('\n');
  const sha256 = known.get(names) ?? digestOf(seen);
  known.set(names, sha256);
  return { sha256, bars: seen.length };
}

function digestOf({ time, columns }: Frame): string {
  const named = [...columns]
    .map(([name, values]) => ({ name: Buffer.from(name, 'utf8'), values }))
    .sort((a, b) => Buffer.compare(a.name, b.name));
  const hash = createHash('sha256').update(bytesOf(time));
  for (const { name, values } of named) {
    hash.update(bytesOf(Float64Array.of(name.length)));
    hash.update(name);
    hash.update(bytesOf(values));
  }
  return hash.digest('hex');
}

/** The numbers as they are hashed; a copy, so that every NaN is written alike. */
function bytesOf(values: Float64Array): Uint8Array {
  const copy = Float64Array.from(values, (value) => (value !== value ? NaN : value));
  const bytes = Buffer.from(copy.buffer, copy.byteOffset, copy.length * BYTES);
  return IS_LITTLE ? bytes : bytes.swap64();
}

/** SHA-256 of a JSON value in the form of `json.dumps(value, sort_keys=True, separators=(",", ":"))`. */
export const jsonDigest = (value: unknown): string =>
  createHash('sha256')
    .update(pythonJson(value, { compact: true }))
    .digest('hex');

/** {@link windowDigest} of one bar with one column. */
export const digestOfValue = (time: number, column: string, value: number): string =>
  windowDigest(Frame.of(Float64Array.of(time), { [column]: Float64Array.of(value) }), 1).sha256;
