import { AppError, type Clock } from '#libs/kernel';
import { type Forecast, runForecast, type PluginRegistry } from '#libs/plugin-host';
import type { ForecastInterval, PredictionOutput } from '#libs/plugin-sdk';
import type { PendingOrder } from '../marketplace/order-queue.port.js';
import { BASELINE_MEANINGS, canonicalInterval, parseTimestamp } from '#libs/timeseries';
import type { IssuedCalibration } from '../outcomes/calibration.port.js';
import type { ForecastCalibrations, TrainingDistances } from '../outcomes/outcomes.port.js';
import type { OrderResult } from '../marketplace/marketplace.port.js';

/** An order that can be claimed, with what its computation needs. */
export type OfferedOrder = Pick<
  PendingOrder,
  | 'id'
  | 'modelName'
  | 'symbol'
  | 'predictionType'
  | 'datetimeRequested'
  | 'lookbackTicks'
  | 'predictorPlugin'
  | 'feederPlugin'
  | 'pipelinePlugin'
  | 'interval'
  | 'predictionHorizon'
  | 'customParameters'
>;

export interface ComputeOptions {
  readonly signal: AbortSignal;
  /** Milliseconds until the claim runs out. */
  readonly timeoutMs: number;
  /** @param percentage 0 to 100 */
  readonly progress: (percentage: number, step: string) => void;
}

/** An answer with how it was made, which only the service's own agent can hand in. */
export interface ComputedAnswer {
  readonly result: OrderResult;
  readonly made: Forecast;
  /** Where the order asks for it. */
  readonly calibration?: IssuedCalibration;
}

/** Digits of a distance in a sentence. */
const SAID_DIGITS = 4;

/** What only a service knows, whose own outcomes these are. */
export interface KnownOutcomes {
  readonly calibrations: Pick<ForecastCalibrations, 'calibrate'>;
  readonly distances: Pick<TrainingDistances, 'of'>;
}

/** Computes orders with the plugins of this process. */
export class ComputeAnswer {
  constructor(
    private readonly plugins: PluginRegistry,
    private readonly clock: Clock,
    private readonly known: KnownOutcomes | null = null,
  ) {}

  /**
   * Whether this process can compute the model that the client pays for, with the plugins that the order names. A model
   * that is priced but not here is left to evaluators who have it: another one's answer is not what was bought.
   */
  knows({ modelName, feederPlugin, pipelinePlugin, customParameters }: OfferedOrder): boolean {
    const { calibrate, abstain } = customParameters ?? {};
    return (
      (this.known !== null || (calibrate !== true && abstain !== true)) &&
      this.plugins.serves(modelName) !== null &&
      this.plugins.has('feeder', feederPlugin) &&
      this.plugins.has('pipeline', pipelinePlugin)
    );
  }

  /**
   * The answer to an order: one value a bar of its horizon. A moment that has passed is answered with what was known
   * then; one to come with the newest bars. An order for a past moment says so itself (`custom_parameters.as_of`).
   * @throws AppError what the plugins refuse, `invalid` for a model that is not here, or `unavailable` (`incomplete_forecast`) when a bar has no value
   */
  async compute(order: OfferedOrder, limits: ComputeOptions): Promise<ComputedAnswer> {
    const startedAt = this.clock.monotonic();
    const cpu = process.cpuUsage();
    const server = this.plugins.serves(order.modelName);
    if (server === null) throw this.plugins.unknownPlugin('predictor', order.modelName, ['model_name']);
    const question = {
      symbol: order.symbol,
      interval: canonicalInterval(order.interval) ?? order.interval,
      predictionType: order.predictionType,
      horizon: order.predictionHorizon,
      ...momentOf(order, this.clock.now()),
      feeder: order.feederPlugin,
      pipeline: order.pipelinePlugin,
      predictor: server.predictor,
      modelName: server.model,
      lookback: order.lookbackTicks,
      ...(order.customParameters?.['abstain'] === true && { trainingRange: true }),
    };
    const answer = await runForecast(this.plugins, question, limits);
    const { output, plugins } = answer;
    const numbers = answeredNumbers(answer);
    const modesty = await this.#modestyOf(order, answer);
    const used = process.cpuUsage(cpu);
    const result: OrderResult = {
      ...numbers,
      modelMetadata: {
        mode: output.mode,
        model_name: server.model ?? plugins.predictor.id,
        plugins,
        source: answer.source,
        target_column: output.target_column,
        baseline_datetime: output.baseline_datetime,
        baseline_value: output.baseline_value,
        future_datetimes: output.future_datetimes,
        quantiles: output.quantiles ?? {},
        seed: output.seed ?? null,
        details: output.metadata ?? {},
        ...modesty.shown,
      },
      processingLog: logOf(answer),
      resourceUsage: {
        wall_ms: Math.round(this.clock.monotonic() - startedAt),
        process_cpu_ms: Math.round((used.user + used.system) / 1000),
        ...answer.timing,
      },
      qualityMetrics: null,
    };
    const { calibration } = modesty;
    return { result, made: answer, ...(calibration !== null && { calibration }) };
  }

