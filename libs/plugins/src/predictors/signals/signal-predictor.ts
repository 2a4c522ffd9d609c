import { randomInt } from 'node:crypto';
import type { ParametersOf } from '#libs/kernel';
import type { ModelInfo, PluginLogger, Predictor } from '#libs/plugin-sdk';
import { basicInfo } from '../model-info.js';
import { compiledModels, registerCustomLayers } from '../model/model-file.js';
import { SEEDS } from '../model/served-model.js';
import { modelFiles } from '../model/served-models.js';
import { loadSignalBars, type SignalBars } from './signal-bars.js';
import { checkAll, SignalModel, type SignalModelInfo, type SignalModelRules } from './signal-model.js';
import type { signalParameters } from './signal-parameters.js';

/** The part of a plugin's context that a predictor of signals needs. */
export interface SignalContext {
  readonly parameters: ParametersOf<typeof signalParameters> & { readonly confidence_threshold: number };
  readonly resolveFile: (path: string) => string;
  readonly logger: PluginLogger;
}

/** One model of a predictor. */
export interface SignalModelFile {
  /** The parameter that names the file, for messages. */
  readonly parameter: string;
  readonly path: string | null;
  /** What is answered without a model, for the log. */
  readonly without: string;
  readonly rules: Omit<SignalModelRules, 'samples' | 'seed'>;
}

/** The models of a predictor by name; null for one without a file. */
export type SignalModels<N extends string> = Readonly<Record<N, SignalModel | null>>;

/** What the predictors of signals differ in. */
export interface SignalPlan<N extends string> {
  readonly name: string;
  readonly scope: string;
  readonly models: (bars: SignalBars) => Readonly<Record<N, SignalModelFile>>;
  /** @throws PluginError `not_configured` when the bars lack a column that the answers need */
  readonly answers: (
    bars: SignalBars,
    models: SignalModels<N>,
  ) => Required<Pick<Predictor, 'entry' | 'exit'>>;
  /** Questions that are answered by more than a constant. */
  readonly answered: readonly ('entry' | 'exit')[];
  /** Only for predictors that declare it: whether they do so as configured. */
  readonly looksAhead?: boolean;
  /** Further keys of the model info. */
  readonly info?: (models: Readonly<Record<N, SignalModelInfo>>) => Readonly<Record<string, unknown>>;
}

/** Longer lists of columns are cut in `required_columns`; `feature_columns` has all. */
const COLUMNS_SHOWN = 10;

/**
 * A predictor of entry and exit signals that asks trained models about the bars of `csv_file`. Every file is opened once,
 * so that one at fault stops the start.
 * @throws PluginError `not_configured` naming the parameter and the fault
 */
export async function signalPredictor<N extends string>(
  context: SignalContext,
  plan: SignalPlan<N>,
): Promise<Predictor> {
  const { parameters: settings } = context;
  const bars = await loadSignalBars(settings, context);
  const files = plan.models(bars);
  const models = openModels(context, bars, files);
  const all = Object.values<SignalModel | null>(models);
  const { looksAhead } = plan;
  const predictor: Predictor = {
    ...plan.answers(bars, models),
    ...(looksAhead !== undefined && { looksAheadWith: () => looksAhead }),
    async describe(): Promise<ModelInfo> {
      const infos = await infosOf(models, files);
      const { windowSize, columns, told } = together(infos);
      return {
        ...basicInfo({
          name: plan.name,
          scope: plan.scope,
          answers: plan.answered,
          windowSize,
          columns: columns.slice(0, COLUMNS_SHOWN),
          looksAhead: looksAhead ?? false,
        }),
        confidence_threshold: settings.confidence_threshold,
        ...bars.info(),
        ...plan.info?.(infos),
        ...told,
      };
    },
    async close(): Promise<void> {
      await Promise.all(all.map((model) => model?.close()));
    },
  };
  await checkAll(all, context.logger);
  return predictor;
}

/** The models of one predictor share one seed. One whose parameter is null is null, which is logged. */
function openModels<N extends string>(
  context: SignalContext,
  bars: SignalBars,
  files: Readonly<Record<N, SignalModelFile>>,
): SignalModels<N> {
  const { mc_samples: samples, mc_seed, compiled_models } = context.parameters;
  const seed = mc_seed ?? randomInt(SEEDS);
  registerCustomLayers(context.parameters);
  const compiled = compiledModels(compiled_models, context.resolveFile);
  return mapped(files, (file) => {
    if (file.path === null) {
      context.logger.warn(`${file.parameter} is not set: ${file.without}`);
      return null;
    }
    const paths = modelFiles(context, file.parameter, file.path);
    return new SignalModel(bars, paths, { ...file.rules, samples, seed, compiled });
  });
}

async function infosOf<N extends string>(
  models: SignalModels<N>,
  files: Readonly<Record<N, SignalModelFile>>,
): Promise<Readonly<Record<N, SignalModelInfo>>> {
  const none = mapped(files, ({ rules }): SignalModelInfo => ({
    windowSize: rules.windowSize,
    features: [],
    told: { model_loaded: false },
  }));
  const known = Object.entries<SignalModel | null>(models).map(
    async ([name, model]) => [name, (await model?.info()) ?? none[name as N]] as const,
  );
  return Object.fromEntries(await Promise.all(known)) as Record<N, SignalModelInfo>;
}

/** The infos of all models as one: the widest window, all columns; of several models each stands under its name. */
function together(infos: Readonly<Record<string, SignalModelInfo>>) {
  const all = Object.values(infos);
  const [only] = all;
  return {
    windowSize: Math.max(...all.map(({ windowSize }) => windowSize)),
    columns: [...new Set(all.flatMap(({ features }) => features))],
    told:
      all.length === 1
        ? only?.told
        : { models: mapped(infos, ({ windowSize, told }) => ({ window_size: windowSize, ...told })) },
  };
}

const mapped = <N extends string, T, R>(
  record: Readonly<Record<N, T>>,
  change: (value: T) => R,
): Readonly<Record<N, R>> =>
  Object.fromEntries(Object.entries<T>(record).map(([name, value]) => [name, change(value)])) as Record<N, R>;
