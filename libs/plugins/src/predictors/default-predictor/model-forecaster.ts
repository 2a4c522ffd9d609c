import type { Clock } from '#libs/kernel';
import {
  type BatchedForecast,
  type ForecastBatchRequest,
  PluginError,
  type ForecastOutput,
  type ForecastRequest,
  type Frame,
  type ModelInfo,
} from '#libs/plugin-sdk';
import { formatIso, formatNaiveIso, futureTimes, intervalMs } from '#libs/timeseries';
import { basicInfo } from '../model-info.js';
import { checkQuantileLevels, configuredColumn, horizonsOf, targetColumn } from '../forecast-question.js';
import { fileFault, refuseOtherFormat } from '../model/model-file.js';
import type { Passes, ServedModel } from '../model/served-model.js';
import type { ModelSource } from '../model/served-models.js';
import { trainingRangeOf } from '../model/training-range.js';
import { statisticsFor, windowAt, windowColumns, type WindowSpec, withFeatures } from '../model/window.js';
import { valueAt } from '../oracle/ideal-forecast.js';
import {
  forecastOutput,
  futureDatetimes,
  type ModelAnswer,
  modelHorizons,
  outlookOf,
} from './model-answer.js';
import type { ForecasterSettings } from './parameters.js';

/** What forecasts of one bar and of many ask alike. */
type Question = Omit<ForecastRequest, 'baseline' | 'seed'>;

/** A question put to a model, before any window of it is cut. */
interface Asked {
  readonly model: ServedModel;
  readonly past: Frame;
  readonly target: ReturnType<typeof targetColumn>;
  readonly entry: string | null;
  /** The last bars of `past` with the model's features. */
  readonly bars: Frame;
  readonly spec: WindowSpec;
}

/** Forecasts of one trained model. Nothing after the baseline is read. */
export class ModelForecaster {
  readonly #levels: readonly number[];
  /** Most steps ahead that the model answers, as of its last use; null while its shape does not tell. */
  #reach: number | null = null;

  /** @throws PluginError `not_configured` for a quantile that is not between 0 and 1 */
  constructor(
    private readonly name: string,
    readonly source: ModelSource,
    private readonly settings: ForecasterSettings,
    private readonly clock: Clock,
  ) {
    const { quantile_levels, prediction_confidence_level } = settings;
    checkQuantileLevels(quantile_levels);
    const tail = (1 - prediction_confidence_level) / 2;
    this.#levels = [tail, 1 - tail, ...quantile_levels];
  }

  get reach(): number | null {
    return this.#reach;
  }

  /** What to know of the model. @throws PluginError `not_configured` for files that cannot be served */
  async check(): Promise<string | null> {
    return this.#checked(await this.source.open()).note;
  }

  async forecast(frame: Frame, request: ForecastRequest): Promise<ForecastOutput> {
    const past = request.baseline === null ? frame : frame.upTo(request.baseline);
    const work = async (model: ServedModel): Promise<ForecastOutput> => {
      const asked = this.#asked(this.#checked(model), past, request, 1);
      const row = past.length - 1;
      const window = windowAt(asked.bars, asked.bars.length - 1, asked.spec);
      const startedAt = this.clock.monotonic();
      const passes = await model.passes(window, {
        ...this.#passOptions(model, request),
        seed: request.seed ?? this.settings.mc_seed,
      });
      const inferenceMs = this.clock.monotonic() - startedAt;
      const answer = this.#answer(asked, row, passes, { ...request, inferenceMs });
      const timeAfter = timesAfter(past, request.interval);
      const output = forecastOutput(answer, this.settings);
      const trained = request.trainingRange === true ? trainingRangeOf(asked) : {};
      return {
        ...output,
        metadata: { ...output.metadata, ...trained },
        future_datetimes: futureDatetimes(answer, timeAfter),
      };
    };
    return this.source.use(work, request.signal);
  }

