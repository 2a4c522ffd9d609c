import type { TopLevelSpec } from 'vega-lite';
import { plainText, refusedChart } from './check-chart.js';
import { chartConfig, type Drawing } from './chart-spec.js';
import { areaColour, type Theme, THEMES, type ThemeName } from './forecast-chart.js';

/** What every picture of scores has. */
interface ScoreChartFrame {
  readonly title: string;
  readonly subtitle?: string;
  /** Default `light`. */
  readonly theme?: ThemeName;
}

/** How often values lay inside of their intervals, with the band in which the true share lies. */
export interface CalibrationChart extends ScoreChartFrame {
  readonly kind: 'calibration';
  /** Levels and shares from 0 to 1; a level without a share is left out. */
  readonly levels: readonly {
    readonly level: number;
    readonly share: number | null;
    readonly lower: number;
    readonly upper: number;
  }[];
}

/** How often values fell into each tenth of the stated distributions; a calibrated forecaster's fall into all alike. */
export interface PitChart extends ScoreChartFrame {
  readonly kind: 'pit';
  readonly counts: readonly number[];
}

/** Skill in each period: above 0 is better than the baseline. */
export interface SkillChart extends ScoreChartFrame {
  readonly kind: 'skill';
  /** Epoch ms UTC, ascending; a period without skill is left out. */
  readonly periods: readonly { readonly time: number; readonly skill: number | null }[];
}

export type ScoreChart = CalibrationChart | PitChart | SkillChart;

/** Pixels of a picture of scores. */
const [WIDTH, HEIGHT] = [480, 320];
/** Standard errors on either side that hold 95 % of what chance does. */
const TWO_SIDED_95 = 1.959963984540054;
const PERCENT = '.0%';

/** @throws AppError `invalid` (`chart_invalid`) for a number that no such chart can have, or when nothing can be drawn */
export function scoreSpec(chart: ScoreChart): Drawing {
  const name = chart.theme ?? 'light';
  if (!Object.hasOwn(THEMES, name))
    throw refusedChart(`there is no theme "${name}"; there are ${Object.keys(THEMES).join(', ')}`);
  const theme: Theme = THEMES[name];
  const spec = {
    width: WIDTH,
    height: HEIGHT,
    autosize: { type: 'fit', contains: 'padding' },
    background: theme.background,
    padding: { left: 12, top: 12, right: 20, bottom: 8 },
    title: { text: plainText(chart.title), subtitle: plainText(chart.subtitle ?? '') },
    layer: layersOf(chart, theme),
    config: chartConfig(theme, WIDTH),
  } as TopLevelSpec;
  return { spec, background: theme.background, pixelRatio: 2 };
}

function layersOf(chart: ScoreChart, theme: Theme): readonly object[] {
  switch (chart.kind) {
    case 'calibration':
      return calibrationLayers(chart, theme);
    case 'pit':
      return pitLayers(chart, theme);
    case 'skill':
      return skillLayers(chart, theme);
  }
}

const axis = (title: string, format: string) => ({ title, format, tickCount: 5 });
const rule = (theme: Theme, encoding: object, dash: readonly number[] = [3, 3]): object => ({
  mark: { type: 'rule', color: theme.quietText, strokeDash: dash },
  encoding,
});

function calibrationLayers({ levels }: CalibrationChart, theme: Theme): readonly object[] {
  for (const { level, share, lower, upper } of levels)
    for (const one of [level, share ?? 0, lower, upper])
      if (!(one >= 0 && one <= 1)) throw refusedChart(`levels hold shares from 0 to 1, not ${one}`);
  const values = levels.filter(({ share }) => share !== null).toSorted((a, b) => a.level - b.level);
  if (values.length === 0) throw refusedChart('no level has a share, so there is nothing to draw');
  const unit = { domain: [0, 1] };
  const x = { field: 'level', type: 'quantitative', scale: unit, axis: axis('Stated', PERCENT) };
  const y = { type: 'quantitative', scale: unit, axis: axis('Inside', PERCENT) };
  return [
    {
      data: { values: [0, 1].map((level) => ({ level, share: level })) },
      mark: { type: 'line', color: theme.quietText, strokeDash: [3, 3], strokeWidth: 1 },
      encoding: { x, y: { field: 'share', ...y } },
    },
    {
      data: { values },
      mark: { type: 'area', color: areaColour(theme, 0, 1) },
      encoding: { x, y: { field: 'lower', ...y }, y2: { field: 'upper' } },
    },
    {
      data: { values },
      mark: { type: 'rule', color: theme.accent },
      encoding: { x, y: { field: 'lower', ...y }, y2: { field: 'upper' } },
    },
    {
      data: { values },
      mark: { type: 'line', color: theme.accent, point: { filled: true, size: 45, color: theme.accent } },
      encoding: { x, y: { field: 'share', ...y } },
    },
  ];
}

function pitLayers({ counts }: PitChart, theme: Theme): readonly object[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (counts.length < 2 || !counts.every((count) => Number.isInteger(count) && count >= 0) || total === 0)
    throw refusedChart('counts must be at least two whole numbers, not all of them 0');
  const even = 1 / counts.length;
  const half = TWO_SIDED_95 * Math.sqrt((even * (1 - even)) / total);
  const values = counts.map((count, at) => ({ from: at * even, to: (at + 1) * even, share: count / total }));
  const y = { type: 'quantitative', axis: axis('Share of outcomes', PERCENT) };
  return [
    {
      data: { values },
      mark: { type: 'bar', color: areaColour(theme, 0, 1), stroke: theme.accent },
      encoding: {
        x: {
          field: 'from',
          type: 'quantitative',
          bin: 'binned',
          axis: axis('Place in the stated distribution', '.1f'),
        },
        x2: { field: 'to' },
        y: { field: 'share', ...y },
      },
    },
    { data: { values: [{ even }] }, ...rule(theme, { y: { field: 'even', ...y } }, [1, 0]) },
    ...[Math.max(0, even - half), even + half].map((edge) => ({
      data: { values: [{ edge }] },
      ...rule(theme, { y: { field: 'edge', ...y } }),
    })),
  ];
}

function skillLayers({ periods }: SkillChart, theme: Theme): readonly object[] {
  const values = periods.filter(({ skill }) => skill !== null);
  if (values.length === 0) throw refusedChart('no period has a skill, so there is nothing to draw');
  for (const { time, skill } of values)
    if (!Number.isFinite(time) || !Number.isFinite(skill))
      throw refusedChart('times and skills must be finite numbers');
  const y = { type: 'quantitative', axis: axis('Skill', PERCENT) };
  return [
    { data: { values: [{ zero: 0 }] }, ...rule(theme, { y: { field: 'zero', ...y } }) },
    {
      data: { values },
      mark: { type: 'line', color: theme.accent, point: { filled: true, size: 30, color: theme.accent } },
      encoding: {
        x: {
          field: 'time',
          type: 'temporal',
          scale: { type: 'utc' },
          axis: {
            title: 'Time (UTC)',
            format: '%Y-%m-%d',
            grid: false,
            tickCount: 4,
            labelOverlap: 'greedy',
          },
        },
        y: { field: 'skill', ...y },
      },
    },
  ];
}
