import type { Frame } from '#libs/timeseries';
import { entryFaults, exitFaults, forecastFaults } from '../contract-checks.js';
import type { PredictorDefinition } from '../definitions.js';
import type {
  EntryQuestion,
  ExitQuestion,
  ForecastOutput,
  ForecastRequest,
  Predictor,
  PredictorCapability,
} from '../predictor.js';
import {
  type ConformanceCheck,
  definitionConformance,
  freshChecks,
  must,
  mustFailWith,
  mustHaveNone,
  sameAnswer,
} from './checks.js';

/** A predictor, and questions that it can answer. */
export interface PredictorSubject {
  readonly definition: PredictorDefinition;
  /** Creates a new predictor for each check: `createPlugin(definition, {...})`. */
  readonly create: () => Predictor | Promise<Predictor>;
  /** At least 40 bars to forecast from; required for the capability `forecast`. */
  readonly frame?: Frame;
  /** Replaces parts of the forecast request, for example the target column. */
  readonly request?: Partial<ForecastRequest>;
  /** Required for the capability `entry`. */
  readonly entries?: readonly EntryQuestion[];
  /** Required for the capability `exit`. */
  readonly exits?: readonly ExitQuestion[];
}

const OPERATIONS: Readonly<Record<PredictorCapability, readonly (keyof Predictor)[]>> = {
  forecast: ['forecast'],
  entry: ['entry'],
  exit: ['exit'],
  describe: ['describe'],
  metrics: ['metrics', 'resetMetrics'],
  noise: ['setNoise'],
  tensors: ['tensorModels', 'tensorModel', 'infer'],
};

type Work = (predictor: Predictor) => Promise<void> | void;
type Check = (name: string, work: Work) => ConformanceCheck;

/** The conformance suite of predictors, for the capabilities that the definition declares. */
export function predictorConformance(subject: PredictorSubject): readonly ConformanceCheck[] {
  const { definition } = subject;
  const has = (capability: PredictorCapability) => definition.capabilities.includes(capability);
  const check: Check = freshChecks(subject.create);
  return [
    ...definitionConformance(definition),
    check('has exactly the operations that it declares', (predictor) =>
      mustHaveNone(capabilityFaults(definition, predictor)),
    ),
    ...(has('forecast') ? forecastChecks(subject, check) : []),
    ...(has('entry') ? questionChecks('entry', subject.entries, subject, check) : []),
    ...(has('exit') ? questionChecks('exit', subject.exits, subject, check) : []),
    ...(has('describe') ? [check('gives a complete description of itself', describesItself)] : []),
    ...(has('metrics') ? [check('counts from zero after a reset', countsFromZero)] : []),
  ];
}

function capabilityFaults(definition: PredictorDefinition, predictor: Predictor): readonly string[] {
  const mayLookAhead = definition.looksAhead === true || predictor.looksAheadWith === undefined;
  const faults = mayLookAhead
    ? []
    : ['looksAheadWith exists, but the definition does not declare looksAhead'];
  const missing = Object.entries(OPERATIONS).flatMap(([capability, operations]) => {
    const declared = definition.capabilities.includes(capability as PredictorCapability);
    return operations
      .filter((operation) => (typeof predictor[operation] === 'function') !== declared)
      .map(
        (operation) =>
          `${capability} is ${declared ? '' : 'not '}declared, but ${operation} is ${declared ? 'missing' : 'present'}`,
      );
  });
  return [...faults, ...missing];
}

/** Sends the subject's request to new and used predictors. */
class Forecasts {
  constructor(private readonly subject: PredictorSubject) {}

  get frame(): Frame {
    const { frame } = this.subject;
    must(frame !== undefined && frame.length >= 40, 'the subject needs a frame of at least 40 bars');
    return frame;
  }

  async ask(
    predictor: Predictor,
    request: Partial<ForecastRequest> = {},
    frame: Frame = this.frame,
  ): Promise<ForecastOutput> {
    must(predictor.forecast !== undefined, 'forecast is missing');
    const { signal } = new AbortController();
    return predictor.forecast(frame, { ...QUESTION, signal, ...this.subject.request, ...request });
  }

  async askFresh(request: Partial<ForecastRequest> = {}): Promise<ForecastOutput> {
    return this.ask(await this.subject.create(), request);
  }
}

