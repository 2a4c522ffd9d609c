import type { Clock } from '#libs/kernel';
import {
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
import type { ServedModel } from '../model/served-model.js';
import type { ModelFiles, ServedModels } from '../model/served-models.js';
import { statisticsFor, windowAt, windowColumns, withFeatures } from '../model/window.js';
import { valueAt } from '../oracle/ideal-forecast.js';
import { forecastOutput, type ModelAnswer, modelHorizons, outlookOf } from './model-answer.js';
import type { DefaultPredictorSettings } from './parameters.js';

/** Forecasts of one trained model. Nothing after the baseline is read. */
export class ModelForecaster {
  readonly #levels: readonly number[];
  /** Most steps ahead that the model answers, as of its last use; null while its shape does not tell. */
  #reach: number | null = null;

  /** @throws PluginError `not_configured` for a quantile that is not between 0 and 1 */
  constructor(
    private readonly name: string,
    private readonly models: ServedModels,
    private readonly files: ModelFiles,
    private readonly settings: DefaultPredictorSettings,
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

  /** @throws PluginError `not_configured` for files that cannot be served */
  async check(): Promise<void> {
    this.#checked(await this.models.open(this.files));
  }

  async forecast(frame: Frame, request: ForecastRequest): Promise<ForecastOutput> {
    const past = request.baseline === null ? frame : frame.upTo(request.baseline);
    return this.models.use(
      this.files,
      async (model) => forecastOutput(await this.#answer(this.#checked(model), past, request), this.settings),
      request.signal,
    );
  }

  async describe(): Promise<ModelInfo> {
    const model = this.#checked(await this.models.open(this.files));
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
      },
      normalized_columns: features.filter((column) => model.normalisation?.has(column) === true),
    };
  }

  async #answer(model: ServedModel, past: Frame, request: ForecastRequest): Promise<ModelAnswer> {
    const target = this.#target(model, past, request);
    const row = past.length - 1;
    const baseline = valueAt(past.time, target.values, row);
    const { metadata, normalisation, layout } = model;
    const entry = scaleEntry(model, target.name);
    const source = {
      named: metadata.featureColumns,
      width: layout.width - 3 * metadata.statisticsPeriods.length,
      target: target.name,
      normalisation,
    };
    const bars = withFeatures(past, metadata, layout.size);
    const columns = windowColumns(bars, source);
    const statistics = statisticsFor(model, columns);
    const spec = { columns, size: layout.size, normalisation, padding: 'refuse', statistics } as const;
    const window = windowAt(bars, bars.length - 1, spec);
    const startedAt = this.clock.monotonic();
    const passes = await model.passes(window, {
      samples: this.settings.mc_samples,
      seed: this.settings.mc_seed,
      batch: this.settings.batch_size,
      quantiles: this.#levels,
      keepValues: metadata.target === 'log_return',
    });
    const inferenceMs = this.clock.monotonic() - startedAt;
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
      timeAfter: timesAfter(past, request.interval),
      predictedAt: formatIso(this.clock.now()),
      inferenceMs,
      isDenormalised: entry !== null,
    };
  }

  #target(model: ServedModel, past: Frame, request: ForecastRequest): ReturnType<typeof targetColumn> {
    const trained =
      model.metadata.targetColumn ?? configuredColumn(past, this.settings.prediction_target_column);
    const asked = targetColumn(past, request.targetColumn ?? trained);
    if (asked.name.toLowerCase() === trained.toLowerCase()) return asked;
    throw new PluginError('invalid_request', `the model forecasts ${trained}, not ${asked.name}`);
  }

  /** The asked ones; where nothing is asked those of the model, up to the configured horizon when some are. */
  #horizons(request: ForecastRequest, own: readonly number[]): readonly number[] {
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

function timesAfter({ time, calendar }: Frame, interval: string): (step: number) => string {
  const last = time.at(-1) ?? NaN;
  const next =
    time.length > 1 ? futureTimes(time, calendar.zone) : (step: number) => last + step * intervalMs(interval);
  return (step) => formatNaiveIso(next(step));
}
