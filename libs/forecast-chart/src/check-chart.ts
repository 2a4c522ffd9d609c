import { AppError } from '#libs/kernel';
import { type ChartInterval, type ForecastChart, type ThemeName, THEMES } from './forecast-chart.js';
const MOST_INTERVALS = 5;
/** Longer texts would not fit into any picture. */
const MOST_CHARACTERS = 200;

/** A chart with every default filled in and every length, order and range checked. */
export interface CheckedChart {
  readonly title: string;
  readonly subtitle: string;
  readonly history: ForecastChart['history'];
  readonly forecast: ForecastChart['forecast'];
  readonly outcome: ForecastChart['history'];
  readonly intervals: readonly ChartInterval[];
  readonly labels: { readonly value: string; readonly time: string; readonly median: string };
  readonly width: number;
  readonly height: number;
  readonly pixelRatio: number;
  readonly theme: ThemeName;
}

/** @throws AppError `chart_invalid` */
export function checkChart(chart: ForecastChart): CheckedChart {
  const { history, forecast } = chart;
  const outcome = chart.outcome ?? { time: [], value: [] };
  checkTimes('outcome.time', outcome.time);
  checkLength('outcome.value', outcome.value, outcome.time.length);
  const intervals = [...(forecast.intervals ?? [])].sort((a, b) => b.level - a.level);
  checkTimes('history.time', history.time);
  checkLength('history.value', history.value, history.time.length);
  checkTimes('forecast.time', forecast.time);
  checkLength('forecast.median', forecast.median, forecast.time.length);
  checkIntervals(intervals, forecast.time.length);
  if (!hasNumber(history.value) && !hasNumber(forecast.median)) {
    throw refusedChart(
      'history.value and forecast.median hold no finite number, so there is nothing to draw',
    );
  }
  return {
    title: plainText(chart.title),
    subtitle: plainText(chart.subtitle ?? ''),
    history,
    forecast,
    outcome,
    intervals,
    labels: {
      value: plainText(chart.valueLabel ?? 'Value'),
      time: plainText(chart.timeLabel ?? 'Time (UTC)'),
      median: plainText(forecast.label ?? 'Median forecast'),
    },
    width: size('width', chart.width ?? 960, 400, 4000),
    height: size('height', chart.height ?? 480, 240, 4000),
    pixelRatio: inRange('pixelRatio', chart.pixelRatio ?? 1, 1, 3),
    theme: themeNamed(chart.theme ?? 'light'),
  };
}

function checkTimes(field: string, times: ArrayLike<number>): void {
  for (let i = 0; i < times.length; i += 1) {
    const time = times[i] ?? Number.NaN;
    if (!Number.isFinite(time)) throw refusedChart(`${field}[${i}] must be a number of milliseconds`);
    if (i > 0 && time <= (times[i - 1] ?? Number.NaN)) {
      throw refusedChart(`${field}[${i}] must be later than the time before it`);
    }
  }
}

function checkIntervals(intervals: readonly ChartInterval[], length: number): void {
  if (intervals.length > MOST_INTERVALS) {
    throw refusedChart(
      `forecast.intervals has ${intervals.length} items; at most ${MOST_INTERVALS} can be told apart`,
    );
  }
  intervals.forEach(({ level, lower, upper }, i) => {
    if (!(level > 0 && level < 1))
      throw refusedChart(`the level of an interval must be between 0 and 1, not ${level}`);
    if (level === intervals[i - 1]?.level) throw refusedChart(`there are two intervals of level ${level}`);
    checkLength(`lower of the interval ${level}`, lower, length);
    checkLength(`upper of the interval ${level}`, upper, length);
  });
}

function checkLength(field: string, values: ArrayLike<unknown>, length: number): void {
  if (values.length !== length) {
    throw refusedChart(`${field} has ${values.length} items; its times have ${length}`);
  }
}

function hasNumber(values: ArrayLike<number | null>): boolean {
  for (let i = 0; i < values.length; i += 1) if (Number.isFinite(values[i])) return true;
  return false;
}

/** One line without characters that XML forbids; markup in it stays text, the drawing escapes it. */
export function plainText(text: string): string {
  const clean = text.replaceAll(/[\p{Cc}\p{Cs}\uFFFE\uFFFF\s]+/gu, ' ').trim();
  const characters = [...clean];
  return characters.length > MOST_CHARACTERS
    ? `${characters.slice(0, MOST_CHARACTERS - 1).join('')}…`
    : clean;
}

function size(field: string, value: number, least: number, most: number): number {
  if (!Number.isInteger(value))
    throw refusedChart(`${field} must be a whole number from ${least} to ${most}`);
  return inRange(field, value, least, most);
}

function inRange(field: string, value: number, least: number, most: number): number {
  if (!(value >= least && value <= most))
    throw refusedChart(`${field} must be from ${least} to ${most}, not ${value}`);
  return value;
}

function themeNamed(name: ThemeName): ThemeName {
  if (!Object.hasOwn(THEMES, name)) {
    throw refusedChart(`there is no theme "${name}"; there are ${Object.keys(THEMES).join(', ')}`);
  }
  return name;
}

/** The error of a chart that cannot be drawn. */
export const refusedChart = (detail: string): AppError =>
  new AppError('invalid', detail, { code: 'chart_invalid' });
