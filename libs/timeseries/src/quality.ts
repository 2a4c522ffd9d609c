import type { LoadedCsv } from './csv/load-csv.js';
import { gapsOf } from './csv/file-notes.js';
import type { Frame } from './frame.js';

/** One thing that was looked at; `passed` false is a fault, null only a remark. */
export interface QualityCheck {
  readonly check: string;
  readonly passed: boolean | null;
  readonly told: string;
}

/** What data must be to pass. */
export interface QualityRules {
  /** Columns that must exist. */
  readonly columns: readonly string[];
  /** Moments that the bars must cover, epoch ms UTC. */
  readonly from: number | null;
  readonly to: number | null;
  /** Greatest share of rows without a value in a wanted column. */
  readonly maxMissing: number;
}

/** What is checked: bars, and what is known of where they are from. */
interface CheckedBars extends Pick<LoadedCsv, 'frame' | 'duplicateTimes' | 'badRowCount' | 'stepMs'> {
  /** Zone of the market's clock; null where it is not known. */
  readonly zone: string | null;
}

/** Checks of columns, values, times and the range that bars cover, in this order. */
export function qualityOf(
  { frame, duplicateTimes, badRowCount, stepMs, zone }: CheckedBars,
  rules: QualityRules,
): readonly QualityCheck[] {
  return [
    columnsCheck(frame, rules.columns),
    missingCheck(frame, rules),
    pricesCheck(frame),
    {
      check: 'rows',
      passed: frame.length === 0 ? false : badRowCount === 0 ? true : null,
      told: `${frame.length} rows; ${badRowCount} were left out`,
    },
    { check: 'duplicates', passed: duplicateTimes === 0, told: `${duplicateTimes} times stand twice` },
    gapsCheck(frame, stepMs, zone),
    ...rangeChecks(frame, rules),
  ];
}

function columnsCheck(frame: Frame, wanted: readonly string[]): QualityCheck {
  const missing = wanted.filter((name) => frame.spelled(name) === undefined);
  const told =
    missing.length === 0
      ? frame.names.join(', ')
      : `missing ${missing.join(', ')}; there are ${frame.names.join(', ')}`;
  return { check: 'columns', passed: missing.length === 0, told };
}

function missingCheck(frame: Frame, { columns, maxMissing }: QualityRules): QualityCheck {
  const shares = columns.flatMap((name) => {
    const spelled = frame.spelled(name);
    if (spelled === undefined) return [];
    const count = frame.column(spelled).filter((value) => Number.isNaN(value)).length;
    return count === 0 ? [] : [{ name: spelled, share: count / Math.max(1, frame.length), count }];
  });
  const told = shares.map(({ name, count }) => `${name} ${count}`).join(', ');
  return {
    check: 'missing values',
    passed: shares.every(({ share }) => share <= maxMissing),
    told: told === '' ? 'none in the wanted columns' : told,
  };
}

/** A high below, or a low above, another price of its bar; and prices that are not positive. */
function pricesCheck(frame: Frame): QualityCheck {
  const column = (name: string): Float64Array =>
    frame.columns.get(frame.spelled(name) ?? '') ?? new Float64Array();
  const [open, high, low, close] = [column('OPEN'), column('HIGH'), column('LOW'), column('CLOSE')];
  let [crossed, notPositive] = [0, 0];
  for (let row = 0; row < frame.length; row += 1) {
    const [o = NaN, h = NaN, l = NaN, c = NaN] = [open[row], high[row], low[row], close[row]];
    if (h < o || h < c || h < l || l > o || l > c) crossed += 1;
    if (o <= 0 || h <= 0 || l <= 0 || c <= 0) notPositive += 1;
  }
  return {
    check: 'prices',
    passed: crossed === 0 ? (notPositive === 0 ? true : null) : false,
    told: `${crossed} bars with a high or low inside of the others; ${notPositive} with prices that are not positive`,
  };
}

function gapsCheck(frame: Frame, stepMs: number, zone: string | null): QualityCheck {
  const { count, missing } = gapsOf(frame.time, stepMs, zone);
  return { check: 'gaps', passed: count === 0 ? true : null, told: `${count} gaps, ${missing} bars` };
}

function rangeChecks(frame: Frame, { from, to }: QualityRules): readonly QualityCheck[] {
  const [first, last] = [frame.time[0] ?? NaN, frame.time.at(-1) ?? NaN];
  const told = (time: number): string => (Number.isNaN(time) ? 'no bar' : new Date(time).toISOString());
  return [
    ...(from === null ? [] : [{ check: 'begins', passed: first <= from, told: `first bar ${told(first)}` }]),
    ...(to === null ? [] : [{ check: 'ends', passed: last >= to, told: `last bar ${told(last)}` }]),
  ];
}
