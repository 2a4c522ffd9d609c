import type { Frame } from '#libs/timeseries';
import type { FetchRequest } from './feeder.js';
import type { EntryAnswer, ExitAnswer, ForecastOutput, ForecastRequest } from './predictor.js';

/**
 * Checks of single answers against the contract, cheap enough for every call: the host refuses answers that break them,
 * the conformance suites run them too. They return what is wrong, in words for the plugin's author.
 */

const isoOf = (time: number | undefined): string =>
  time === undefined || !Number.isFinite(time) ? String(time) : new Date(time).toISOString();

/** What is wrong with a frame that was fetched for this request; looks at its ends only. */
export function frameFaults(frame: Frame, request: FetchRequest): readonly string[] {
  if (!(frame?.time instanceof Float64Array) || !(frame.columns instanceof Map)) {
    return ['the answer is not a Frame'];
  }
  const faults: string[] = [];
  const first = frame.time[0];
  const last = frame.time.at(-1);
  const { asOf, from, to } = request;
  if (asOf !== undefined && last !== undefined && last > asOf) {
    faults.push(`a bar of ${isoOf(last)} is later than asOf, ${isoOf(asOf)}`);
  }
  if (to !== undefined && last !== undefined && last > to) {
    faults.push(`a bar of ${isoOf(last)} is later than to, ${isoOf(to)}`);
  }
  if (from !== undefined && first !== undefined && first < from) {
    faults.push(`a bar of ${isoOf(first)} is earlier than from, ${isoOf(from)}`);
  }
  for (const name of request.columns ?? []) {
    if (!frame.columns.has(name)) faults.push(`the column ${name} was asked for and is missing`);
  }
  for (const [name, values] of frame.columns) {
    if (values.length !== frame.time.length) faults.push(`the column ${name} has another length than time`);
  }
  return faults;
}

/** The horizons that an answer must have, in this order; null when the predictor may choose. */
export function wantedHorizons(
  request: Pick<ForecastRequest, 'horizons' | 'horizon'>,
): readonly number[] | null {
  if (request.horizons !== null) return request.horizons;
  if (request.horizon === null) return null;
  return Array.from({ length: request.horizon }, (_, index) => index + 1);
}

const numbersOrNull = (values: readonly (number | null)[]): boolean =>
  values.every((value) => value === null || (typeof value === 'number' && Number.isFinite(value)));

/** What is wrong with a forecast: horizons in the order asked, all lists of their length, finite numbers or null. */
export function forecastFaults(
  output: ForecastOutput,
  request: Pick<ForecastRequest, 'horizons' | 'horizon'>,
): readonly string[] {
  if (typeof output !== 'object' || output === null || !Array.isArray(output.horizons)) {
    return ['the answer is not a ForecastOutput'];
  }
  const faults: string[] = [];
  const wanted = wantedHorizons(request);
  if (wanted !== null && wanted.join() !== output.horizons.join()) {
    faults.push(`horizons are ${output.horizons.join(',')}, asked were ${wanted.join(',')}`);
  }
  const lists: [string, readonly (number | string | null)[] | undefined][] = [
    ['predictions', output.predictions],
    ['uncertainty', output.uncertainty],
    ['future_datetimes', output.future_datetimes],
    ...(output.intervals ?? []).flatMap(({ level, lower, upper }): typeof lists => [
      [`lower of the interval ${level}`, lower],
      [`upper of the interval ${level}`, upper],
    ]),
    ...Object.entries(output.quantiles ?? {}).map(([name, values]): (typeof lists)[number] => [
      `quantile ${name}`,
      values,
    ]),
  ];
  for (const [name, values] of lists) {
    if (!Array.isArray(values)) faults.push(`${name} is not a list`);
    else if (values.length !== output.horizons.length)
      faults.push(`${name} has another length than horizons`);
    else if (name !== 'future_datetimes' && !numbersOrNull(values as readonly (number | null)[])) {
      faults.push(`${name} holds something that is neither a finite number nor null`);
    }
  }
  if (!Array.isArray(output.errors)) faults.push('errors is not a list');
  if (!Number.isFinite(output.baseline_value)) faults.push('baseline_value is not a finite number');
  return faults;
}

const isBinary = (value: number): boolean => value === 0 || value === 1;
const isConfidence = (value: number): boolean => value >= 0 && value <= 1;

/** What is wrong with an entry answer, or null. Runs on each of thousands of calls a second, hence no list. */
export function entryFaults(answer: EntryAnswer): string | null {
  if (!isBinary(answer.buy) || !isBinary(answer.sell)) return 'buy and sell must be 0 or 1';
  if (!Number.isSafeInteger(answer.barsRemaining) || answer.barsRemaining < 0) {
    return 'barsRemaining must be an integer of at least 0';
  }
  return isConfidence(answer.buyConfidence) && isConfidence(answer.sellConfidence)
    ? null
    : 'confidences must be numbers from 0 to 1';
}

/** What is wrong with an exit answer, or null. */
export function exitFaults(answer: ExitAnswer): string | null {
  if (!isBinary(answer.keep)) return 'keep must be 0 or 1';
  return isConfidence(answer.confidence) ? null : 'confidence must be a number from 0 to 1';
}
