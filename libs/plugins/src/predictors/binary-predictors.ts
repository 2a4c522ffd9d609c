import { flag } from '#libs/kernel';
import type { EntryAnswer, EntryQuestion, ExitAnswer, ExitQuestion } from '#libs/plugin-sdk';
import { definePredictor } from '#libs/plugin-sdk';
import { FALL, KEEP, RISE } from './signals/class-probabilities.js';
import { complementOf, confidenceOf, entrySides, isSignal, NO_ENTRY } from './signals/probabilities.js';
import type { SignalBars } from './signals/signal-bars.js';
import type { SignalModel } from './signals/signal-model.js';
import { confidenceThreshold, modelPath, signalParameters, windowSize } from './signals/signal-parameters.js';
import { signalPredictor } from './signals/signal-predictor.js';

const NO_ENTRY_MODEL = 'no entry with confidence 0';
const NO_EXIT_MODEL = 'positions are kept with confidence 0';
const EXIT_LABELS = { buy: 'buy_exit_label', sell: 'sell_exit_label' } as const;
const LABELS = ['buy_entry_label', 'sell_entry_label', ...Object.values(EXIT_LABELS), 'bars_to_friday'];

/** Columns that binary models get only where their metadata name them: prices, and what they were trained to say. */
const notFeatures = (bars: SignalBars): readonly string[] => [...bars.priceColumns, ...LABELS];

/** Numbers that an exit question adds to every bar of the window; the other names are those of the original's metadata. */
const EXIT_EXTRAS = [
  ['direction', 'direction_feat'],
  ['tp_distance_pips', 'tp_distance', 'tp_dist'],
  ['sl_distance_pips', 'sl_distance', 'sl_dist'],
] as const;
const EXIT_EXTRA_NAMES = EXIT_EXTRAS.map(([name]) => name);

/** A model that answers the probability that a buy pays; a second output is that of a sell, else it is the rest. */
const entryModel = (parameter: string, path: string | null, size: number, bars: SignalBars) => ({
  parameter,
  path,
  without: NO_ENTRY_MODEL,
  rules: {
    windowSize: size,
    notFeatures: notFeatures(bars),
    probabilities: 2,
    classes: [RISE, FALL],
  } as const,
});

/** A model that answers the probability that a position is worth keeping. */
const exitModel = (parameter: string, path: string | null, size: number, bars: SignalBars) => ({
  parameter,
  path,
  without: NO_EXIT_MODEL,
  rules: { windowSize: size, notFeatures: notFeatures(bars), extras: EXIT_EXTRAS, classes: [KEEP] as const },
});

const answersEntries =
  (bars: SignalBars, model: SignalModel | null, threshold: number) =>
  async ({ time }: EntryQuestion): Promise<EntryAnswer> => {
    const row = bars.rowAt(time);
    const barsRemaining = bars.remainingAt(row);
    if (model === null) return { ...NO_ENTRY, barsRemaining };
    const [buy, sell = complementOf(buy)] = await model.ask(row, 'entry');
    const told = model.namesClasses ? { probabilityUp: buy.value } : {};
    return { ...entrySides(buy, sell, threshold), barsRemaining, ...told, ...model.told };
  };

interface ExitSettings {
  readonly close_column: string;
  readonly pip_cost: number;
  readonly confidence_threshold: number;
}

function answersExits(bars: SignalBars, model: SignalModel | null, settings: ExitSettings) {
  const { close_column, pip_cost, confidence_threshold } = settings;
  bars.require(close_column, 'exit distances are measured from (close_column)');
  /** In the order of EXIT_EXTRAS; distances in pips from the bar's close, 0 without a pip. */
  const extras = ({ direction, takeProfitPrice, stopLossPrice }: ExitQuestion, row: number) => {
    const price = bars.valueAt(close_column, row);
    const pips = (level: number): number => (pip_cost > 0 ? Math.abs(level - price) / pip_cost : 0);
    return [direction === 'buy' ? 1 : -1, pips(takeProfitPrice), pips(stopLossPrice)];
  };
  return async (question: ExitQuestion): Promise<ExitAnswer> => {
    const row = bars.rowAt(question.time);
    if (model === null) return { keep: 1, confidence: 0 };
    const [keep] = await model.ask(row, `${question.direction}_exit`, extras(question, row));
    return { keep: isSignal(keep, confidence_threshold), confidence: confidenceOf(keep), ...model.told };
  };
}

