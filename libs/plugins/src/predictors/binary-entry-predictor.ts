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
import { BinaryEntries, notBinaryFeatures } from './signals/binary-sides.js';
import { signalModels } from './signals/open-signal-model.js';
import { loadSignalBars, type SignalBars } from './signals/signal-bars.js';
import { modelInfo, signalInfo } from './signals/signal-info.js';
import { checkAll, type SignalModel } from './signals/signal-model.js';
import { confidenceThreshold, modelPath, signalParameters, windowSize } from './signals/signal-parameters.js';

const WITHOUT = 'no entry with confidence 0';

const parameters = {
  model_path: modelPath('the entry model', WITHOUT),
  ...signalParameters,
  window_size: windowSize(64),
  confidence_threshold: confidenceThreshold(0.5),
  use_ideal_buy_exit: {
    type: 'boolean',
    default: false,
    help: 'Answer exits from the columns buy_exit_label and sell_exit_label of the file, which were made from later bars: a test instrument that looks ahead. False: every position is kept.',
  },
} as const;

type Settings = ParametersOf<typeof parameters>;

const EXIT_LABELS = { buy: 'buy_exit_label', sell: 'sell_exit_label' } as const;

/** Entry signals of a trained model. Exits are no answer of it: a position is kept, or ends as labels in the file say. */
class BinaryEntryPredictor implements Predictor {
  readonly #entries: BinaryEntries;

  constructor(
    private readonly bars: SignalBars,
    private readonly model: SignalModel | null,
    private readonly settings: Settings,
  ) {
    this.#entries = new BinaryEntries(bars, model, settings.confidence_threshold);
    if (!settings.use_ideal_buy_exit) return;
    for (const column of Object.values(EXIT_LABELS)) bars.require(column, 'use_ideal_buy_exit reads');
  }

  looksAheadWith(): boolean {
    return this.settings.use_ideal_buy_exit;
  }

  entry(question: EntryQuestion): Promise<EntryAnswer> {
    return this.#entries.entry(question);
  }

  exit({ time, direction }: ExitQuestion): ExitAnswer {
    const row = this.bars.rowAt(time);
    if (!this.settings.use_ideal_buy_exit) return { keep: 1, confidence: 1 };
    const label = this.bars.valueAt(EXIT_LABELS[direction], row);
    return { keep: label >= 0.5 ? 1 : 0, confidence: 1 };
  }

  async describe(): Promise<ModelInfo> {
    const { use_ideal_buy_exit: looksAhead, window_size, confidence_threshold: threshold } = this.settings;
    const info = await modelInfo(this.model, window_size);
    const { windowSize: size, features } = info;
    const own = { name: 'binary_entry_predictor', scope: 'weekly', entries: true, exits: looksAhead };
    return {
      ...signalInfo(this.bars, { ...own, windowSize: size, features, threshold, looksAhead }),
      use_ideal_buy_exit: looksAhead,
      ...info.told,
    };
  }

  async close(): Promise<void> {
    await this.model?.close();
  }
}

export default definePredictor({
  id: 'binary_entry_predictor',
  apiVersion: 1,
  version: '1.0.0',
  description:
    'Entry signals of a trained model that says how likely a buy pays within the trading week. Looks ahead only with use_ideal_buy_exit.',
  parameters,
  capabilities: ['entry', 'exit', 'describe'],
  looksAhead: true,
  create: async (context) => {
    const { parameters: settings } = context;
    const bars = await loadSignalBars(settings, context);
    const rules = {
      windowSize: settings.window_size,
      notFeatures: notBinaryFeatures(bars),
      probabilities: 2,
    } as const;
    const file = { parameter: 'model_path', path: settings.model_path, without: WITHOUT, rules };
    const [model = null] = signalModels(context, bars, [file]);
    const predictor = new BinaryEntryPredictor(bars, model, settings);
    await checkAll([model]);
    return predictor;
  },
});
