import type { ModelInfo } from '#libs/plugin-sdk';
import type { SignalBars } from './signal-bars.js';
import type { SignalModel, SignalModelInfo } from './signal-model.js';

/** What a predictor of signals tells of itself beyond its models. */
export interface SignalPredictor {
  readonly name: string;
  readonly scope: string;
  /** Sides that are answered by more than a constant. */
  readonly entries: boolean;
  readonly exits: boolean;
  readonly windowSize: number;
  /** Columns of the windows, over all models. */
  readonly features: readonly string[];
  readonly threshold: number;
  readonly looksAhead?: boolean;
}

const SIDES = ['buy', 'sell'] as const;
/** Longer lists of columns are cut in `required_columns`; `feature_columns` has all. */
const COLUMNS_SHOWN = 10;

/** The model info in the original's keys, then what makes the answers what they are. */
export const signalInfo = (
  bars: SignalBars,
  { name, scope, entries, exits, windowSize, features, threshold, looksAhead = false }: SignalPredictor,
): ModelInfo => ({
  model_name: name,
  window_size: windowSize,
  supported_types: [...(entries ? ['entry'] : []), ...(exits ? ['exit'] : [])],
  entry_directions: entries ? SIDES : [],
  exit_directions: exits ? SIDES : [],
  prediction_scope: scope,
  required_columns: features.slice(0, COLUMNS_SHOWN),
  accepts_ohlc_window: false,
  looks_ahead: looksAhead,
  confidence_threshold: threshold,
  ...bars.info(),
});

/** The info of a model, or of its absence. */
export const modelInfo = async (model: SignalModel | null, windowSize: number): Promise<SignalModelInfo> =>
  model === null ? { windowSize, features: [], told: { model_loaded: false } } : model.info();

/** The infos of a predictor's two models as one: the wider window, all columns, each model under its name. */
export function together(
  infos: Readonly<Record<string, SignalModelInfo>>,
): Pick<SignalModelInfo, 'windowSize' | 'features'> & { readonly models: Readonly<Record<string, unknown>> } {
  const all = Object.values(infos);
  return {
    windowSize: Math.max(...all.map(({ windowSize }) => windowSize)),
    features: [...new Set(all.flatMap(({ features }) => features))],
    models: Object.fromEntries(
      Object.entries(infos).map(([name, { windowSize, told }]) => [
        name,
        { window_size: windowSize, ...told },
      ]),
    ),
  };
}
