import type { TopLevelSpec } from 'vega-lite';
import {
  bandsOf,
  historyPoints,
  lonely,
  medianPoints,
  originOf,
  spanOf,
  type Point,
  type Span,
} from './chart-rows.js';
import type { CheckedChart } from './check-chart.js';
import { areaColour, type ChartInterval, type Theme, THEMES } from './forecast-chart.js';

/** Everything a thread needs to draw: plain data. */
export interface Drawing {
  readonly spec: TopLevelSpec;
  readonly background: string;
  readonly pixelRatio: number;
  /** Default `png`. */
  readonly format?: PictureFormat;
}

export const PICTURE_FORMATS = ['png', 'svg'] as const;
export type PictureFormat = (typeof PICTURE_FORMATS)[number];

export const FONT = 'DejaVu Sans';
/** Each time of the forecast gets a dot when they are so many pixels apart; closer ones would be a rope of pearls. */
const DOT_DISTANCE = 12;
/** Pixels of a legend entry: symbol, the longest usual name and the space to the next. */
const LEGEND_ENTRY = 155;
/** ISO 8601, as everywhere else; unlike with Vega's own, a label says its year. */
const TIME_FORMAT = {
  year: '%Y',
  quarter: '%Y-%m',
  month: '%Y-%m',
  week: '%Y-%m-%d',
  date: '%Y-%m-%d',
  day: '%Y-%m-%d',
  hours: '%H:%M',
  minutes: '%H:%M',
  seconds: '%H:%M:%S',
};

const OUTCOME = 'What came';

const nameOf = ({ level, label }: ChartInterval): string =>
  label ?? `${Number((level * 100).toFixed(2))} % interval`;

/** The picture in Vega-Lite's words (https://vega.github.io/vega-lite/docs/spec.html). */
export function chartSpec(chart: CheckedChart): Drawing {
  const theme: Theme = THEMES[chart.theme];
  const span = spanOf(chart);
  const { subtitle, title, width, height, pixelRatio } = chart;
  const spec: TopLevelSpec = {
    width,
    height,
    autosize: { type: 'fit', contains: 'padding' },
    background: theme.background,
    padding: { left: 16, top: 16, right: 24, bottom: 12 },
    title: { text: title, ...(subtitle === '' ? {} : { subtitle }) },
    encoding: { x: timeAxis(chart, span), color: legendOf(chart, theme) },
    layer: layersOf(chart, theme, span),
    config: chartConfig(theme, width),
  };
  return { spec, background: theme.background, pixelRatio };
}

const HALF_A_DAY_MS = 43_200_000;

/** A span without length has no scale; a margin around the one value gives it one. */
const widened = (
  [low, high]: readonly [number, number],
  margin: (value: number) => number,
): [number, number] => (low < high ? [low, high] : [low - margin(low), high + margin(high)]);

const timeAxis = (chart: CheckedChart, span: Span) =>
  ({
    field: 'time',
    type: 'temporal',
    scale: { type: 'utc', domain: widened(span.time, () => HALF_A_DAY_MS) },
    axis: {
      title: chart.labels.time,
      grid: false,
      format: TIME_FORMAT,
      labelOverlap: 'greedy',
      tickCount: Math.max(3, Math.round(chart.width / 120)),
    },
  }) as const;

const valueAxis = (chart: CheckedChart, span: Span) =>
  ({
    type: 'quantitative',
    scale: {
      zero: false,
      nice: true,
      domain: widened(span.value, (value) => Math.abs(value) / 100 || 1),
    },
    axis: { title: chart.labels.value, tickCount: Math.max(3, Math.round(chart.height / 70)) },
  }) as const;

