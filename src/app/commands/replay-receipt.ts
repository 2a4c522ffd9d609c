import type { AppConfig } from '#libs/config';
import { type Database, TransactionRunner } from '#libs/database';
import { AppError, assertPresent } from '#libs/kernel';
import { type Forecast, type ForecastQuestion, type PluginRegistry, runForecast } from '#libs/plugin-host';
import { BASELINE_MEANINGS, parseTimestamp } from '#libs/timeseries';
import { answeredNumbers } from '../../agent/compute-answer.js';
import { statedAnswer } from '../../marketplace/issued-answer.js';
import type { StatedForecast } from '../../outcomes/outcomes.port.js';
import { calibratedIntervals } from '../../outcomes/calibration/calibrated-intervals.js';
import { makingOf } from '../../outcomes/pin-forecast.service.js';
import { jsonDigest } from '../../outcomes/pinned-window.js';
import { bodyOf, outputDigest, type ReceiptBody } from '../../outcomes/receipts/receipt-text.js';
import { ReceiptRepository } from '../../outcomes/receipts/receipt.repository.js';
import { statedOutput } from '../../predictions/issued-forecast.js';
import { loadConfiguredPlugins } from '../load-configured-plugins.js';
import { StoredBarCache } from '../persistence/persistence.module.js';
import { openDatabase } from '../schema.js';
import { type Command, EXIT, nameDatabase, print, printError, stopSignal } from './command.js';

const NUMBER = /^\d+$/;
const warnings = { info: () => undefined, warn: printError, error: printError };

/** `receipts replay ID`: exit code 1 when the forecast that is made again has another bit. */
export const replayReceipt: Command = async (config, { positionals }) => {
  const [id = ''] = positionals;
  const database = await openDatabase(config, { mustExist: true });
  nameDatabase(config);
  const registry = await openRegistry(config, database);
  try {
    const body = await bodyToReplay(database, id);
    const controller = new AbortController();
    void stopSignal().then((name) => controller.abort(new AppError('unavailable', `Stopped by ${name}`)));
    const differences = await replayDifferences(registry, body, controller.signal);
    if (differences.length === 0)
      return print(
        `The forecast of ${body.source} ${id} was made again, equal bit for bit: ${body.output_sha256}.`,
      );
    for (const one of differences) printError(one);
    printError(`The forecast of ${body.source} ${id} was made again, and differs.`);
    return EXIT.failed;
  } finally {
    await registry.close();
    await database.close();
  }
};

const openRegistry = (config: AppConfig, database: Database): Promise<PluginRegistry> =>
  loadConfiguredPlugins(config, new StoredBarCache(database, new TransactionRunner(database)), warnings);

async function bodyToReplay(database: Database, id: string): Promise<ReceiptBody> {
  const source = NUMBER.test(id) ? 'prediction' : 'order';
  const row = await new ReceiptRepository(database).find(source, id);
  if (row === null) throw new AppError('not_found', `There is no receipt of ${source} ${id}`);
  const body = bodyOf(row);
  if (body.question === null)
    throw new AppError(
      'unsupported',
      `${source} ${id} was answered by an evaluator elsewhere: only that one can repeat it`,
    );
  if (body.standing === 'looks_ahead')
    throw new AppError(
      'unsupported',
      `${source} ${id} was made with bars of the future, which no replay is given`,
    );
  return body;
}

/**
 * Makes a forecast again, from bars that are read again, and says what differs from its receipt; nothing when every bit is
 * equal. The bars are the right ones when their digest is: a source that was revised is named as the reason.
 */
export async function replayDifferences(
  registry: PluginRegistry,
  body: ReceiptBody,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const question = assertPresent(body.question, 'a forecast that is made again was made here');
  const answer = await runForecast(registry, asAsked(question, body), { signal });
  const making = makingOf(answer);
  const compared: readonly [name: string, then: unknown, now: unknown][] = [
    ['the bars (window.sha256)', body.window?.sha256 ?? null, making.window?.sha256 ?? null],
    ['the model file (model_sha256)', body.model_sha256, making.modelSha256],
    ['the version of the predictor', body.predictor.version, making.predictorVersion],
    [
      'the parameters (parameters_sha256)',
      body.parameters_sha256,
      making.parameters === null ? null : jsonDigest(making.parameters),
    ],
    ['the numbers (output_sha256)', body.output_sha256, outputDigest(numbersAgain(answer, making, body))],
  ];
  return compared.flatMap(([name, then, now]) =>
    then === now ? [] : [`${name}: ${String(then)} then, ${String(now)} now`],
  );
}

/** The question about the very bars that were seen: it asks no longer for "now", and not for more history. */
function asAsked(
  question: NonNullable<ReceiptBody['question']>,
  { window, seed }: ReceiptBody,
): ForecastQuestion {
  const baseline = window?.last_bar ?? question.baseline;
  return {
    feeder: question.feeder,
    pipeline: question.pipeline,
    predictor: question.predictor,
    modelName: question.model_name,
    symbol: question.symbol,
    interval: question.interval,
    anyInterval: question.any_interval,
    predictionType: question.prediction_type,
    horizons: question.horizons,
    horizon: question.horizon,
    dateColumn: question.date_column,
    targetColumn: question.target_column,
    baseline: baseline === null ? null : parseTimestamp(baseline),
    baselineMeans:
      window === null ? (BASELINE_MEANINGS.find((one) => one === question.baseline_means) ?? null) : 'bar',
    ...(window !== null && { lookback: window.input_bars }),
    ...(seed !== null && { seed }),
  };
}

/** With the intervals that the calibration of then makes of them. */
function numbersAgain(answer: Forecast, { scale }: ReturnType<typeof makingOf>, body: ReceiptBody) {
  const stated = statedAgain(answer, body);
  const { calibration } = body;
  const intervals =
    calibration === undefined ? null : calibratedIntervals(stated, scale?.volatility ?? null, calibration);
  return { ...stated, calibratedIntervals: intervals };
}

/** The numbers as they are pinned: those of a prediction, or of the answer to an order. */
function statedAgain(answer: Forecast, { source, request }: ReceiptBody): StatedForecast {
  if (source === 'prediction') return statedOutput(answer.output);
  const { interval, prediction_horizon: predictionHorizon, datetime_requested: requested } = request;
  const order = {
    interval: String(interval),
    predictionHorizon: Number(predictionHorizon),
    datetimeRequested: new Date(String(requested)),
  };
  const modelMetadata = { future_datetimes: answer.output.future_datetimes };
  return statedAnswer(order, { ...answeredNumbers(answer), modelMetadata }, answer);
}