  /** The windows of all baselines in one call of the model. */
  async forecastBatch(
    frame: Frame,
    request: ForecastBatchRequest,
  ): Promise<readonly (BatchedForecast | PluginError)[]> {
    const rows = request.baselines.map((baseline) => frame.rowAtOrBefore(baseline));
    const work = async (model: ServedModel): Promise<readonly (BatchedForecast | PluginError)[]> => {
      const [first = 0, last = -1] = [rows[0], rows.at(-1)];
      const asked = this.#asked(this.#checked(model), frame.slice(0, last + 1), request, last - first + 1);
      const windows = rows.map((row) =>
        orFault(() => windowAt(asked.bars, asked.bars.length - 1 - (last - row), asked.spec)),
      );
      const kept = [...windows.keys()].filter((at) => !(windows[at] instanceof PluginError));
      const together = joined(windows.filter((one) => one instanceof Float32Array));
      const startedAt = this.clock.monotonic();
      const seeds = kept.map((at) => request.seeds[at] ?? 0);
      const passes =
        kept.length === 0 ? [] : await model.passesOfRows(together, seeds, this.#passOptions(model, request));
      const inferenceMs = (this.clock.monotonic() - startedAt) / Math.max(1, kept.length);
      return windows.map((window, at) => {
        const own = passes[kept.indexOf(at)];
        if (window instanceof PluginError || own === undefined) return window as PluginError;
        return orFault(() =>
          forecastOutput(
            this.#answer(asked, rows[at] ?? -1, own, { ...request, inferenceMs }),
            this.settings,
          ),
        );
      });
    };
    return this.source.use(work, request.signal);
  }

  async describe(): Promise<ModelInfo> {
    const model = this.#checked(await this.source.open());
    const { description, metadata, layout, output } = model;
    const target = metadata.targetColumn ?? this.settings.prediction_target_column;
    const horizons = knownHorizons(model);
    const features = metadata.featureColumns ?? (layout.width === 1 ? [target] : []);
    return {
      ...basicInfo({
        name: this.name,
        scope: this.settings.mc_samples > 0 && description.stochastic ? 'mc_dropout' : 'model',
        answers: ['forecast'],
        windowSize: layout.size,
        columns: [...new Set([...features, target])],
        looksAhead: false,
      }),
      ...model.facts,
      output_shape: output.shape,
      total_params: description.parameters?.total ?? null,
      trainable_params: description.parameters?.trainable ?? null,
      stochastic: description.stochastic,
      mc_samples: description.stochastic ? this.settings.mc_samples : 0,
      prediction_horizon: horizons === null ? this.settings.prediction_horizon : Math.max(...horizons),
      prediction_confidence_level: this.settings.prediction_confidence_level,
      horizons,
      metadata: {
        feature_columns: metadata.featureColumns,
        window_size: metadata.windowSize,
        target_column: metadata.targetColumn,
        target: metadata.target,
        horizons: metadata.horizons,
        ignored_keys: metadata.otherKeys,
      },
      normalized_columns: features.filter((column) => model.normalisation?.has(column) === true),
    };
  }

  #passOptions({ metadata }: ServedModel, { samples }: Pick<ForecastRequest, 'samples'>) {
    return {
      samples: samples ?? this.settings.mc_samples,
      batch: this.settings.batch_size,
      nested: this.settings.mc_sampling !== 'independent',
      quantiles: this.#levels,
      keepValues: metadata.target === 'log_return',
    };
  }