function forecastChecks(subject: PredictorSubject, check: Check): readonly ConformanceCheck[] {
  const forecasts = new Forecasts(subject);
  const checks = [
    check('returns the requested horizons in their order, in lists of one length', async (predictor) => {
      for (const request of [
        { horizons: [3, 1, 2], horizon: null },
        { horizons: null, horizon: 4 },
        { horizons: null, horizon: null },
      ]) {
        mustHaveNone(forecastFaults(await forecasts.ask(predictor, request), request));
      }
    }),
    check('gives a horizon the same value whichever others are requested', async (predictor) => {
      const inOrder = valueAt(await forecasts.ask(predictor, { horizons: [1, 2, 3] }), 0);
      const mixed = valueAt(await forecasts.askFresh({ horizons: [3, 1, 2] }), 1);
      must(inOrder === mixed, `horizon 1 is ${inOrder} or ${mixed}, depending on the order`);
    }),
    check('gives the same answer to the same request after a new start', async (predictor) => {
      const first = await forecasts.ask(predictor);
      must(sameAnswer(first, await forecasts.askFresh()), 'the answers of two new predictors differ');
    }),
    check('does not change the frame', async (predictor) => {
      const columns = () =>
        [forecasts.frame.time, ...forecasts.frame.columns.values()].map((one) => [...one]);
      const before = columns();
      await forecasts.ask(predictor);
      must(sameAnswer(before, columns()), 'the frame was changed');
    }),
    check('refuses a column that does not exist', (predictor) =>
      mustFailWith(
        ['invalid_request'],
        () => forecasts.ask(predictor, { targetColumn: 'no such column' }),
        'an unknown target',
      ),
    ),
    check('fails with a suitable code if there are no bars', (predictor) =>
      mustFailWith(
        ['no_data', 'invalid_request'],
        () => forecasts.ask(predictor, {}, forecasts.frame.slice(0, 0)),
        'an empty frame',
      ),
    ),
  ];
  const backwards = looksBack(forecasts);
  if (subject.definition.looksAhead !== true) {
    checks.push(check('does not look ahead: bars after the baseline do not change the answer', backwards));
  } else {
    checks.push(
      check('does not look ahead with models for which looksAheadWith is false', async (predictor) => {
        const modelName = subject.request?.modelName ?? null;
        if (predictor.looksAheadWith?.(modelName) === false) await backwards(predictor);
      }),
    );
  }
  return checks;
}

const QUESTION = {
  symbol: 'EURUSD',
  interval: '1h',
  horizons: [1, 2, 3],
  horizon: null,
  baseline: null,
  dateColumn: null,
  targetColumn: null,
} as const;

const valueAt = (output: ForecastOutput, index: number): number | null | undefined =>
  output.predictions[index];

const looksBack =
  (forecasts: Forecasts): Work =>
  async (predictor) => {
    const row = forecasts.frame.length - 6;
    const baseline = forecasts.frame.time[row] ?? NaN;
    const past = await forecasts.ask(predictor, { baseline }, forecasts.frame.slice(0, row + 1));
    const everything = await forecasts.ask(predictor, { baseline });
    must(
      sameAnswer([past.predictions, past.uncertainty], [everything.predictions, everything.uncertainty]),
      `predictions are ${past.predictions.join()} without later bars, but ${everything.predictions.join()} with them`,
    );
  };

function questionChecks(
  operation: 'entry' | 'exit',
  questions: readonly (EntryQuestion | ExitQuestion)[] | undefined,
  subject: PredictorSubject,
  check: Check,
): readonly ConformanceCheck[] {
  const answers = async (predictor: Predictor): Promise<readonly unknown[]> => {
    must(questions !== undefined && questions.length > 0, `the subject needs questions for ${operation}`);
    const found: unknown[] = [];
    for (const question of questions) {
      const answer =
        operation === 'entry'
          ? await predictor.entry?.(question as EntryQuestion)
          : await predictor.exit?.(question as ExitQuestion);
      const fault = operation === 'entry' ? entryFaults(answer as never) : exitFaults(answer as never);
      mustHaveNone(fault === null ? [] : [fault]);
      found.push(answer);
    }
    return found;
  };
  return [
    check(`gives valid answers to ${operation} questions`, async (predictor) => {
      await answers(predictor);
    }),
    check(
      `gives the same answers to the same ${operation} questions after a new start`,
      async (predictor) => {
        const first = await answers(predictor);
        must(
          sameAnswer(first, await answers(await subject.create())),
          'the answers of two new predictors differ',
        );
      },
    ),
  ];
}

async function describesItself(predictor: Predictor): Promise<void> {
  const info = await predictor.describe?.();
  must(info !== undefined, 'describe is missing');
  const lists = ['supported_types', 'entry_directions', 'exit_directions', 'required_columns'];
  mustHaveNone([
    ...['model_name', 'prediction_scope']
      .filter((name) => typeof info[name] !== 'string')
      .map((name) => `${name} must be text`),
    ...lists.filter((name) => !Array.isArray(info[name])).map((name) => `${name} must be a list`),
    ...(Number.isSafeInteger(info.window_size) ? [] : ['window_size must be an integer']),
    ...(typeof info.accepts_ohlc_window === 'boolean' ? [] : ['accepts_ohlc_window must be true or false']),
  ]);
}

function countsFromZero(predictor: Predictor): void {
  predictor.resetMetrics?.();
  const metrics = predictor.metrics?.();
  must(metrics !== undefined, 'metrics is missing');
  const { tp, fp, tn, fn, total_predictions: total } = metrics;
  must(tp + fp + tn + fn + total === 0, 'the counts must be 0 after a reset');
  const ratios = [metrics.precision, metrics.recall, metrics.f1, metrics.accuracy];
  must(
    ratios.every((ratio) => ratio === 0),
    'the ratios must be 0 while nothing is counted',
  );
}
