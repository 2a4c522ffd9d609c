import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CompiledModels } from '#libs/keras-onnx';
import type { AnswerWarning, PluginLogger } from '#libs/plugin-sdk';
import { keyedUniform } from '#libs/numpy-random';
import type { Normalisation } from '#libs/timeseries';
import { statisticsOf } from '../model/model-metadata.js';
import { type ExtraInput, SEEDS, type ServedModel } from '../model/served-model.js';
import { ServedModels, type ModelFiles } from '../model/served-models.js';
import { statisticsFor, windowAt, type WindowStatistics } from '../model/window.js';
import { classPlaces, passesOfClasses, type ClassMeaning, type ClassPlaces } from './class-probabilities.js';
import { probabilitiesOf, refuseOtherOutputs, type Probabilities } from './probabilities.js';
import type { SignalBars } from './signal-bars.js';
import { signalColumns, type SignalColumns } from './signal-columns.js';

/** How a model of signals is asked. */
export interface SignalModelRules {
  /** Bars of a window where neither metadata nor model say. */
  readonly windowSize: number;
  /** Monte-Carlo passes; 0 for one pass without dropout. */
  readonly samples: number;
  /** Whole number from 0 to 2^32 - 1 that the passes of every question are derived from. */
  readonly seed: number;
  /** Columns that are features only where the metadata name them. */
  readonly notFeatures: readonly string[];
  /** The numbers that every question adds behind the features of each bar. */
  readonly extras?: readonly ExtraInput[];
  /** Probabilities that the model may answer, at most; default 1. */
  readonly probabilities?: 1 | 2;
  /** What they are the probabilities of, for a classifier that names its classes. */
  readonly classes: readonly [ClassMeaning, ...ClassMeaning[]];
  /** Where the model is kept compiled. */
  readonly compiled?: CompiledModels | undefined;
}

/** The columns of a model's windows, scaled once for all questions. */
interface Inputs extends SignalColumns {
  readonly classes: ClassPlaces | null;
  readonly statistics: WindowStatistics | undefined;
}

/** Questions that are handed to a model's thread ahead, so that it never waits for the next one. */
const AT_ONCE = 64;

/**
 * A trained model that answers probabilities about bars of one file. Every question is a pass of its own, so an answer is
 * the same bit for bit whatever is asked beside it; rows that share a pass are rounded in other orders by some models.
 */
export class SignalModel {
  readonly #models: ServedModels;
  readonly #inputs = new WeakMap<ServedModel, Promise<Inputs>>();
  #namesClasses = false;
  #warnings: readonly AnswerWarning[] = [];

