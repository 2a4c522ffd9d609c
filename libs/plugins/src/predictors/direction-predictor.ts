import { choice } from '#libs/kernel';
import type { EntryAnswer, EntryQuestion, ExitAnswer, ExitQuestion } from '#libs/plugin-sdk';
import { definePredictor } from '#libs/plugin-sdk';
import { DROP, RISE } from './signals/class-probabilities.js';
import { complementOf, confidenceOf, entrySides, isSignal, NO_ENTRY } from './signals/probabilities.js';
import type { SignalBars } from './signals/signal-bars.js';
import { confidenceThreshold, modelPath, signalParameters, windowSize } from './signals/signal-parameters.js';
import { signalPredictor, type SignalModels } from './signals/signal-predictor.js';

const WITHOUT = { long: 'no entry with confidence 0', short: 'positions are kept' } as const;
const LABELS = ['direction_long_label', 'direction_short_label', 'bars_to_friday'];

/** An entry answer with what the long model said; null without a model. */
type DirectionEntry = EntryAnswer & { readonly pUpLong: number | null };
/** An exit answer with what the short model said, read as the probability of a rise; null without a model. */
type DirectionExit = ExitAnswer & { readonly pUpShort: number | null };

/** Signals of two trained models that say how likely the price rises: the long one for entries, the short one for exits. */
export default definePredictor({
  id: 'direction_predictor',
  apiVersion: 1,
  version: '1.0.0',
  description: 'Entry and exit signals of two trained models that predict how likely the price rises.',
  parameters: {
    long_model_path: modelPath('the long model, which answers entries', WITHOUT.long),
    short_model_path: modelPath('the short model, which answers exits', WITHOUT.short),
    ...signalParameters,
    window_size: windowSize(72),
    confidence_threshold: confidenceThreshold(0.55),
    short_means: choice(
      { default: 'up', oneOf: ['up', 'down'] },
      'Whether the short model predicts the probability that the price goes "up" or "down".',
    ),
  },
  capabilities: ['entry', 'exit', 'describe'],
  create: (context) => {
    const { parameters: settings } = context;
    const { long_model_path, short_model_path, window_size, short_means } = settings;
    return signalPredictor(context, {
      name: 'direction_predictor',
      scope: 'directional',
      models: (bars) => {
        const rules = { windowSize: window_size, notFeatures: [...bars.priceColumns, ...LABELS] };
        return {
          long: {
            parameter: 'long_model_path',
            path: long_model_path,
            without: WITHOUT.long,
            rules: { ...rules, classes: [RISE] as const },
          },
          short: {
            parameter: 'short_model_path',
            path: short_model_path,
            without: WITHOUT.short,
            rules: { ...rules, classes: [short_means === 'up' ? RISE : DROP] as const },
          },
        };
      },
      answers: (bars, models) => directionAnswers(bars, models, settings),
      answered: ['entry', 'exit'],
      info: () => ({ short_means }),
    });
  },
});

const directionAnswers = (
  bars: SignalBars,
  { long, short }: SignalModels<'long' | 'short'>,
  { confidence_threshold: threshold, short_means }: { confidence_threshold: number; short_means: string },
) => ({
  async entry({ time }: EntryQuestion): Promise<DirectionEntry> {
    const row = bars.rowAt(time);
    const barsRemaining = bars.remainingAt(row);
    if (long === null) return { ...NO_ENTRY, barsRemaining, pUpLong: null };
    const [up] = await long.ask(row, 'entry');
    const told = long.namesClasses ? { probabilityUp: up.value } : {};
    const sides = entrySides(up, complementOf(up), threshold);
    return { ...sides, barsRemaining, pUpLong: up.value, ...told, ...long.told };
  },
  async exit({ time, direction }: ExitQuestion): Promise<DirectionExit> {
    const row = bars.rowAt(time);
    if (short === null) return { keep: 1, confidence: 1, pUpShort: null };
    const [answer] = await short.ask(row, 'exit');
    const up = short_means === 'up' ? answer : complementOf(answer);
    const isOver = isSignal(direction === 'buy' ? complementOf(up) : up, threshold) === 1;
    return { keep: isOver ? 0 : 1, confidence: confidenceOf(answer), pUpShort: up.value, ...short.told };
  },
});
