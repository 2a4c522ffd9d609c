import { formatIso } from '#libs/timeseries';
import type { Band } from '../marketplace/marketplace.port.js';
import type { CompletedOrder } from './completed-order.js';

/**
 * `results.csv` (RFC 4180): a row a predicted bar with `step` (1 is the first), `time` (UTC), `prediction`,
 * `uncertainty` (standard deviation) and both ends of every interval, for example `lower_95,upper_95`. No value holds a
 * comma, a quote or a line break.
 */
export function resultsCsv({ result, times, bands }: CompletedOrder): string {
  const header = ['step', 'time', 'prediction', 'uncertainty', ...bands.flatMap(columnsOf)];
  const rows = result.predictions.map((prediction, bar) => [
    bar + 1,
    formatIso(times.times[bar] ?? NaN),
    prediction,
    result.uncertainties[bar] ?? '',
    ...bands.flatMap(({ lower, upper }) => [lower[bar] ?? '', upper[bar] ?? '']),
  ]);
  return [header, ...rows].map((cells) => `${cells.join(',')}\r\n`).join('');
}

const columnsOf = ({ level }: Band): string[] =>
  level === null ? ['lower', 'upper'] : [`lower_${level}`, `upper_${level}`];
