import { WorkerThreads } from '#libs/kernel';
import { checkChart } from './check-chart.js';
import { chartSpec, type Drawing, type PictureFormat } from './chart-spec.js';
import { type ScoreChart, scoreSpec } from './score-charts.js';
import type { ForecastChart } from './forecast-chart.js';

/** Loading Vega takes 0.4 s, so the thread stays a while for the next picture. */
const threads = new WorkerThreads<Drawing, Uint8Array>(new URL('./draw-worker.js', import.meta.url), {
  maxThreads: 1,
  idleMs: 30_000,
});

/**
 * Draws history, central line and intervals as a PNG with an opaque background. The median and the intervals start at
 * the last known value, the point from which they are forecast. A history with more rows than the picture has columns
 * is thinned to the same picture (M4). Drawing takes about 50 ms in a thread of its own, the first picture 0.5 s more.
 * @returns the bytes of the PNG, `width * pixelRatio` by `height * pixelRatio`
 * @throws AppError `invalid` with code `chart_invalid` that names the field, when lengths differ, times do not ascend,
 * nothing can be drawn, or an option is outside its range
 */
export async function renderForecastPng(chart: ForecastChart): Promise<Uint8Array> {
  return rendered(chartSpec(checkChart(chart)));
}

/**
 * Draws a forecast, or scores, as PNG or SVG. An SVG names no other file and its text has the font's name only; a PNG has its
 * letters in it.
 * @returns the bytes
 * @throws AppError as {@link renderForecastPng}
 */
export function renderPicture(chart: ForecastChart | ScoreChart, format: PictureFormat): Promise<Uint8Array> {
  const drawing = 'kind' in chart ? scoreSpec(chart) : chartSpec(checkChart(chart));
  return rendered({ ...drawing, format });
}

async function rendered(drawing: Drawing): Promise<Uint8Array> {
  // Without a build the calling thread draws; Vega is loaded only then, for it is large.
  return threads.isBuilt ? threads.run(drawing) : (await import('./draw.js')).draw(drawing);
}
