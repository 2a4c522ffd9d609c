import { nearest } from '#libs/kernel';
import { type Interval, isInterval } from '../intervals.js';
import { CALENDAR_FAMILIES } from './calendar-families.js';
import type { Family, Member } from './family.js';
import { OSCILLATOR_FAMILIES } from './oscillator-families.js';
import { PRICE_FAMILIES } from './price-families.js';
import { VOLATILITY_FAMILIES } from './volatility-families.js';

/** Every indicator, in the order of the documentation. */
export const FAMILIES: readonly Family[] = [
  ...PRICE_FAMILIES,
  ...OSCILLATOR_FAMILIES,
  ...VOLATILITY_FAMILIES,
  ...CALENDAR_FAMILIES,
];

/** A member of a family, found by its name. */
export interface FoundMember {
  readonly family: Family;
  readonly member: Member;
  /** Its place among the values of the family. */
  readonly place: number;
}

const plain = (name: string): string => name.toLowerCase().replaceAll(/[_%\s]/g, '');

const BY_NAME: ReadonlyMap<string, FoundMember> = new Map(
  FAMILIES.flatMap((family) =>
    family.members.flatMap((member, place) =>
      [member.name, ...(member.aliases ?? [])].map(
        (name) => [plain(name), { family, member, place }] as const,
      ),
    ),
  ),
);

/** An indicator with the numbers of its name: `BB_position_20_2`. */
export interface Indicator extends FoundMember {
  /** One for each period of the family. */
  readonly periods: readonly number[];
}

const NUMBERS = /_?(\d+(?:\.\d+)?(?:_\d+(?:\.\d+)?)*)$/;
/** Longer windows cost memory for each column and have no use in hourly bars: 100,000 of them are eleven years. */
const MOST_BARS = 100_000;

/**
 * The indicator of a name such as `RSI_7`; names are found whatever their case, `_` and `%`. Numbers that the name leaves
 * out are the family's, or those of `presets` (by the member's name).
 * @returns null for another name, or a sentence for numbers that are not allowed
 */
export function indicatorOf(
  name: string,
  presets: Readonly<Record<string, readonly number[]>> = {},
): Indicator | string | null {
  const [found, numbers] = splitName(name);
  if (found === undefined) return null;
  const { family, member } = found;
  if (numbers.length > family.periods.length) {
    const allowed = family.periods.map((one) => one.name).join(', ') || 'no number';
    return `"${name}" has ${numbers.length} numbers; ${member.name} takes ${allowed}`;
  }
  const preset = presets[member.name] ?? [];
  const periods = family.periods.map((one, at) => numbers[at] ?? preset[at] ?? one.preset);
  for (const [at, { name: told, min = 1, isDecimal = false }] of family.periods.entries()) {
    const value = periods[at] ?? NaN;
    if (value >= min && value <= MOST_BARS && (isDecimal || Number.isInteger(value))) continue;
    const kind = isDecimal ? 'a number above 0' : `a whole number from ${min}`;
    return `"${name}": ${told} must be ${kind} to ${MOST_BARS}, not ${value}`;
  }
  return { ...found, periods };
}

/** The name without its numbers, and they. A name that itself ends in a number (`HLC3`) goes first. */
function splitName(name: string): readonly [FoundMember | undefined, readonly number[]] {
  const whole = BY_NAME.get(plain(name));
  const numbers = NUMBERS.exec(name);
  if (whole !== undefined || numbers === null) return [whole, []];
  return [BY_NAME.get(plain(name.slice(0, numbers.index))), (numbers[1] ?? '').split('_').map(Number)];
}

/** A name of the feature language taken apart: `^GSPC:1d:RSI_14_lag_2`. */
export interface FeatureName {
  /** As it was asked for. */
  readonly name: string;
  /** Another symbol; null for the bars' own. */
  readonly symbol: string | null;
  /** Longer bars; null for the bars' own length. */
  readonly interval: Interval | null;
  /** An indicator or a column of the bars. */
  readonly column: string;
  /** Bars (of that symbol and length) to look back. */
  readonly lag: number;
}

const LAG = /_lag_?(\d{1,5})$/i;

/** Takes a name apart; whether its parts exist is for others to say. */
export function featureName(name: string): FeatureName {
  const parts = name.split(':');
  const last = parts.pop() ?? '';
  const before = parts.at(-1) ?? '';
  const interval = isInterval(before) ? before : null;
  if (interval !== null) parts.pop();
  const lag = LAG.exec(last);
  return {
    name,
    symbol: parts.length === 0 ? null : parts.join(':'),
    interval,
    column: lag === null ? last : last.slice(0, lag.index),
    lag: Number(lag?.[1] ?? 0),
  };
}

/** `; did you mean RSI_7?` for a name that is none: the nearest indicator with the same numbers, or the nearest of `others`. */
export function featureSuggestion(asked: string, others: readonly string[]): string {
  const { column } = featureName(asked);
  const prefix = asked.slice(0, asked.lastIndexOf(':') + 1);
  const { index = column.length, 0: numbers = '' } = NUMBERS.exec(column) ?? {};
  const spelled = new Map(others.map((name) => [name.toLowerCase(), name]));
  for (const { members } of FAMILIES)
    for (const member of members)
      for (const name of [...(member.aliases ?? []), member.name]) spelled.set(name.toLowerCase(), name);
  const base = column.slice(0, index);
  const [whole] = nearest(
    column,
    others.map((name) => name.toLowerCase()),
  );
  const [part] = nearest(base, [...spelled.keys()]);
  if (whole === undefined && part === undefined) return '';
  const name = whole ?? part ?? '';
  return `; did you mean ${prefix}${spelled.get(name) ?? name}${whole === undefined ? numbers : ''}?`;
}
