import type { Frame } from '#libs/timeseries';
import { isRecord, type ParameterDeclaration } from '#libs/kernel';
import type { FetchRequest } from './feeder.js';
import {
  type EntryAnswer,
  type ExitAnswer,
  type ForecastOutput,
  type ForecastRequest,
  PREDICTOR_CAPABILITIES,
} from './predictor.js';
import { PLUGIN_API_VERSION, PLUGIN_KINDS } from './definitions.js';

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
    faults.push(`horizons are ${output.horizons.join(',')}, but ${wanted.join(',')} were requested`);
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

const ID = /^[a-z][a-z0-9_]{0,63}$/;
const VERSION = /^\d+\.\d+\.\d+([-+][0-9A-Za-z.+-]+)?$/;
const PARAMETER_TYPES: readonly ParameterDeclaration['type'][] = [
  'integer',
  'number',
  'boolean',
  'string',
  'list',
  'map',
];

/** What keeps a value from being a plugin definition for this version of the contract; empty when nothing does. */
export function definitionFaults(value: unknown): readonly string[] {
  if (!isRecord(value) || !PLUGIN_KINDS.includes(value['kind'] as never)) {
    return [
      `the default export is not a plugin definition; make it with one of ${PLUGIN_KINDS.map((kind) => `define${kind.charAt(0).toUpperCase()}${kind.slice(1)}`).join(', ')}`,
    ];
  }
  if (value['apiVersion'] !== PLUGIN_API_VERSION) {
    return [
      `is built for plugin API ${JSON.stringify(value['apiVersion'])}, but this server supports ${PLUGIN_API_VERSION}`,
    ];
  }
  const faults: string[] = [];
  const check = (right: boolean, fault: string) => {
    if (!right) faults.push(fault);
  };
  check(ID.test(String(value['id'])), 'id must be lower-case letters, digits and _, a letter first');
  check(VERSION.test(String(value['version'])), 'version must be a semantic version such as 1.0.0');
  check(typeof value['description'] === 'string' && value['description'] !== '', 'description is missing');
  check(typeof value['create'] === 'function', 'create must be a function');
  faults.push(...parameterFaults(value['parameters']));
  if (value['kind'] === 'predictor') faults.push(...capabilityFaults(value['capabilities']));
  return faults;
}

function parameterFaults(parameters: unknown): readonly string[] {
  if (!isRecord(parameters)) return ['parameters must be an object of declarations'];
  return Object.entries(parameters)
    .filter(
      ([, declaration]) =>
        !isRecord(declaration) ||
        !PARAMETER_TYPES.includes(declaration['type'] as never) ||
        declaration['default'] === undefined ||
        typeof declaration['help'] !== 'string',
    )
    .map(
      ([name]) =>
        `parameter ${name} must be declared with type (${PARAMETER_TYPES.join(', ')}), default and help`,
    );
}

function capabilityFaults(capabilities: unknown): readonly string[] {
  const known =
    Array.isArray(capabilities) && capabilities.every((one) => PREDICTOR_CAPABILITIES.includes(one as never));
  return known ? [] : [`capabilities must be a list of ${PREDICTOR_CAPABILITIES.join(', ')}`];
}
