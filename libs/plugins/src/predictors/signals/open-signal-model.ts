import { randomInt } from 'node:crypto';
import type { PluginLogger } from '#libs/plugin-sdk';
import { refuseForeignType } from '../model/model-file.js';
import { SEEDS } from '../model/served-model.js';
import type { SignalBars } from './signal-bars.js';
import { SignalModel, type SignalModelRules } from './signal-model.js';

/** The part of a plugin's context that opening needs. */
export interface SignalContext {
  readonly parameters: {
    readonly normalization_params_path: string | null;
    readonly mc_samples: number;
    readonly mc_seed: number | null;
  };
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

/**
 * Makes the models of one predictor, which share one seed. A model whose parameter is null is null, which is logged; its
 * files are looked at by `check`.
 * @throws PluginError `not_configured` for files that only Python can read
 */
export function signalModels(
  { parameters, resolveFile, logger }: SignalContext,
  bars: SignalBars,
  files: readonly SignalModelFile[],
): readonly (SignalModel | null)[] {
  const { normalization_params_path: path, mc_samples: samples, mc_seed } = parameters;
  const normalisation =
    path === null ? null : { parameter: 'normalization_params_path', path: resolveFile(path) };
  const seed = mc_seed ?? randomInt(SEEDS);
  return files.map((file) => {
    if (file.path === null) {
      logger.warn(`${file.parameter} is not set: ${file.without}`);
      return null;
    }
    const model = { parameter: file.parameter, path: resolveFile(file.path) };
    refuseForeignType(model, 'keras');
    return new SignalModel(bars, { model, normalisation }, { ...file.rules, samples, seed });
  });
}
