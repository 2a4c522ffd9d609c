import { Injectable, Logger } from '@nestjs/common';
import { renderForecastPng, type ForecastChart, type ChartInterval } from '#libs/forecast-chart';
import { AppError } from '#libs/kernel';
import { PluginRegistry } from '#libs/plugin-host';
import type { Frame } from '#libs/timeseries';
import type { OrderInterval } from '../marketplace/marketplace.port.js';
import type { CompletedOrder } from './completed-order.js';

/** Bar lengths of the marketplace by the names that feeders know. */
const FEEDER_INTERVAL: Readonly<Record<OrderInterval, string>> = {
  '1h': '1h',
  '1d': '1d',
  '1w': '1w',
  '1M': '1mo',
};
/** Bars of history for each predicted one, and at least. */
const HISTORY_FACTOR = 6;
const SHORTEST_HISTORY = 40;
/** A picture is worth so long a wait for its background. */
const FEEDER_LIMIT_MS = 10_000;
/** As many as a picture can tell apart. */
const MOST_BANDS = 5;
const DEFAULT_TARGET = 'CLOSE';

type History = ForecastChart['history'];
const NO_HISTORY: History = { time: [], value: [] };

/** `plot.png`: what was before, the median and the intervals. */
@Injectable()
export class ForecastPicture {
  readonly #logger = new Logger(ForecastPicture.name);

  constructor(private readonly plugins: PluginRegistry) {}

  async draw(completed: CompletedOrder): Promise<Uint8Array> {
    const { order, result, times, completedAt } = completed;
    const { symbol, interval, predictionHorizon } = order;
    const target = targetOf(completed);
    const bars = predictionHorizon === 1 ? '1 bar' : `${predictionHorizon} bars`;
    return renderForecastPng({
      title: `${symbol}, ${interval}: ${bars} ahead`,
      subtitle: `${order.modelName}, completed ${completedAt.toISOString().slice(0, 16).replace('T', ' ')} UTC`,
      history: await this.#history(completed, target),
      forecast: {
        time: times.times,
        median: result.predictions,
        intervals: drawnBands(completed),
        label: 'Forecast',
      },
      valueLabel: target,
    });
  }

  /** The bars before the forecast, as known when it was completed; none when the feeder of the order has none. */
  async #history(completed: CompletedOrder, target: string): Promise<History> {
    const { order, times, completedAt } = completed;
    const { symbol, interval, feederPlugin } = order;
    const asOf = Math.min((times.times[0] ?? Infinity) - 1, completedAt.getTime());
    try {
      const feeder = await this.plugins.feeder(feederPlugin);
      const asked = { symbol, interval: FEEDER_INTERVAL[interval], asOf, around: asOf };
      return historyOf(await feeder.fetch(asked, { timeoutMs: FEEDER_LIMIT_MS }), target, completed);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      this.#logger.warn(`the plot of order ${order.id} has no history: ${error.detail}`);
      return NO_HISTORY;
    }
  }
}

/** What the evaluator says it predicted. */
function targetOf({ result }: CompletedOrder): string {
  const named = result.modelMetadata['target_column'];
  return typeof named === 'string' && named !== '' ? named : DEFAULT_TARGET;
}

/** The widest ones that name their level; one that names none is drawn alone, for nobody knows how it lies to others. */
function drawnBands({ bands }: CompletedOrder): ChartInterval[] {
  const [first] = bands;
  if (first?.level === null)
    return [{ level: 0.5, lower: first.lower, upper: first.upper, label: 'Interval' }];
  return bands
    .flatMap(({ level, lower, upper }) => (level === null ? [] : [{ level: level / 100, lower, upper }]))
    .slice(-MOST_BANDS);
}

/** The last bars; none when they ended so long before the forecast that they would be no context for it. */
function historyOf(frame: Frame, target: string, { order, times }: CompletedOrder): History {
  const name = frame.names.find((one) => one.toLowerCase() === target.toLowerCase());
  const count = Math.min(
    order.lookbackTicks,
    Math.max(SHORTEST_HISTORY, HISTORY_FACTOR * order.predictionHorizon),
  );
  const recent = frame.slice(Math.max(0, frame.length - count));
  const [first, last, begin] = [recent.time[0], recent.time.at(-1), times.times[0]];
  if (name === undefined || first === undefined || last === undefined || begin === undefined)
    return NO_HISTORY;
  return begin - last > last - first ? NO_HISTORY : distinct(recent, name);
}

/** Of rows with the same time the last one: a line has one value a moment. */
function distinct(frame: Frame, name: string): History {
  const values = frame.column(name);
  const rows = [...frame.time.keys()].filter((row) => frame.time[row] !== frame.time[row + 1]);
  return { time: rows.map((row) => frame.time[row] ?? NaN), value: rows.map((row) => values[row] ?? NaN) };
}