/** Entry signals of a trained model. Exits are no answer of it: a position is kept, or ends as labels in the file say. */
export const binaryEntryPredictor = definePredictor({
  id: 'binary_entry_predictor',
  apiVersion: 1,
  version: '1.0.0',
  description:
    'Entry signals of a trained model that predicts how likely a buy pays off within the trading week. Looks ahead only with use_ideal_buy_exit.',
  parameters: {
    model_path: modelPath('the entry model', NO_ENTRY_MODEL),
    ...signalParameters,
    window_size: windowSize(64),
    confidence_threshold: confidenceThreshold(0.5),
    use_ideal_buy_exit: flag(
      false,
      'Whether exits are answered from the columns buy_exit_label and sell_exit_label of the file. These were made from later bars, so the predictor then looks ahead: for tests only. When false, every position is kept.',
    ),
  },
  capabilities: ['entry', 'exit', 'describe'],
  looksAhead: true,
  create: (context) => {
    const { model_path, window_size, confidence_threshold, use_ideal_buy_exit } = context.parameters;
    return signalPredictor(context, {
      name: 'binary_entry_predictor',
      scope: 'weekly',
      models: (bars) => ({ entry: entryModel('model_path', model_path, window_size, bars) }),
      answers: (bars, { entry }) => {
        const labels = use_ideal_buy_exit ? Object.values(EXIT_LABELS) : [];
        for (const column of labels) bars.require(column, 'use_ideal_buy_exit reads');
        return {
          entry: answersEntries(bars, entry, confidence_threshold),
          exit: ({ time, direction }) => {
            const row = bars.rowAt(time);
            const keep = !use_ideal_buy_exit || bars.valueAt(EXIT_LABELS[direction], row) >= 0.5;
            return { keep: keep ? 1 : 0, confidence: 1 };
          },
        };
      },
      answered: use_ideal_buy_exit ? ['entry', 'exit'] : ['entry'],
      looksAhead: use_ideal_buy_exit,
      info: () => ({ use_ideal_buy_exit }),
    });
  },
});

/** Exit signals of a trained model; it opens no position. */
export const binaryExitPredictor = definePredictor({
  id: 'binary_exit_predictor',
  apiVersion: 1,
  version: '1.0.0',
  description: 'Exit signals of a trained model that predicts how likely an open position is worth keeping.',
  parameters: {
    model_path: modelPath('the exit model', NO_EXIT_MODEL),
    ...signalParameters,
    window_size: windowSize(32),
    confidence_threshold: confidenceThreshold(0.5),
  },
  capabilities: ['entry', 'exit', 'describe'],
  create: (context) => {
    const { parameters: settings } = context;
    return signalPredictor(context, {
      name: 'binary_exit_predictor',
      scope: 'short_term',
      models: (bars) => ({ exit: exitModel('model_path', settings.model_path, settings.window_size, bars) }),
      answers: (bars, { exit }) => ({
        entry: () => ({ ...NO_ENTRY, barsRemaining: 0 }),
        exit: answersExits(bars, exit, settings),
      }),
      answered: ['exit'],
      info: () => ({ extra_exit_features: EXIT_EXTRA_NAMES }),
    });
  },
});

/** Entry signals of one trained model and exit signals of another, over the same bars. */
export const binaryPredictor = definePredictor({
  id: 'binary_predictor',
  apiVersion: 1,
  version: '1.0.0',
  description:
    'Entry and exit signals of two trained models: binary_entry_predictor and binary_exit_predictor in one.',
  parameters: {
    entry_model_path: modelPath('the entry model', NO_ENTRY_MODEL),
    exit_model_path: modelPath('the exit model', NO_EXIT_MODEL),
    ...signalParameters,
    entry_window_size: windowSize(64),
    exit_window_size: windowSize(32),
    confidence_threshold: confidenceThreshold(0.5),
  },
  capabilities: ['entry', 'exit', 'describe'],
  create: (context) => {
    const { parameters: settings } = context;
    const { entry_model_path, exit_model_path, entry_window_size, exit_window_size } = settings;
    return signalPredictor(context, {
      name: 'binary_predictor',
      scope: 'weekly_and_short_term',
      models: (bars) => ({
        entry: entryModel('entry_model_path', entry_model_path, entry_window_size, bars),
        exit: exitModel('exit_model_path', exit_model_path, exit_window_size, bars),
      }),
      answers: (bars, { entry, exit }) => ({
        entry: answersEntries(bars, entry, settings.confidence_threshold),
        exit: answersExits(bars, exit, settings),
      }),
      answered: ['entry', 'exit'],
      info: ({ entry, exit }) => ({
        entry_window_size: entry.windowSize,
        exit_window_size: exit.windowSize,
        extra_exit_features: EXIT_EXTRA_NAMES,
      }),
    });
  },
});

export default [binaryEntryPredictor, binaryExitPredictor, binaryPredictor];
