import type { ParametersOf } from '#libs/kernel';
import type {
  EntryAnswer,
  EntryQuestion,
  ExitAnswer,
  ExitQuestion,
  ModelInfo,
  Predictor,
} from '#libs/plugin-sdk';
import { definePredictor } from '#libs/plugin-sdk';
import { BinaryEntries, BinaryExits, EXIT_EXTRAS, notBinaryFeatures } from './signals/binary-sides.js';
import { signalModels } from './signals/open-signal-model.js';
import { loadSignalBars, type SignalBars } from './signals/signal-bars.js';
import { modelInfo, signalInfo, together } from './signals/signal-info.js';
import { checkAll, type SignalModel } from './signals/signal-model.js';
import { confidenceThreshold, modelPath, signalParameters, windowSize } from './signals/signal-parameters.js';

const WITHOUT = {
  entry: 'no entry with confidence 0',
  exit: 'positions are kept with confidence 0',
} as const;

const parameters = {
  entry_model_path: modelPath('the entry model', WITHOUT.entry),
  exit_model_path: modelPath('the exit model', WITHOUT.exit),
  ...signalParameters,
  entry_window_size: windowSize(64),
  exit_window_size: windowSize(32),
  confidence_threshold: confidenceThreshold(0.5),
} as const;

type Settings = ParametersOf<typeof parameters>;

/** Entry signals of one trained model and exit signals of another, over the same bars. */
class BinaryPredictor implements Predictor {
  readonly #entries: BinaryEntries;
  readonly #exits: BinaryExits;

  constructor(
    private readonly bars: SignalBars,
    private readonly entryModel: SignalModel | null,
    private readonly exitModel: SignalModel | null,
    private readonly settings: Settings,
  ) {
    this.#entries = new BinaryEntries(bars, entryModel, settings.confidence_threshold);
    this.#exits = new BinaryExits(bars, exitModel, settings);
  }

  entry(question: EntryQuestion): Promise<EntryAnswer> {
    return this.#entries.entry(question);
  }

  exit(question: ExitQuestion): Promise<ExitAnswer> {
    return this.#exits.exit(question);
  }

  async describe(): Promise<ModelInfo> {
    const { settings } = this;
    const entry = await modelInfo(this.entryModel, settings.entry_window_size);
    const exit = await modelInfo(this.exitModel, settings.exit_window_size);
    const { models, ...windows } = together({ entry, exit });
    const own = { name: 'binary_predictor', scope: 'weekly_and_short_term', entries: true, exits: true };
    return {
      ...signalInfo(this.bars, { ...own, ...windows, threshold: settings.confidence_threshold }),
      entry_window_size: entry.windowSize,
      exit_window_size: exit.windowSize,
      extra_exit_features: EXIT_EXTRAS,
      models,
    };
  }

  async close(): Promise<void> {
    await Promise.all([this.entryModel?.close(), this.exitModel?.close()]);
  }
}

export default definePredictor({
  id: 'binary_predictor',
  apiVersion: 1,
  version: '1.0.0',
  description:
    'Entry and exit signals of two trained models, as binary_entry_predictor and binary_exit_predictor.',
  parameters,
  capabilities: ['entry', 'exit', 'describe'],
  create: async (context) => {
    const { parameters: settings } = context;
    const bars = await loadSignalBars(settings, context);
    const notFeatures = notBinaryFeatures(bars);
    const [entry = null, exit = null] = signalModels(context, bars, [
      {
        parameter: 'entry_model_path',
        path: settings.entry_model_path,
        without: WITHOUT.entry,
        rules: { windowSize: settings.entry_window_size, notFeatures, probabilities: 2 },
      },
      {
        parameter: 'exit_model_path',
        path: settings.exit_model_path,
        without: WITHOUT.exit,
        rules: { windowSize: settings.exit_window_size, notFeatures, extras: EXIT_EXTRAS },
      },
    ]);
    const predictor = new BinaryPredictor(bars, entry, exit, settings);
    await checkAll([entry, exit]);
    return predictor;
  },
});