  /** @param windows so many windows end with the last bars of `past` */
  #asked(model: ServedModel, past: Frame, request: Question, windows: number): Asked {
    const target = this.#target(model, past, request);
    const { metadata, normalisation, layout } = model;
    const entry = scaleEntry(model, target.name);
    const source = {
      named: metadata.featureColumns,
      width: layout.width - 3 * metadata.statisticsPeriods.length,
      target: target.name,
      normalisation,
    };
    const bars = withFeatures(past, metadata, layout.size + windows - 1);
    const columns = windowColumns(bars, source);
    const statistics = statisticsFor(model, columns);
    const spec = { columns, size: layout.size, normalisation, padding: 'refuse', statistics } as const;
    return { model, past, target, entry, bars, spec };
  }

  #answer(
    { model, past, target, entry }: Asked,
    row: number,
    passes: Passes,
    request: Question & { readonly inferenceMs: number },
  ): ModelAnswer {
    const { metadata, normalisation } = model;
    const baseline = valueAt(past.time, target.values, row);
    const own = modelHorizons(passes.shape, metadata.horizons);
    return {
      name: this.name,
      model,
      passes,
      outlook: outlookOf(passes, { target: metadata.target, baseline, normalisation, entry }),
      own,
      horizons: this.#horizons(request, own),
      dateColumn: request.dateColumn ?? 'DATE_TIME',
      target: target.name,
      baseline,
      baselineTime: formatNaiveIso(past.time[row] ?? NaN),
      predictedAt: formatIso(this.clock.now()),
      inferenceMs: request.inferenceMs,
      isDenormalised: entry !== null,
    };
  }

  #target(model: ServedModel, past: Frame, request: Question): ReturnType<typeof targetColumn> {
    const trained =
      model.metadata.targetColumn ?? configuredColumn(past, this.settings.prediction_target_column);
    const asked = targetColumn(past, request.targetColumn ?? trained);
    if (asked.name.toLowerCase() === trained.toLowerCase()) return asked;
    throw new PluginError('invalid_request', `the model forecasts ${trained}, not ${asked.name}`);
  }

  /** The asked ones; where nothing is asked those of the model, up to the configured horizon when some are. */
  #horizons(request: Question, own: readonly number[]): readonly number[] {
    const { prediction_horizon } = this.settings;
    if (request.horizons !== null || request.horizon !== null) return horizonsOf(request, prediction_horizon);
    const near = own.filter((horizon) => horizon <= prediction_horizon);
    return near.length > 0 ? near : own;
  }

  /** What can be told from the model alone, so that it is found at start. */
  #checked(model: ServedModel): ServedModel {
    refuseOtherFormat(model.file, this.settings.model_type, model.description.format);
    try {
      const horizons = knownHorizons(model);
      this.#reach = horizons === null ? null : Math.max(...horizons);
      scaleEntry(model, model.metadata.targetColumn);
    } catch (error) {
      throw error instanceof PluginError ? fileFault(model.file, error.message, error) : error;
    }
    return model;
  }
}

/** The steps of a model whose output has a fixed shape. */
function knownHorizons({ output, metadata }: ServedModel): readonly number[] | null {
  const shape = output.shape.slice(1);
  const lengths = shape.filter((length) => length !== null);
  return lengths.length === shape.length ? modelHorizons(lengths, metadata.horizons) : metadata.horizons;
}

/**
 * The entry of the normalisation that undoes the scaling of the outputs: `output_scale` of the metadata, else, for prices,
 * the target's. Null where nothing is to be undone.
 * @throws PluginError `not_configured` when the entry is missing: numbers in unknown units would be answered
 */
function scaleEntry({ normalisation, metadata }: ServedModel, target: string | null): string | null {
  const { outputScale, target: kind } = metadata;
  if (outputScale === 'none' || (normalisation === null && outputScale === null)) return null;
  if (outputScale === null && (kind !== 'price' || target === null)) return null;
  const wanted = outputScale ?? target ?? '';
  const entry = normalisation?.names.find((name) => name.toLowerCase() === wanted.toLowerCase());
  if (entry !== undefined) return entry;
  throw new PluginError(
    'not_configured',
    `the normalisation has no entry "${wanted}" for the outputs; name one as output_scale in the metadata ("none" when they are not scaled)`,
  );
}

/** An answer, or the plugin's own refusal of one. */
function orFault<T>(work: () => T): T | PluginError {
  try {
    return work();
  } catch (error) {
    if (error instanceof PluginError) return error;
    throw error;
  }
}

/** One window after the other. */
function joined(windows: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(windows.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const window of windows) {
    all.set(window, at);
    at += window.length;
  }
  return all;
}

function timesAfter({ time, calendar }: Frame, interval: string): (step: number) => string {
  const last = time.at(-1) ?? NaN;
  const next =
    time.length > 1 ? futureTimes(time, calendar.zone) : (step: number) => last + step * intervalMs(interval);
  return (step) => formatNaiveIso(next(step));
}