  /** @throws AppError `invalid` (`abstained`) for a window too far from the training data */
  async #modestyOf({ symbol, interval, customParameters }: OfferedOrder, made: Forecast) {
    const { output } = made;
    const stated = {
      horizons: output.horizons,
      targetTimes: [],
      points: output.predictions,
      deviations: output.uncertainty,
      intervals: output.intervals ?? [],
      quantiles: output.quantiles ?? {},
    };
    const asked = { symbol, interval, stated, made };
    const wishes = customParameters ?? {};
    const distance = wishes['abstain'] === true ? ((await this.known?.distances.of(asked)) ?? null) : null;
    if (distance !== null && distance.distance > distance.limit) {
      const { column, value, lower, upper, limit } = distance;
      const widths = Number(distance.distance.toPrecision(SAID_DIGITS));
      const text = `${column} is ${value}, ${widths} widths beyond the training range from ${lower} to ${upper}; the limit is ${limit}`;
      throw new AppError('invalid', text, { code: 'abstained' });
    }
    const wants = wishes['calibrate'] === true;
    const calibration = wants ? ((await this.known?.calibrations.calibrate(asked)) ?? null) : null;
    const shown = {
      ...(calibration !== null && { calibration: calibration.shown }),
      ...(distance !== null && { training_distance: distance }),
    };
    return { calibration, shown };
  }
}

/**
 * The numbers of a forecast as the answer to an order has them.
 * @throws AppError `unavailable` (`incomplete_forecast`) when a bar has no value
 */
export const answeredNumbers = (answer: PredictionOutput) => ({
  predictions: complete(answer.output.predictions, answer),
  uncertainties: complete(answer.output.uncertainty, answer),
  confidenceIntervals: bandsOf(answer.output.intervals ?? [], answer),
});

/** What the order's answer may know: what was known at `as_of`, or when its time passed, or now. */
function momentOf({ customParameters, datetimeRequested }: OfferedOrder, now: number) {
  const means = BASELINE_MEANINGS.find((one) => one === customParameters?.['baseline_means']) ?? null;
  const asOf = parseTimestamp(String(customParameters?.['as_of'] ?? ''));
  if (asOf !== null) return { baseline: asOf, baselineMeans: means };
  const wanted = datetimeRequested.getTime();
  // The bar that the client wants first may have begun: nothing of it was known when it was wanted.
  return wanted < now
    ? ({ baseline: wanted, baselineMeans: 'moment', freshAt: wanted } as const)
    : { baseline: null, baselineMeans: means };
}

function complete(values: readonly (number | null)[], { output }: PredictionOutput): readonly number[] {
  if (values.every((value) => value !== null)) return values;
  const [first] = output.errors;
  const why = first === undefined ? 'a bar has no value' : `bar ${first.horizon}: ${first.error}`;
  throw new AppError('unavailable', `The forecast is incomplete: ${why}`, { code: 'incomplete_forecast' });
}

/** `lower_95` and `upper_95`, for each level. */
function bandsOf(
  intervals: readonly ForecastInterval[],
  answer: PredictionOutput,
): Readonly<Record<string, readonly number[]>> {
  return Object.fromEntries(
    intervals.flatMap(({ level, lower, upper }) => {
      const percent = String(Number((level * 100).toFixed(6)));
      return [
        [`lower_${percent}`, complete(lower, answer)],
        [`upper_${percent}`, complete(upper, answer)],
      ];
    }),
  );
}

function logOf({ output, source, timing }: PredictionOutput): string {
  return [
    `fetched ${source.bars} bars of ${source.symbol} from ${source.source}, ${source.first_bar} to ${source.last_bar}, in ${timing.fetch_ms} ms`,
    ...(source.notes ?? []),
    `predicted ${output.horizons.length} bars of ${output.target_column} by ${output.mode} in ${timing.predict_ms} ms`,
  ].join('\n');
}
