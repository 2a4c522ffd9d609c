import type { ModelInfo } from '#libs/plugin-sdk';

/** What a predictor tells about itself before its own details. */
export interface BasicInfo {
  readonly name: string;
  readonly scope: string;
  /** Questions that are answered by more than a constant. */
  readonly answers: readonly ('forecast' | 'entry' | 'exit')[];
  /** Bars of one input; 0 where no fixed number is needed. Default 0. */
  readonly windowSize?: number;
  /** Columns that the bars must have. Default none. */
  readonly columns?: readonly string[];
  readonly looksAhead: boolean;
}

const SIDES = ['buy', 'sell'] as const;

/** The keys that every model info begins with. */
export const basicInfo = ({
  name,
  scope,
  answers,
  windowSize = 0,
  columns = [],
  looksAhead,
}: BasicInfo): ModelInfo => ({
  model_name: name,
  window_size: windowSize,
  supported_types: answers,
  entry_directions: answers.includes('entry') ? SIDES : [],
  exit_directions: answers.includes('exit') ? SIDES : [],
  prediction_scope: scope,
  required_columns: columns,
  accepts_ohlc_window: false,
  looks_ahead: looksAhead,
});
