import type { OriginalRow, Transaction } from '#libs/database';
import type { FinishedRow, PredictionRepository } from '../../predictions/prediction.repository.js';
import type { PredictionResult, StoredRequest } from '../../predictions/prediction.types.js';
import type { UserIds } from './import-accounts.js';
import type { ImportReport } from './import-report.js';
import {
  holdsZero,
  jsonIn,
  momentIn,
  numberIn,
  objectIn,
  rowFingerprint,
  textIn,
  UnreadableJson,
} from './original-values.js';

const LIMITS = { symbol: 32, ticker: 32, interval: 8, prediction_type: 32, task_id: 64 } as const;
const PLUGIN_MAX_LENGTH = 100;
const CHUNK = 200;
const NOT_FINISHED = 'it was not finished; ask again';

type Numbers = readonly (number | null)[];
const numbersIn = (value: unknown): Numbers | null =>
  Array.isArray(value) && value.every((one) => one === null || typeof one === 'number')
    ? (value as Numbers)
    : null;

/** A row of either table in one form. */
interface Source {
  readonly taskId: string;
  readonly owner: OriginalRow[string] | undefined;
  readonly status: string;
  readonly words: Readonly<Record<string, string>>;
  readonly createdAt: Date | null;
  readonly endedAt: Date | null;
  readonly result: Readonly<Record<string, unknown>>;
  readonly prediction: Numbers | null;
  readonly uncertainty: Numbers | null;
  readonly error: string | null;
  /** Why it can't be read. */
  readonly fault?: string;
}

/** Brings finished predictions with their results. A task id that is here already was brought before. */
export class ImportPredictions {
  /** The oldest end of what was taken. */
  oldest: Date | null = null;

  constructor(
    private readonly predictions: PredictionRepository,
    private readonly report: ImportReport,
  ) {}

  takePredictions(tx: Transaction, rows: Iterable<OriginalRow>, ids: UserIds, now: Date): Promise<void> {
    return this.#take(tx, 'predictions', readable(rows, predictionIn), ids, now);
  }

  /** Orders of the original's marketplace become predictions of their owners: their money is not that of orders here. */
  takeOrders(tx: Transaction, rows: Iterable<OriginalRow>, ids: UserIds, now: Date): Promise<void> {
    return this.#take(tx, 'marketplace orders (as predictions)', readable(rows, orderIn), ids, now);
  }

  async #take(
    tx: Transaction,
    kind: string,
    sources: Iterable<Source>,
    ids: UserIds,
    now: Date,
  ): Promise<void> {
    this.report.taken(kind, 0);
    for (const some of chunked(sources)) {
      const known = await this.predictions.knownTaskIds(some.map(({ taskId }) => taskId));
      const rows: FinishedRow[] = [];
      const here = new Set<string>();
      for (const source of some) {
        const made = known.has(source.taskId) ? null : rowOf(source, ids, now);
        if (made === null) this.report.already(kind);
        else if ('reason' in made) this.report.skipped(kind, made.reason);
        else if (here.has(made.taskId)) this.report.skipped(kind, 'its task_id is that of another one');
        else rows.push(made);
        here.add(source.taskId);
      }
      await this.predictions.addFinished(tx, rows);
      this.report.taken(kind, rows.length);
      for (const { timestamp } of rows)
        if (this.oldest === null || timestamp < this.oldest) this.oldest = timestamp;
    }
  }
}

/** So many at a time, so that a large table is never in memory as a whole. */
function* chunked(sources: Iterable<Source>): Generator<Source[]> {
  let some: Source[] = [];
  for (const source of sources) {
    some.push(source);
    if (some.length < CHUNK) continue;
    yield some;
    some = [];
  }
  if (some.length > 0) yield some;
}

