import type { ParametersOf } from '#libs/kernel';
import type { EntryAnswer, ExitAnswer, ExitQuestion, ModelInfo, Predictor } from '#libs/plugin-sdk';
import { definePredictor } from '#libs/plugin-sdk';
import { BinaryExits, EXIT_EXTRAS, notBinaryFeatures } from './signals/binary-sides.js';
import { signalModels } from './signals/open-signal-model.js';
import { NO_ENTRY } from './signals/probabilities.js';
import { loadSignalBars, type SignalBars } from './signals/signal-bars.js';
import { modelInfo, signalInfo } from './signals/signal-info.js';
import { checkAll, type SignalModel } from './signals/signal-model.js';
import { confidenceThreshold, modelPath, signalParameters, windowSize } from './signals/signal-parameters.js';

const WITHOUT = 'positions are kept with confidence 0';

const parameters = {
  model_path: modelPath('the exit model', WITHOUT),
  ...signalParameters,
  window_size: windowSize(32),
  confidence_threshold: confidenceThreshold(0.5),
} as const;

type Settings = ParametersOf<typeof parameters>;

/** Exit signals of a trained model; it opens no position. */
class BinaryExitPredictor implements Predictor {
  readonly #exits: BinaryExits;

  constructor(
    private readonly bars: SignalBars,
    private readonly model: SignalModel | null,
    private readonly settings: Settings,
  ) {
    this.#exits = new BinaryExits(bars, model, settings);
  }

  entry(): EntryAnswer {
    return { ...NO_ENTRY, barsRemaining: 0 };
  }

  exit(question: ExitQuestion): Promise<ExitAnswer> {
    return this.#exits.exit(question);
  }

  async describe(): Promise<ModelInfo> {
    const { windowSize: size, features, told } = await modelInfo(this.model, this.settings.window_size);
    const own = { name: 'binary_exit_predictor', scope: 'short_term', entries: false, exits: true };
    const threshold = this.settings.confidence_threshold;
    return {
      ...signalInfo(this.bars, { ...own, windowSize: size, features, threshold }),
      extra_exit_features: EXIT_EXTRAS,
      ...told,
    };
  }

  async close(): Promise<void> {
    await this.model?.close();
  }
}

export default definePredictor({
  id: 'binary_exit_predictor',
  apiVersion: 1,
  version: '1.0.0',
  description: 'Exit signals of a trained model that says how likely an open position is worth keeping.',
  parameters,
  capabilities: ['entry', 'exit', 'describe'],
  create: async (context) => {
    const { parameters: settings } = context;
    const bars = await loadSignalBars(settings, context);
    const rules = {
      windowSize: settings.window_size,
      notFeatures: notBinaryFeatures(bars),
      extras: EXIT_EXTRAS,
    };
    const file = { parameter: 'model_path', path: settings.model_path, without: WITHOUT, rules };
    const [model = null] = signalModels(context, bars, [file]);
    const predictor = new BinaryExitPredictor(bars, model, settings);
    await checkAll([model]);
    return predictor;
  },
});
