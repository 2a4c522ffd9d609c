import { AppError, type Clock, HOUR_MS, invalid } from '#libs/kernel';
import type { FeederHandle, PredictorHandle } from '#libs/plugin-host';
import {
  barEnds,
  firstRowFrom,
  formatIso,
  type Frame,
  intervalMs,
  isInterval,
  lastClosedRow,
} from '#libs/timeseries';
import type { BacktestQuestion } from './question.js';

/** A source without an end is asked for so many bars before the first forecast, with room for nights and weekends. */
const HISTORY_BARS = 2_000;
const CALENDAR_FACTOR = 5;

/** Who is asked for bars. */
interface Source {
  readonly feeder: FeederHandle;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export const questionFault = (field: string, text: string, input: unknown): AppError =>
  invalid({ type: 'value_error', loc: ['body', field], msg: `Value error, ${text}`, input });

const foresight = (text: string): AppError => new AppError('invalid', text, { code: 'looks_ahead' });

/** @throws AppError `invalid` with code `looks_ahead` */
export function refuseForesight(
  { modelName, symbol }: BacktestQuestion,
  predictor: PredictorHandle,
  feeder: FeederHandle,
): void {
  if (predictor.looksAheadWith(modelName))
    throw foresight(
      `${predictor.id} is a test instrument that sees what comes: a back-test of it says nothing`,
    );
  if (feeder.resolve(symbol).looksAhead === true)
    throw foresight(
      `the values of ${feeder.id} are made of later bars, too: a back-test on them says nothing`,
    );
}

/** Bars that have ended. */
export async function walkedBars(
  question: BacktestQuestion,
  { feeder, clock, signal }: Source,
): Promise<{ readonly frame: Frame; readonly interval: string }> {
  const { symbol, from, to } = question;
  const asked = question.interval;
  const interval = asked ?? (await feeder.intervalOf(symbol)) ?? '1d';
  const hasEnd = feeder.resolve(symbol).source === 'file';
  const bar = isInterval(interval) ? intervalMs(interval) || HOUR_MS : HOUR_MS;
  const reach = Math.max(1, ...(question.horizons ?? [1])) + 1;
  const all = await feeder.fetch({
    symbol,
    interval,
    signal,
    ...(asked === null && { anyInterval: true }),
    ...(!hasEnd && from !== null && { from: from - HISTORY_BARS * CALENDAR_FACTOR * bar }),
    ...(!hasEnd && to !== null && { to: to + reach * CALENDAR_FACTOR * bar }),
  });
  const frame = all.slice(0, lastClosedRow(all, barEnds(all, interval), clock.now()) + 1);
  if (frame.length < 2)
    throw new AppError('not_found', `There are fewer than two bars of ${symbol} that have ended`, {
      code: 'no_data',
    });
  return { frame, interval };
}

/** Rows that are forecast from. */
export function walkedRows(
  { from, to, stride }: BacktestQuestion,
  frame: Frame,
  maxForecasts: number,
): readonly number[] {
  const first = from === null ? 0 : firstRowFrom(frame.time, from);
  const last = Math.min(frame.length - 2, to === null ? Infinity : frame.rowAtOrBefore(to));
  const count = last < first ? 0 : Math.floor((last - first) / stride) + 1;
  const span = `${formatIso(frame.time[0] ?? NaN)} to ${formatIso(frame.time.at(-1) ?? NaN)}`;
  if (count === 0)
    throw questionFault(
      from === null ? 'to' : 'from',
      `no bar to forecast from in this range; there are bars from ${span}`,
      from ?? to,
    );
  if (count > maxForecasts)
    throw questionFault(
      'stride',
      `this range has ${count} forecasts and at most ${maxForecasts} are allowed: use a stride of ${Math.ceil((count * stride) / maxForecasts)} or a shorter range (backtest_forecasts sets the limit)`,
      stride,
    );
  return Array.from({ length: count }, (_, at) => first + at * stride);
}

/** Smallest and largest value of each column that has one. */
export const valueRanges = (
  frame: Frame,
): Readonly<Record<string, { readonly min: number; readonly max: number }>> =>
  Object.fromEntries(
    [...frame.columns].flatMap(([name, values]) => {
      let [min, max] = [Infinity, -Infinity];
      for (const value of values) {
        if (!Number.isFinite(value)) continue;
        min = Math.min(min, value);
        max = Math.max(max, value);
      }
      return min <= max ? [[name, { min, max }] as const] : [];
    }),
  );