function rowOf(source: Source, ids: UserIds, now: Date): FinishedRow | { readonly reason: string } {
  const { taskId, owner, status, words, result } = source;
  if (source.fault !== undefined) return { reason: source.fault };
  if (status !== 'completed' && status !== 'failed') return { reason: NOT_FINISHED };
  const userId = owner === null || owner === undefined ? null : ids.get(numberIn(owner) ?? -1);
  if (userId === undefined) return { reason: 'its owner was not taken' };
  if (holdsZero([taskId, ...Object.values(words)])) return { reason: 'a text of it holds a zero character' };
  const symbol = words['symbol'] ?? words['ticker'] ?? '';
  if (symbol === '') return { reason: 'it has neither symbol nor ticker' };
  const fields = {
    symbol,
    ticker: words['ticker'] ?? symbol,
    interval: words['interval'] ?? '1d',
    prediction_type: words['prediction_type'] ?? 'short_term',
    task_id: taskId,
  };
  const long = (Object.keys(LIMITS) as (keyof typeof LIMITS)[]).find(
    (name) => fields[name].length > LIMITS[name],
  );
  if (long !== undefined) return { reason: `${long} is longer than ${LIMITS[long]} characters` };
  const plugin = (name: string): string =>
    (words[name] ?? `default_${name.split('_')[0]}`).slice(0, PLUGIN_MAX_LENGTH);
  const timestamp = source.endedAt ?? source.createdAt ?? now;
  const request: StoredRequest = {
    symbol,
    ticker: fields.ticker,
    interval: fields.interval,
    predictor_plugin: plugin('predictor_plugin'),
    feeder_plugin: plugin('feeder_plugin'),
    pipeline_plugin: plugin('pipeline_plugin'),
    prediction_type: fields.prediction_type,
    model_name: words['model_name'] ?? null,
    prediction_horizon: null,
    baseline_datetime: null,
    horizons: null,
    date_column: null,
    target_column: null,
  };
  const { prediction, uncertainty, ...rest } = result;
  const output = objectIn(result['output']);
  const stored = {
    ...rest,
    request: { ...request, ...objectIn(result['request']) },
    ...(source.error !== null && { error: source.error }),
  } as PredictionResult;
  return {
    taskId,
    userId,
    clientAddress: null,
    timestamp,
    createdAt: source.createdAt ?? timestamp,
    startedAt: null,
    completedAt: timestamp,
    status,
    symbol,
    ticker: fields.ticker,
    interval: fields.interval,
    predictorPlugin: request.predictor_plugin,
    feederPlugin: request.feeder_plugin,
    pipelinePlugin: request.pipeline_plugin,
    predictionType: fields.prediction_type,
    result: stored,
    prediction: source.prediction ?? numbersIn(prediction) ?? numbersIn(output['predictions']),
    uncertainty: source.uncertainty ?? numbersIn(uncertainty) ?? numbersIn(output['uncertainty']),
  };
}

/** Each row read; one with a broken text keeps no more than its id and why. */
function* readable(rows: Iterable<OriginalRow>, read: (row: OriginalRow) => Source): Generator<Source> {
  for (const row of rows) {
    try {
      yield read(row);
    } catch (error) {
      if (!(error instanceof UnreadableJson)) throw error;
      const withoutJson = {
        ...row,
        result: null,
        prediction: null,
        uncertainty: null,
        request_payload: null,
      };
      yield { ...read(withoutJson), fault: `a part of it ${error.message}` };
    }
  }
}

const WORDS = [
  'symbol',
  'ticker',
  'interval',
  'predictor_plugin',
  'feeder_plugin',
  'pipeline_plugin',
  'prediction_type',
  'model_name',
];

/** Those of the fields that hold text. */
function wordsIn(values: Readonly<Record<string, unknown>>): Record<string, string> {
  const given = WORDS.map((name): [string, unknown] => [name, values[name]]);
  return Object.fromEntries(
    given.filter((pair): pair is [string, string] => typeof pair[1] === 'string' && pair[1] !== ''),
  );
}

const predictionIn = (row: OriginalRow): Source => ({
  taskId: textIn(row['task_id']) ?? `original-${rowFingerprint(row)}`,
  owner: row['user_id'],
  status: textIn(row['status']) ?? 'pending',
  words: wordsIn(row),
  createdAt: momentIn(row['timestamp']),
  endedAt: momentIn(row['timestamp']),
  result: objectIn(jsonIn(row['result'])),
  prediction: numbersIn(jsonIn(row['prediction'])),
  uncertainty: numbersIn(jsonIn(row['uncertainty'])),
  error: null,
});

function orderIn(row: OriginalRow): Source {
  const result = objectIn(jsonIn(row['result']));
  return {
    taskId: textIn(row['id']) ?? `original-${rowFingerprint(row)}`,
    owner: row['user_id'],
    status: textIn(row['status']) ?? 'pending',
    words: { ...wordsIn(objectIn(jsonIn(row['request_payload']))), ...wordsIn(row) },
    createdAt: momentIn(row['created_at']),
    endedAt: momentIn(row['completed_at']) ?? momentIn(row['updated_at']),
    result,
    prediction: numbersIn(result['predictions']),
    uncertainty: numbersIn(result['uncertainties']),
    error: textIn(row['error_message']),
  };
}