/** One entry for everything that is drawn, from the history to the widest area. */
function legendOf(chart: CheckedChart, theme: Theme) {
  const areas = chart.intervals.map((interval, rank) => ({
    name: nameOf(interval),
    colour: areaColour(theme, rank, chart.intervals.length),
  }));
  const drawn = [
    ...(chart.history.time.length > 0 ? [{ name: 'History', colour: theme.history }] : []),
    ...(chart.forecast.time.length > 0 ? [{ name: chart.labels.median, colour: theme.accent }] : []),
    ...(chart.forecast.time.length > 0 ? areas.toReversed() : []),
    ...(chart.outcome.time.length > 0 ? [{ name: OUTCOME, colour: theme.outcome }] : []),
  ];
  return {
    scale: { domain: drawn.map(({ name }) => name), range: drawn.map(({ colour }) => colour) },
    legend: { title: null, columns: Math.max(1, Math.floor((chart.width - 80) / LEGEND_ENTRY)) },
    type: 'nominal',
  } as const;
}

/** From the back to the front. */
function layersOf(chart: CheckedChart, theme: Theme, span: Span): TopLevelLayers {
  const y = valueAxis(chart, span);
  const areas = chart.intervals.map((interval) => ({
    data: { values: bandsOf(chart, interval) },
    mark: { type: 'area' },
    encoding: {
      y: { field: 'lower', ...y },
      y2: { field: 'upper' },
      color: { datum: nameOf(interval) },
    },
  }));
  const history = historyPoints(chart.history, chart.width);
  const median = medianPoints(chart);
  const outcome = historyPoints(chart.outcome, chart.width);
  const line = (name: string, values: readonly Point[], strokeWidth: number): object => ({
    data: { values },
    mark: { type: 'line', strokeWidth },
    encoding: { y: { field: 'value', ...y }, color: { datum: name } },
  });
  const dots = (name: string, values: readonly Point[]): object => ({
    data: { values },
    mark: { type: 'point', filled: true, size: 28, opacity: 1 },
    encoding: { y: { field: 'value', ...y }, color: { datum: name } },
  });
  return [
    ...areas,
    ...originRule(chart, theme),
    line('History', history, 1.6),
    dots('History', lonely(history)),
    line(chart.labels.median, median, 2.4),
    dots(
      chart.labels.median,
      dotted(chart, span) ? median.slice(-chart.forecast.time.length) : lonely(median),
    ),
    line(OUTCOME, outcome, 1.6),
    dots(OUTCOME, outcome),
  ] as TopLevelLayers;
}

type TopLevelLayers = Extract<TopLevelSpec, { layer: readonly unknown[] }>['layer'];

/** Where knowledge ends. */
function originRule(chart: CheckedChart, theme: Theme): object[] {
  const origin = originOf(chart);
  if (origin === null) return [];
  return [
    {
      data: { values: [{ time: origin.time }] },
      mark: { type: 'rule', color: theme.quietText, strokeDash: [3, 3], strokeWidth: 1 },
      encoding: { color: null },
    },
  ];
}

function dotted(chart: CheckedChart, span: Span): boolean {
  const { time } = chart.forecast;
  const [start, end] = span.time;
  const share = ((time[time.length - 1] ?? start) - (time[0] ?? start)) / (end - start);
  return time.length > 1 && (share * chart.width) / time.length >= DOT_DISTANCE;
}

/** How all pictures look. */
export const chartConfig = (theme: Theme, width: number) => ({
  font: FONT,
  view: { stroke: null },
  title: {
    anchor: 'start' as const,
    color: theme.text,
    fontSize: 17,
    fontWeight: 'bold' as const,
    subtitleColor: theme.quietText,
    subtitleFontSize: 12,
    subtitlePadding: 6,
    offset: 10,
    limit: width - 48,
  },
  axis: {
    labelColor: theme.quietText,
    titleColor: theme.quietText,
    labelFontSize: 11,
    titleFontSize: 12,
    titleFontWeight: 'normal' as const,
    titlePadding: 10,
    labelPadding: 6,
    gridColor: theme.grid,
    domainColor: theme.quietText,
    tickColor: theme.quietText,
    zindex: 1,
  },
  axisY: { domain: false, ticks: false },
  legend: {
    orient: 'top' as const,
    direction: 'horizontal' as const,
    labelColor: theme.text,
    labelFontSize: 12,
    symbolType: 'square',
    symbolSize: 150,
    symbolStrokeWidth: 0,
    columnPadding: 18,
    offset: 12,
  },
  line: { strokeCap: 'round' as const, strokeJoin: 'round' as const },
});
