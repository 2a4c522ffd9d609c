import type { Frame } from '#libs/timeseries';
import { frameFaults } from '../contract-checks.js';
import type { FeederDefinition } from '../definitions.js';
import type { Feeder, FetchRequest } from '../feeder.js';
import {
  type ConformanceCheck,
  definitionConformance,
  freshChecks,
  must,
  mustFailWith,
  mustHaveNone,
  sameAnswer,
  settled,
} from './checks.js';

/** A feeder, and a request for which it returns at least 8 bars. */
export interface FeederSubject {
  readonly definition: FeederDefinition;
  /** Creates a new feeder for each check: `createPlugin(definition, {...})`. */
  readonly create: () => Feeder | Promise<Feeder>;
  readonly request: Pick<FetchRequest, 'symbol' | 'interval' | 'from' | 'to'>;
  /** A symbol that the feeder does not know; omit it if the feeder may know any symbol. */
  readonly unknownSymbol?: string;
}

type Work = (feeder: Feeder, whole: Frame) => Promise<void> | void;

/** The conformance suite of feeders. */
export function feederConformance(subject: FeederSubject): readonly ConformanceCheck[] {
  const { request } = subject;
  const fresh = freshChecks(subject.create);
  const check = (name: string, work: Work): ConformanceCheck =>
    fresh(name, async (feeder) => {
      const whole = await feeder.fetch(request);
      must(whole.length >= 8, `the subject's request must return at least 8 bars, not ${whole.length}`);
      await work(feeder, whole);
    });
  return [
    ...definitionConformance(subject.definition),
    check('returns bars in ascending time, in columns of one length, without infinite values', (_, whole) =>
      mustHaveNone([...frameFaults(whole, request), ...valueFaults(whole)]),
    ),
    check('never returns a bar later than asOf', (feeder, whole) => asOfHolds(feeder, whole, request)),
    check('returns the same bar whether or not later bars exist', (feeder, whole) =>
      barsStay(feeder, whole, request),
    ),
    check('returns the bars from `from` to `to`, both inclusive', (feeder, whole) =>
      rangeHolds(feeder, whole, request),
    ),
    check('returns the requested columns in their order, and refuses an unknown one', (feeder, whole) =>
      columnsHold(feeder, whole, request),
    ),
    check('gives simultaneous requests the same answer', async (feeder, whole) => {
      const [first, second] = await Promise.all([feeder.fetch(request), feeder.fetch(request)]);
      must(sameBars(first, whole) && sameBars(second, whole), 'two answers to the same request differ');
    }),
    check('rejects when its signal is aborted', async (feeder) => {
      const outcome = await settled(() => feeder.fetch({ ...request, signal: AbortSignal.abort() }));
      must('error' in outcome, 'an aborted fetch must reject');
    }),
    check('resolves a symbol to its source', (feeder) => {
      const { source, symbol } = feeder.resolve(request.symbol);
      must(source !== '' && symbol !== '', 'resolve must return the source and the name of the symbol there');
    }),
    ...(subject.unknownSymbol === undefined
      ? []
      : [
          check('fails with a suitable code for an unknown symbol', (feeder) =>
            mustFailWith(
              ['invalid_request', 'no_data'],
              () => feeder.fetch({ ...request, symbol: subject.unknownSymbol ?? '' }),
              'an unknown symbol',
            ),
          ),
        ]),
  ];
}

function valueFaults(frame: Frame): readonly string[] {
  const faults: string[] = [];
  for (let row = 1; row < frame.length; row += 1) {
    if (!((frame.time[row - 1] ?? NaN) <= (frame.time[row] ?? NaN))) {
      faults.push(`the time of row ${row} is earlier than that of the row before`);
      break;
    }
  }
  for (const [name, values] of frame.columns) {
    if (values.some((value) => value === Infinity || value === -Infinity))
      faults.push(`the column ${name} contains an infinite value`);
    if (values.every((value) => Number.isNaN(value))) faults.push(`the column ${name} contains no value`);
  }
  return faults;
}

const at = (frame: Frame, row: number): number => frame.time[row] ?? NaN;

async function asOfHolds(feeder: Feeder, whole: Frame, request: FetchRequest): Promise<void> {
  const middle = whole.length >>> 1;
  for (const asOf of [
    at(whole, whole.length - 1),
    at(whole, middle),
    at(whole, middle) + 1,
    at(whole, middle) - 1,
  ]) {
    const frame = await feeder.fetch({ ...request, asOf });
    mustHaveNone(frameFaults(frame, { ...request, asOf }));
    must(frame.length === whole.upTo(asOf).length, 'bars up to asOf are missing');
  }
  const outcome = await settled(() => feeder.fetch({ ...request, asOf: at(whole, 0) - 1 }));
  must(
    'error' in outcome || outcome.value.length === 0,
    'bars are returned although asOf is before the first one',
  );
}

async function barsStay(feeder: Feeder, whole: Frame, request: FetchRequest): Promise<void> {
  const row = whole.length - 3;
  const early = await feeder.fetch({ ...request, asOf: at(whole, row) });
  const last = early.length - 1;
  for (const [name, values] of early.columns) {
    const later = whole.columns.get(name)?.[row] ?? NaN;
    must(
      sameAnswer(values[last] ?? NaN, later),
      `${name} of a bar is ${values[last]} with asOf at that bar, but ${later} with later bars: the column looks ahead`,
    );
  }
}

async function rangeHolds(feeder: Feeder, whole: Frame, request: FetchRequest): Promise<void> {
  const from = at(whole, 2);
  const to = at(whole, whole.length - 3);
  const frame = await feeder.fetch({ ...request, from, to });
  mustHaveNone(frameFaults(frame, { ...request, from, to }));
  must(
    frame.length === whole.between(from, to).length,
    'bars of the range are missing; both ends belong to the range',
  );
}

async function columnsHold(feeder: Feeder, whole: Frame, request: FetchRequest): Promise<void> {
  const columns = whole.names.slice(-2).toReversed();
  const frame = await feeder.fetch({ ...request, columns });
  must(
    frame.names.join() === columns.join(),
    `requested were ${columns.join()}, returned ${frame.names.join()}`,
  );
  await mustFailWith(
    ['invalid_request'],
    () => feeder.fetch({ ...request, columns: ['no such column'] }),
    'an unknown column',
  );
}

function sameBars(left: Frame, right: Frame): boolean {
  return (
    sameAnswer([...left.time], [...right.time]) &&
    left.names.join() === right.names.join() &&
    left.names.every((name) => sameAnswer([...left.column(name)], [...right.column(name)]))
  );
}
