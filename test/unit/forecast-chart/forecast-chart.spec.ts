import { existsSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import {
  renderForecastPng,
  renderPicture,
  THEMES,
  type ForecastChart,
  type ScoreChart,
  type ThemeName,
} from '#libs/forecast-chart';
import { AppError } from '#libs/kernel';
import { checkChart } from '../../../libs/forecast-chart/src/check-chart.js';
import { historyPoints } from '../../../libs/forecast-chart/src/chart-rows.js';
import { chartSpec } from '../../../libs/forecast-chart/src/chart-spec.js';
import { draw } from '../../../libs/forecast-chart/src/draw.js';
import { scoreSpec } from '../../../libs/forecast-chart/src/score-charts.js';
import { areaColour } from '../../../libs/forecast-chart/src/forecast-chart.js';
import { columnsOf, decodePng, leastOpacity, type Picture } from './png.js';

const DAY_MS = 86_400_000;
const days = (count: number, from = 0): number[] =>
  Array.from({ length: count }, (_, i) => Date.UTC(2020, 0, 1) + (from + i) * DAY_MS);
const values = (count: number, of: (i: number) => number) => Array.from({ length: count }, (_, i) => of(i));

/** 30 days of history and 10 of forecast between two intervals. */
const chart: ForecastChart = {
  title: 'SP500, next 10 days',
  history: { time: days(30), value: values(30, (i) => 100 + (i % 5)) },
  forecast: {
    time: days(10, 30),
    median: values(10, (i) => 104 + i / 2),
    intervals: [
      { level: 0.5, lower: values(10, (i) => 103 - i), upper: values(10, (i) => 105 + i) },
      { level: 0.9, lower: values(10, (i) => 102 - 3 * i), upper: values(10, (i) => 106 + 3 * i) },
    ],
  },
};
const without: ForecastChart['forecast'] = { time: [], median: [] };
const nothing: ForecastChart['history'] = { time: [], value: [] };
/** The plot lies to the right of the axis and under the legend, whose swatches have the same colours. */
const PLOT_TOP = 90;
const plotOf = ({ width, height, pixels }: Picture): Picture => ({
  width,
  height: height - PLOT_TOP,
  pixels: pixels.subarray(PLOT_TOP * width * 4),
});
const pictureOf = async (change: Partial<ForecastChart> = {}): Promise<Picture> =>
  decodePng(await renderForecastPng({ ...chart, ...change }));
const plotWith = async (change: Partial<ForecastChart>): Promise<Picture> => plotOf(await pictureOf(change));

describe('the picture of a forecast', () => {
  it.each(Object.keys(THEMES) as ThemeName[])(
    'shows history, median and every interval: %s',
    async (theme) => {
      const picture = await pictureOf({ theme });
      expect([picture.width, picture.height]).toEqual([960, 480]);
      const plot = plotOf(picture);
      const history = columnsOf(plot, THEMES[theme].history);
      const median = columnsOf(plot, THEMES[theme].accent);
      const wide = columnsOf(plot, areaColour(THEMES[theme], 0, 2));
      const narrow = columnsOf(plot, areaColour(THEMES[theme], 1, 2));
      for (const columns of [history, median, wide, narrow]) expect(columns.length).toBeGreaterThan(20);
      // The forecast begins where the history ends, three quarters to the right.
      expect(Math.abs((history.at(-1) ?? 0) - (median[0] ?? 0))).toBeLessThan(6);
      expect(median[0]).toBeGreaterThan(600);
      expect(wide.at(-1)).toBeGreaterThan(900);
    },
  );

  it.each(Object.keys(THEMES) as ThemeName[])('stands on a ground of its own: %s', async (theme) => {
    const picture = await pictureOf({ theme });
    expect(leastOpacity(picture)).toBe(255);
    expect(`#${Buffer.from(picture.pixels.subarray(0, 3)).toString('hex')}`).toBe(THEMES[theme].background);
  });

  it('has the size that is asked for, times the ratio of the screen', async () => {
    const { width, height } = await pictureOf({ width: 501, height: 333, pixelRatio: 2 });
    expect([width, height]).toEqual([1002, 666]);
  });

  it('is the same for the same forecast, in a thread or not', async () => {
    const here = await draw(chartSpec(checkChart(chart)));
    const there = await renderForecastPng(chart);
    expect(existsSync('dist/libs/forecast-chart/src/draw-worker.js')).toBe(true);
    expect(Buffer.from(there).equals(Buffer.from(here))).toBe(true);
  });

  it('can be drawn without history, without forecast and without intervals', async () => {
    const { accent, history } = THEMES.light;
    const alone = await plotWith({ history: nothing });
    expect(columnsOf(alone, history)).toEqual([]);
    expect(columnsOf(alone, accent)[0]).toBeLessThan(120);
    const past = await plotWith({ forecast: without });
    expect(columnsOf(past, accent)).toEqual([]);
    expect(columnsOf(past, history).length).toBeGreaterThan(300);
    const bare = await plotWith({ forecast: { ...chart.forecast, intervals: [] } });
    expect(columnsOf(bare, accent).length).toBeGreaterThan(100);
  });

  it('shows a single point, at the first and last time there is', async () => {
    const one = await plotWith({ history: { time: days(1), value: [0] }, forecast: without });
    expect(columnsOf(one, THEMES.light.history).length).toBeGreaterThan(2);
    const next = await plotWith({ history: nothing, forecast: { time: days(1), median: [1e9] } });
    expect(columnsOf(next, THEMES.light.accent).length).toBeGreaterThan(2);
  });

  it('leaves gaps where values are missing and shows a value between two gaps', async () => {
    const value = values(60, (i) => (i < 20 || i >= 40 ? 100 + (i % 3) : Number.NaN)).map((one, i) =>
      i === 30 ? 100 : one,
    );
    const flat = { time: days(60), value };
    const gapped = columnsOf(await plotWith({ history: flat, forecast: without }), THEMES.light.history);
    const jumps = gapped.filter((column, i) => i > 0 && column - (gapped[i - 1] ?? 0) > 50);
    expect(jumps).toHaveLength(2);
    const nulls = { time: flat.time, value: value.map((one) => (Number.isNaN(one) ? null : one)) };
    expect(columnsOf(await plotWith({ history: nulls, forecast: without }), THEMES.light.history)).toEqual(
      gapped,
    );
  });

  it('leaves a gap in an area where one of its sides is missing', async () => {
    const lower = values(10, (i) => (i === 5 ? Number.NaN : 90));
    const intervals = [{ level: 0.8, lower, upper: values(10, () => 110) }];
    const picture = await plotWith({ history: nothing, forecast: { ...chart.forecast, intervals } });
    const columns = columnsOf(picture, areaColour(THEMES.light, 0, 1));
    expect(columns.some((column, i) => i > 0 && column - (columns[i - 1] ?? 0) > 100)).toBe(true);
  });

  it('takes titles and names as they are: markup, quotes, other scripts, nothing at all', async () => {
    for (const text of [
      '</text><script>&amp;"\'',
      'Ετήσια ⟨x⟩ €',
      '\u0000\uD800 control\n',
      '',
      'long '.repeat(99),
    ]) {
      const forecast = { ...chart.forecast, label: text };
      const { width } = await pictureOf({
        title: text,
        subtitle: text,
        valueLabel: text,
        timeLabel: text,
        forecast,
      });
      expect(width).toBe(960);
    }
    const plain = await renderForecastPng({ ...chart, title: 'a b' });
    const control = await renderForecastPng({ ...chart, title: 'a\u0007\n b' });
    expect(Buffer.from(control).equals(Buffer.from(plain))).toBe(true);
    const other = await renderForecastPng({ ...chart, title: 'a < b' });
    expect(Buffer.from(other).equals(Buffer.from(plain))).toBe(false);
  });
});

describe('a history longer than the picture is wide', () => {
  const count = 200_000;
  const long = { time: days(count), value: values(count, (i) => (i === 77_777 ? 50 : Math.sin(i / 9000))) };

  it('is thinned and keeps its ends and its extremes', () => {
    const points = historyPoints(long, 960);
    expect(points.length).toBeLessThanOrEqual(4 * 960);
    expect(points[0]).toEqual({ time: long.time[0], value: 0 });
    expect(points.at(-1)?.time).toBe(long.time.at(-1));
    expect(points).toContainEqual({ time: long.time[77_777], value: 50 });
    expect(points.every(({ time }, i) => i === 0 || time > (points[i - 1]?.time ?? 0))).toBe(true);
  });

  it('keeps a gap of many columns', () => {
    const value = long.value.map((one, i) => (i > 50_000 && i < 60_000 ? null : one));
    const points = historyPoints({ time: long.time, value }, 960);
    expect(points.filter((point) => point.value === null).length).toBeGreaterThan(40);
    expect(points.length).toBeLessThanOrEqual(4 * 960);
  });

  it('stays whole when it is short', () => {
    expect(historyPoints(chart.history, 960)).toHaveLength(30);
  });
});

describe('what cannot be drawn', () => {
  const forecast = chart.forecast;
  const [interval] = forecast.intervals ?? [];
  it.each<[string, Partial<ForecastChart>]>([
    ['history.value has 1 items', { history: { time: days(2), value: [1] } }],
    ['history.time[1] must be later', { history: { time: [2, 2], value: [1, 1] } }],
    ['history.time[0] must be a number', { history: { time: [Number.NaN], value: [1] } }],
    ['forecast.median has 0 items', { forecast: { time: days(1), median: [] } }],
    ['nothing to draw', { history: { time: days(1), value: [null] }, forecast: without }],
    [
      'between 0 and 1, not 90',
      { forecast: { ...forecast, intervals: [{ level: 90, lower: [], upper: [] }] } },
    ],
    [
      'two intervals of level 0.5',
      { forecast: { ...forecast, intervals: [interval, interval].flatMap((one) => one ?? []) } },
    ],
    [
      'upper of the interval 0.5 has 0',
      {
        forecast: { ...forecast, intervals: [interval].flatMap((one) => (one ? { ...one, upper: [] } : [])) },
      },
    ],
    ['width must be from 400 to 4000, not 5000', { width: 5000 }],
    ['height must be a whole number', { height: 300.5 }],
    ['pixelRatio must be from 1 to 3', { pixelRatio: 0 }],
  ])('is refused by name: %s', async (text, change) => {
    const refusal = renderForecastPng({ ...chart, ...change });
    await expect(refusal).rejects.toThrow(text);
    await expect(refusal).rejects.toMatchObject({ kind: 'invalid', code: 'chart_invalid' });
    await expect(refusal).rejects.toBeInstanceOf(AppError);
  });
});

describe('pictures of scores', () => {
  const levels = [
    { level: 0.5, share: 0.61, lower: 0.55, upper: 0.66 },
    { level: 0.9, share: null, lower: 0, upper: 1 },
    { level: 0.8, share: 0.7, lower: 0.6, upper: 0.8 },
  ];
  const charts: readonly ScoreChart[] = [
    { kind: 'calibration', title: 'Inside <b>', levels },
    { kind: 'pit', title: 'Where', counts: [10, 12, 8, 9, 11, 10, 30, 9, 10, 1] },
    {
      kind: 'skill',
      title: 'When',
      periods: days(5).map((time, at) => ({ time, skill: at === 2 ? null : at / 10 - 0.2 })),
    },
  ];

  it.each(charts)('are drawn as SVG that loads nothing, and as PNG: $kind', async (one) => {
    const svg = Buffer.from(await renderPicture(one, 'svg')).toString('utf8');
    expect(svg).toMatch(/^<svg [^]*<\/svg>$/);
    expect(svg).toContain(one.title.replace('<b>', '&lt;b&gt;'));
    expect(svg.replaceAll(/ xmlns(:\w+)?="[^"]*"/g, '')).not.toMatch(/href|url\(|<script|<image|https?:/);
    const { width, height } = decodePng(await renderPicture({ ...one, theme: 'dark' }, 'png'));
    expect([width, height]).toEqual([960, 640]);
  });

  it('show the edges of the band, the even share and each bar at its height', async () => {
    const { spec } = scoreSpec({ kind: 'pit', title: '', counts: [30, 10] });
    const [bars, ...rules] = (spec as unknown as { layer: { data: { values: Record<string, number>[] } }[] })
      .layer;
    expect(bars?.data.values.map(({ share }) => share)).toEqual([0.75, 0.25]);
    const half = 1.959963984540054 * Math.sqrt(0.25 / 40);
    expect(rules.map(({ data }) => data.values[0])).toEqual([
      { even: 0.5 },
      { edge: 0.5 - half },
      { edge: 0.5 + half },
    ]);
    const { spec: shares } = scoreSpec({ kind: 'calibration', title: '', levels });
    const drawn = (shares as unknown as { layer: { data: { values: { level: number }[] } }[] }).layer[1];
    expect(drawn?.data.values.map(({ level }) => level)).toEqual([0.5, 0.8]);
  });

  it.each([
    [{ kind: 'calibration', title: '', levels: [] }, 'no level has a share'],
    [
      { kind: 'calibration', title: '', levels: [{ level: 2, share: 0, lower: 0, upper: 1 }] },
      'from 0 to 1, not 2',
    ],
    [{ kind: 'pit', title: '', counts: [0, 0] }, 'not all of them 0'],
    [{ kind: 'pit', title: '', counts: [1.5, 1] }, 'whole numbers'],
    [{ kind: 'skill', title: '', periods: [{ time: NaN, skill: 1 }] }, 'finite'],
    [{ kind: 'skill', title: '', periods: [] }, 'no period has a skill'],
    [{ kind: 'pit', title: '', counts: [1, 2], theme: 'pink' }, 'there is no theme "pink"'],
  ] as [ScoreChart, string][])('refuse what cannot be drawn: %j', (one, fault) => {
    expect(() => scoreSpec(one)).toThrow(fault);
  });

  it('show what came beside a forecast', async () => {
    const outcome = { time: chart.forecast.time, value: chart.forecast.median };
    const picture = await plotWith({ outcome });
    expect(columnsOf(picture, THEMES.light.outcome).length).toBeGreaterThan(20);
    expect(columnsOf(await plotWith({}), THEMES.light.outcome)).toEqual([]);
    expect(() => checkChart({ ...chart, outcome: { time: [1], value: [] } })).toThrow(
      'outcome.value has 0 items',
    );
  });
});
