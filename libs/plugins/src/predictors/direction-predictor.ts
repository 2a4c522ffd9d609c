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
import { signalModels } from './signals/open-signal-model.js';
import { complementOf, confidenceOf, entrySides, isSignal, NO_ENTRY } from './signals/probabilities.js';
import { loadSignalBars, type SignalBars } from './signals/signal-bars.js';
import { modelInfo, signalInfo, together } from './signals/signal-info.js';
import { checkAll, type SignalModel } from './signals/signal-model.js';
import { confidenceThreshold, modelPath, signalParameters, windowSize } from './signals/signal-parameters.js';

const WITHOUT = { long: 'no entry with confidence 0', short: 'positions are kept' } as const;
const LABELS = ['direction_long_label', 'direction_short_label', 'bars_to_friday'];

const parameters = {
  long_model_path: modelPath('the long model, which answers entries', WITHOUT.long),
  short_model_path: modelPath('the short model, which answers exits', WITHOUT.short),
  ...signalParameters,
  window_size: windowSize(72),
  confidence_threshold: confidenceThreshold(0.55),
  short_means: {
    type: 'string',
    default: 'up',
    oneOf: ['up', 'down'],
    help: 'What the short model answers the probability of: the price going "up" or "down".',
  },
} as const;

type Settings = ParametersOf<typeof parameters>;

/** An entry answer with what the long model said; null without a model. */
type DirectionEntry = EntryAnswer & { readonly pUpLong: number | null };
/** An exit answer with what the short model said, read as the probability of a rise; null without a model. */
type DirectionExit = ExitAnswer & { readonly pUpShort: number | null };

/** Signals of two trained models that say how likely the price rises: the long one for entries, the short one for exits. */
class DirectionPredictor implements Predictor {
  constructor(
    private readonly bars: SignalBars,
    private readonly long: SignalModel | null,
    private readonly short: SignalModel | null,
    private readonly settings: Settings,
  ) {}

  async entry({ time }: EntryQuestion): Promise<DirectionEntry> {
    const row = this.bars.rowAt(time);
    const barsRemaining = this.bars.remainingAt(row);
    if (this.long === null) return { ...NO_ENTRY, barsRemaining, pUpLong: null };
    const [up] = await this.long.ask(row, 'entry');
    const sides = entrySides(up, complementOf(up), this.settings.confidence_threshold);
    return { ...sides, barsRemaining, pUpLong: up.value };
  }

  async exit({ time, direction }: ExitQuestion): Promise<DirectionExit> {
    const row = this.bars.rowAt(time);
    if (this.short === null) return { keep: 1, confidence: 1, pUpShort: null };
    const [answer] = await this.short.ask(row, 'exit');
    const up = this.settings.short_means === 'up' ? answer : complementOf(answer);
    const against = direction === 'buy' ? complementOf(up) : up;
    const isOver = isSignal(against, this.settings.confidence_threshold) === 1;
    return { keep: isOver ? 0 : 1, confidence: confidenceOf(answer), pUpShort: up.value };
  }

  async describe(): Promise<ModelInfo> {
    const { window_size, confidence_threshold: threshold, short_means } = this.settings;
    const { models, ...windows } = together({
      long: await modelInfo(this.long, window_size),
      short: await modelInfo(this.short, window_size),
    });
    const own = { name: 'direction_predictor', scope: 'directional', entries: true, exits: true };
    return { ...signalInfo(this.bars, { ...own, ...windows, threshold }), short_means, models };
  }

  async close(): Promise<void> {
    await Promise.all([this.long?.close(), this.short?.close()]);
  }
}

export default definePredictor({
  id: 'direction_predictor',
  apiVersion: 1,
  version: '1.0.0',
  description: 'Entry and exit signals of two trained models that say how likely the price rises.',
  parameters,
  capabilities: ['entry', 'exit', 'describe'],
  create: async (context) => {
    const { parameters: settings } = context;
    const bars = await loadSignalBars(settings, context);
    const rules = { windowSize: settings.window_size, notFeatures: [...bars.priceColumns, ...LABELS] };
    const [long = null, short = null] = signalModels(context, bars, [
      { parameter: 'long_model_path', path: settings.long_model_path, without: WITHOUT.long, rules },
      { parameter: 'short_model_path', path: settings.short_model_path, without: WITHOUT.short, rules },
    ]);
    const predictor = new DirectionPredictor(bars, long, short, settings);
    await checkAll([long, short]);
    return predictor;
  },
});
