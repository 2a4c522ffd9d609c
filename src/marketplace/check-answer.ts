import { invalid, valueFault, type AppError, type Violation } from '#libs/kernel';
import { faultsOfBands, readBands } from './interval-bands.js';
import type { OrderResult } from './marketplace.port.js';

/** Beyond it a number is no price and no return. */
const LARGEST_NUMBER = 1e15;
const MOST_INTERVALS = 40;
/** Characters of JSON. */
const LARGEST_OBJECT = 65_536;
const LONGEST_LOG = 100_000;

/**
 * Whether an answer is one: as many values as bars were asked for, finite and bounded numbers, no negative uncertainty,
 * intervals that are ordered and hold what they claim to hold.
 * @returns every fault in one error; null when there is none
 */
export function faultOfAnswer(result: OrderResult, horizon: number): AppError | null {
  const violations = [
    ...listFaults('predictions', result.predictions, horizon),
    ...listFaults('uncertainties', result.uncertainties, horizon),
    ...signFaults(result.uncertainties),
    ...intervalFaults(result, horizon),
    ...sizeFaults(result),
  ];
  return violations.length === 0 ? null : invalid(...violations);
}

const fault = (loc: Violation['loc'], msg: string, input?: unknown): Violation =>
  valueFault(['body', ...loc], msg, input);

function listFaults(field: string, values: readonly number[], horizon: number): Violation[] {
  if (values.length !== horizon)
    return [
      fault([field], `${field} has ${values.length} values instead of ${horizon}, one for each bar`, values),
    ];
  return numberFaults([field], values);
}

const numberFaults = (loc: readonly string[], values: readonly number[]): Violation[] =>
  values.flatMap((value, index) =>
    Number.isFinite(value) && Math.abs(value) <= LARGEST_NUMBER
      ? []
      : [fault([...loc, index], `${loc.join('.')} must be finite numbers between -1e15 and 1e15`, value)],
  );

const signFaults = (uncertainties: readonly number[]): Violation[] =>
  uncertainties.flatMap((value, index) =>
    value < 0 ? [fault(['uncertainties', index], 'uncertainties must not be below 0', value)] : [],
  );

function intervalFaults({ confidenceIntervals, predictions }: OrderResult, horizon: number): Violation[] {
  const entries = Object.entries(confidenceIntervals);
  if (entries.length > MOST_INTERVALS)
    return [
      fault(
        ['confidence_intervals'],
        `confidence_intervals has ${entries.length} keys; ${MOST_INTERVALS} are allowed`,
      ),
    ];
  const numbers = entries.flatMap(([key, values]) => numberFaults(['confidence_intervals', key], values));
  if (numbers.length > 0) return numbers;
  const { bands, faults } = readBands(confidenceIntervals, horizon);
  const all =
    faults.length > 0 || predictions.length !== horizon ? faults : faultsOfBands(bands, predictions);
  return all.map(({ key, msg }) => fault(['confidence_intervals', key], `interval '${key}' ${msg}`));
}

function sizeFaults(result: OrderResult): Violation[] {
  const objects = [
    ['model_metadata', result.modelMetadata],
    ['resource_usage', result.resourceUsage],
    ['quality_metrics', result.qualityMetrics],
  ] as const;
  const tooLarge = objects
    .filter(([, value]) => JSON.stringify(value).length > LARGEST_OBJECT)
    .map(([field]) => fault([field], `${field} is larger than ${LARGEST_OBJECT} characters of JSON`));
  const log = result.processingLog?.length ?? 0;
  return log > LONGEST_LOG
    ? [...tooLarge, fault(['processing_log'], `processing_log is longer than ${LONGEST_LOG} characters`)]
    : tooLarge;
}
