/** An interval around each prediction. */
export interface Band {
  /** In percent, between 0 and 100; null when its key names none. */
  readonly level: number | null;
  /** The key or keys it came from, for messages. */
  readonly name: string;
  readonly lower: readonly number[];
  readonly upper: readonly number[];
}

export interface BandFault {
  readonly key: string;
  readonly msg: string;
}

export interface ReadBands {
  readonly bands: readonly Band[];
  readonly faults: readonly BandFault[];
}

const LEVEL = String.raw`(\d{1,2}(?:\.\d{1,6})?)%?`;
const END_FIRST = new RegExp(`^(lower|upper)(?:_${LEVEL})?$`);
const LEVEL_FIRST = new RegExp(`^${LEVEL}_(lower|upper)$`);
const BOTH_ENDS = new RegExp(`^${LEVEL}$`);

/** What keys are allowed, for messages. */
export const BAND_KEYS =
  "'lower_95' with 'upper_95', '95_lower' with '95_upper', 'lower' with 'upper', or '95%' with the lower and the upper bound of each bar in turn";

type End = 'lower' | 'upper';

/** Reads the intervals of an answer: pairs of keys, one list an end, or one key a level with both ends of each bar. */
export function readBands(
  intervals: Readonly<Record<string, readonly number[]>>,
  horizon: number,
): ReadBands {
  const halves = new Map<string, { level: number | null } & Partial<Record<End, readonly number[]>>>();
  const bands: Band[] = [];
  const faults: BandFault[] = [];
  for (const [key, values] of Object.entries(intervals)) {
    const read = readKey(key);
    const expected = read?.end === 'both' ? 2 * horizon : horizon;
    if (read === null) faults.push({ key, msg: `is not an interval; allowed are ${BAND_KEYS}` });
    else if (values.length !== expected)
      faults.push({ key, msg: `has ${values.length} values instead of ${expected}` });
    else if (read.end === 'both') bands.push(interleaved(key, read.level, values));
    else halves.set(nameOf(read.level), { ...halves.get(nameOf(read.level)), ...halfOf(read, values) });
  }
  for (const [name, { level, lower, upper }] of halves) {
    if (lower !== undefined && upper !== undefined) bands.push({ level, name, lower, upper });
    else if (faults.length === 0)
      faults.push({ key: name, msg: `has no ${lower === undefined ? 'lower' : 'upper'} bounds` });
  }
  return { bands, faults };
}

const nameOf = (level: number | null): string => (level === null ? 'lower/upper' : `${level}%`);

const halfOf = (
  { level, end }: { level: number | null; end: 'lower' | 'upper' | 'both' },
  values: readonly number[],
) => ({ level, [end]: values });

function readKey(key: string): { level: number | null; end: End | 'both' } | null {
  const endFirst = END_FIRST.exec(key);
  if (endFirst !== null) return leveled(endFirst[2], endFirst[1] as End);
  const levelFirst = LEVEL_FIRST.exec(key);
  if (levelFirst !== null) return leveled(levelFirst[1], levelFirst[2] as End);
  const both = BOTH_ENDS.exec(key);
  return both === null ? null : leveled(both[1], 'both');
}

/** Levels below 1 are fractions; null for 0. */
function leveled<E extends End | 'both'>(text: string | undefined, end: E) {
  if (text === undefined) return { level: null, end };
  const number = Number(text);
  const level = number < 1 ? Math.round(number * 1e8) / 1e6 : number;
  return level > 0 ? { level, end } : null;
}

const interleaved = (name: string, level: number | null, values: readonly number[]): Band => ({
  level,
  name,
  lower: values.filter((_, index) => index % 2 === 0),
  upper: values.filter((_, index) => index % 2 === 1),
});

/** What is wrong with the ends: unordered, without the prediction, or a wider level inside of a narrower one. */
export function faultsOfBands(bands: readonly Band[], predictions: readonly number[]): BandFault[] {
  const single = bands.flatMap((band) => faultOfBand(band, predictions));
  if (single.length > 0) return single;
  const leveledBands = bands.filter((band) => band.level !== null);
  const ordered = leveledBands.toSorted((a, b) => (a.level ?? 0) - (b.level ?? 0));
  return ordered.slice(1).flatMap((wider, index) => {
    const narrower = ordered[index];
    if (narrower === undefined) return [];
    if (wider.level === narrower.level)
      return [{ key: wider.name, msg: `has the same level as ${narrower.name}` }];
    const at = wider.lower.findIndex(
      (low, bar) =>
        low > (narrower.lower[bar] ?? low) || (wider.upper[bar] ?? 0) < (narrower.upper[bar] ?? 0),
    );
    return at < 0 ? [] : [{ key: wider.name, msg: `does not contain ${narrower.name} at bar ${at + 1}` }];
  });
}

function faultOfBand({ name, lower, upper }: Band, predictions: readonly number[]): BandFault[] {
  for (const [bar, prediction] of predictions.entries()) {
    const [low = NaN, high = NaN] = [lower[bar], upper[bar]];
    if (low > high) return [{ key: name, msg: `has a lower bound above the upper one at bar ${bar + 1}` }];
    if (prediction < low || prediction > high)
      return [{ key: name, msg: `does not contain the prediction at bar ${bar + 1}` }];
  }
  return [];
}