  constructor(
    private readonly bars: SignalBars,
    private readonly files: ModelFiles,
    private readonly rules: SignalModelRules,
  ) {
    this.#models = new ServedModels({
      samples: rules.samples,
      fallbackSize: rules.windowSize,
      extras: rules.extras ?? [],
      outputsTogether: rules.probabilities ?? 1,
      cacheSize: 1,
      compiled: rules.compiled,
      atOnce: AT_ONCE,
    });
  }

  /** Whether the model says by name what its probabilities are of, as exported classifiers do. */
  get namesClasses(): boolean {
    return this.#namesClasses;
  }

  /** What every answer of the model says beside its numbers: nothing for most. */
  get told(): { readonly warnings?: readonly AnswerWarning[] } {
    return this.#warnings.length === 0 ? {} : { warnings: this.#warnings };
  }

  /** What to know of the model. @throws PluginError `not_configured` for files that cannot be served over these bars */
  async check(): Promise<string | null> {
    const model = await this.#models.open(this.files);
    await this.#inputsOf(model);
    return model.note;
  }

  /**
   * Asks about the window that ends at a row; bars behind it are never read. Where there are fewer bars than the window
   * has, rows of zeros stand in front.
   * @param kind what is asked, for example `entry`: with the seed and the bar it decides the random passes
   * @param extras one number for each in the rules; scaled where the normalisation has an entry of one of its names
   * @throws PluginError `no_data` where a feature has no value, and the model's own faults
   */
  async ask(row: number, kind: string, extras: readonly number[] = []): Promise<Probabilities> {
    const { samples, seed, extras: inputs = [] } = this.rules;
    return this.#models.use(this.files, async (model) => {
      const { frame, columns, statistics, classes } = await this.#inputsOf(model);
      const { normalisation, layout } = model;
      const constants = extras.map((value, at) => {
        const scale = scaleOf(normalisation, inputs[at]);
        return scale === undefined ? value : (normalisation?.apply(scale, value) ?? value);
      });
      const padding = 'zeros' as const;
      const spec = { columns, size: layout.size, normalisation: null, padding, constants, statistics };
      const own = Math.floor(keyedUniform(seed, this.bars.timeOf(row), kind) * SEEDS);
      const passes = await model.allPasses(windowAt(frame, row, spec), { samples, seed: own });
      const asked = classes === null ? passes : passesOfClasses(model, passes, classes);
      return probabilitiesOf(model, asked, this.rules.probabilities ?? 1);
    });
  }

  /** What the model info tells of the model and its windows. */
  async info(): Promise<SignalModelInfo> {
    const model = await this.#models.open(this.files);
    const { columns, computed, classes } = await this.#inputsOf(model);
    const { description, layout, metadata } = model;
    const { extras = [], samples, seed } = this.rules;
    return {
      windowSize: layout.size,
      features: columns.map(({ name }) => name),
      told: {
        ...model.facts,
        ...(classes !== null && { class_labels: classes.labels, classes_served: classes.served }),
        output_shapes: model.outputs.map(({ shape }) => shape),
        total_params: description.parameters?.total ?? null,
        stochastic: description.stochastic,
        mc_samples: description.stochastic ? samples : 0,
        mc_seed: description.stochastic && samples > 0 ? seed : null,
        total_features: layout.width,
        feature_columns: columns.map(({ name }) => name),
        computed_columns: Object.fromEntries(computed),
        window_statistics: statisticsOf(metadata),
        normalized_columns: [
          ...columns.filter(({ scale }) => scale !== null).map(({ name }) => name),
          ...extras.map((names) => scaleOf(model.normalisation, names)).filter((name) => name !== undefined),
        ],
      },
    };
  }

  close(): Promise<void> {
    return this.#models.close();
  }

  #inputsOf(model: ServedModel): Promise<Inputs> {
    const inputs = this.#inputs.get(model) ?? this.#prepare(model);
    this.#inputs.set(model, inputs);
    return inputs;
  }

  async #prepare(model: ServedModel): Promise<Inputs> {
    const { normalisation } = model;
    const { notFeatures, extras = [] } = this.rules;
    const classes = classPlaces(model, this.rules.classes);
    const { note, file } = model;
    this.#warnings = note === null ? [] : [{ code: 'model_class', field: file.parameter, message: note }];
    this.#namesClasses = classes !== null;
    if (classes === null) refuseOtherOutputs(model, this.rules.probabilities ?? 1);
    const found = signalColumns(this.bars, model, notFeatures, extras);
    const { frame, columns } = found;
    const replaced: [string, Float64Array][] = [];
    for (const { name, scale } of columns) {
      if (scale === null || normalisation === null) continue;
      replaced.push([name, frame.column(name).map((value) => normalisation.apply(scale, value))]);
      // A column of a million bars takes some 20 ms; others are served between two of them.
      await nextTurn();
    }
    return { ...found, classes, frame: frame.with(replaced), statistics: statisticsFor(model, columns) };
  }
}

/** What a model tells of itself; `told` in wire names. */
export interface SignalModelInfo {
  readonly windowSize: number;
  readonly features: readonly string[];
  readonly told: Readonly<Record<string, unknown>>;
}

/** The entry of the normalisation that scales a number of the question. */
const scaleOf = (normalisation: Normalisation | null, names: readonly string[] = []): string | undefined =>
  names.find((name) => normalisation?.has(name) === true);

/** Checks all models and logs what to know of them; frees them all when one is at fault. */
export async function checkAll(models: readonly (SignalModel | null)[], logger: PluginLogger): Promise<void> {
  const present = models.filter((model) => model !== null);
  try {
    for (const model of present) {
      const note = await model.check();
      if (note !== null) logger.warn(note);
    }
  } catch (error) {
    await Promise.all(present.map((model) => model.close()));
    throw error;
  }
}
