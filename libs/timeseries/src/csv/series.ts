import { DAY_MS } from '#libs/kernel';
import type { BarRole } from './column-names.js';
import { rolesOf } from './column-roles.js';
import type { FileNote } from './csv-format.js';
import type { Layout } from './layout.js';
import { type Moments, usualStep } from './row-times.js';
import type { ReadRows } from './table-builder.js';

/** Bars in ascending time. */
export interface Series {
  readonly time: Float64Array;
  /** Names and values, further names of a column with the same array. */
  readonly columns: readonly (readonly [string, Float64Array])[];
  readonly reordered: boolean;
  readonly duplicateTimes: number;
  /** See {@link usualStep}. */
  readonly stepMs: number;
  readonly notes: readonly FileNote[];
}

/** Puts rows in order and gives columns all their names. */
export function makeSeries(layout: Layout, { values, local }: ReadRows, { time: moments }: Moments): Series {
  const order = orderOf(moments);
  const sorted = (column: Float64Array): Float64Array =>
    order === null ? column : Float64Array.from(order, (row) => column[row] ?? NaN);
  const time = sorted(moments);
  const own = layout.columns.map(({ name }, index) => [name, sorted(values[index] ?? moments)] as const);
  const byName = new Map<string, Float64Array>(own);
  for (const [alias, name] of layout.aliases) {
    const column = byName.get(name);
    if (column !== undefined) byName.set(alias, column);
  }
  const stepMs = usualStep(time);
  const scaled = layout.scaled ? scalePrices(byName) : [];
  const merged = mergeRunningBar(time, byName, stepMs);
  const kept = time.subarray(0, time.length - merged.length);
  return {
    time: kept,
    columns: [...byName].map(([name, column]) => [name, column.subarray(0, kept.length)] as const),
    reordered: order !== null,
    duplicateTimes: countRepeats(kept),
    stepMs,
    notes: [...(order !== null && !isTurned(order) ? [sortedNote(local)] : []), ...scaled, ...merged],
  };
}

/** Rows in ascending time, equal ones in the order of the file; null where they stand so. */
function orderOf(time: Float64Array): Uint32Array | null {
  let row = 1;
  while (row < time.length && (time[row - 1] ?? 0) <= (time[row] ?? 0)) row += 1;
  if (row >= time.length) return null;
  while (row < time.length && (time[row - 1] ?? 0) > (time[row] ?? 0)) row += 1;
  // Newest first, as many services write: turned round in a tenth of the time that sorting takes.
  if (row >= time.length && (time[0] ?? 0) > (time[1] ?? 0)) {
    return Uint32Array.from({ length: time.length }, (_, index) => time.length - 1 - index);
  }
  const rows = Uint32Array.from({ length: time.length }, (_, index) => index);
  return rows.sort((a, b) => (time[a] ?? 0) - (time[b] ?? 0) || a - b);
}

/** Whether the newest row stood first. */
const isTurned = (order: Uint32Array): boolean =>
  order.every((row, index) => row === order.length - 1 - index);

/** Rows that were put in order, and the clock of twelve hours that may be why they were not. */
function sortedNote(local: Float64Array): FileNote {
  const isTwelve = local.every((time) => {
    const hour = new Date(time).getUTCHours();
    return hour >= 1 && hour <= 12;
  });
  const hours = isTwelve
    ? '; no hour is before 1 or after 12, so that am and pm may be missing and afternoons stand in the morning'
    : '';
  return {
    code: 'sorted_rows',
    text: `rows do not stand in the order of their times and were sorted${hours}`,
  };
}

function countRepeats(time: Float64Array): number {
  let count = 0;
  for (let row = 1; row < time.length; row += 1) if (time[row] === time[row - 1]) count += 1;
  return count;
}

/** A column by the role that it plays, whatever its name. */
export function columnOf(
  columns: ReadonlyMap<string, Float64Array>,
  role: BarRole,
): Float64Array | undefined {
  const names = [...columns.keys()];
  const name = names.find((one) => one.toUpperCase() === role) ?? rolesOf(names).get(role);
  return name === undefined ? undefined : columns.get(name);
}

/** LEAN keeps prices of shares in ten-thousandths of a dollar, and those of currencies as they are. */
function scalePrices(columns: ReadonlyMap<string, Float64Array>): readonly FileNote[] {
  const prices = (['OPEN', 'HIGH', 'LOW', 'CLOSE'] as const)
    .map((role) => columnOf(columns, role))
    .filter((one) => one !== undefined);
  if (
    prices.length === 0 ||
    !prices.every((column) => column.every((value) => Number.isNaN(value) || Number.isInteger(value)))
  )
    return [];
  for (const column of new Set(prices))
    for (const [row, value] of column.entries()) column[row] = value / 10_000;
  return [
    {
      code: 'scaled_prices',
      text: 'prices are whole numbers and were taken as ten-thousandths (csv_dialect lean)',
    },
  ];
}

const WEEKLY_MS = 7 * DAY_MS;

/**
 * The running week or month as Yahoo's files have it: a last row of its own, dated by the last day that was traded. It is
 * merged into the bar that it belongs to, as yfinance does (fix_Yahoo_returning_live_separate).
 * @returns one note for the one row that is merged into the row before, or none
 */
function mergeRunningBar(
  time: Float64Array,
  columns: ReadonlyMap<string, Float64Array>,
  stepMs: number,
): readonly FileNote[] {
  const isMonthly = stepMs >= 28 * DAY_MS && stepMs <= 31 * DAY_MS;
  const last = time.length - 1;
  if (time.length < 4 || (stepMs !== WEEKLY_MS && !isMonthly)) return [];
  const [before = NaN, now = NaN] = [time[last - 1], time[last]];
  const sameMonth = new Date(before).getUTCMonth() === new Date(now).getUTCMonth();
  if (!(now > before) || (isMonthly ? !sameMonth || now - before >= 31 * DAY_MS : now - before >= WEEKLY_MS))
    return [];
  const merge = (role: BarRole, join: (bar: number, row: number) => number): void => {
    const column = columnOf(columns, role);
    if (column === undefined) return;
    const [bar = NaN, row = NaN] = [column[last - 1], column[last]];
    column[last - 1] = Number.isNaN(row) ? bar : Number.isNaN(bar) ? row : join(bar, row);
  };
  const joined = new Set((['OPEN', 'HIGH', 'LOW', 'VOLUME'] as const).map((role) => columnOf(columns, role)));
  merge('HIGH', Math.max);
  merge('LOW', Math.min);
  merge('VOLUME', (bar, row) => bar + row);
  for (const column of new Set(columns.values())) {
    if (!joined.has(column) && !Number.isNaN(column[last] ?? NaN)) column[last - 1] = column[last] ?? NaN;
  }
  const date = new Date(now).toISOString().slice(0, 10);
  return [
    {
      code: 'running_bar',
      text: `the last row, of ${date}, belongs to the bar before it, which has not ended, and was merged into it`,
    },
  ];
}
