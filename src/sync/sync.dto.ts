import { IntegerField, ListField, NumberField, BooleanField, StringField } from '#libs/http';

const DATETIME = {
  description:
    'Moment of the question, `DD.MM.YYYY HH:MM:SS.fff`; the fraction is mandatory (1 to 6 digits), the time is that of the data.',
  example: '14.03.2023 10:00:00.000',
};

/** Should a trade be opened at this bar? */
export class EntryRequest {
  @StringField(DATETIME)
  datetime!: string;

  @NumberField({ default: 5, description: 'Take-profit distance in pips of the predictor.', example: 150 })
  tp!: number;

  @NumberField({ default: 10, description: 'Stop-loss distance in pips.', example: 100 })
  sl!: number;

  @NumberField({ default: 0, description: "Spread in pips; 0 = the predictor's default." })
  spread_pips!: number;

  @NumberField({ default: 0, description: "USD per 100,000 units, one way; 0 = the predictor's default." })
  commission_per_lot!: number;

  @NumberField({ default: 0, description: "Slippage in pips; 0 = the predictor's default." })
  slippage_pips!: number;
}

export class EntryResponse {
  @IntegerField({ min: 0, max: 1, description: '1: a buy pays.', example: 1 })
  buy_entry_binary!: number;

  @IntegerField({ min: 0, max: 1, description: '1: a sell pays.', example: 0 })
  sell_entry_binary!: number;

  @IntegerField({ description: 'Bars left in the scope of the question.', example: 82 })
  bars_remaining!: number;

  @NumberField({ min: 0, max: 1, description: 'Confidence of the buy signal.', example: 1 })
  buy_confidence!: number;

  @NumberField({ min: 0, max: 1, description: 'Confidence of the sell signal.', example: 1 })
  sell_confidence!: number;
}

/** Should an open position be kept at this bar? */
export class ExitRequest {
  @StringField(DATETIME)
  datetime!: string;

  @StringField({ description: '`buy` or `sell`, in any case.', example: 'buy' })
  direction!: string;

  @NumberField({ description: 'Take-profit of the position, an absolute price.', example: 1.0815 })
  tp_price!: number;

  @NumberField({ description: 'Stop-loss of the position, an absolute price.', example: 1.079 })
  sl_price!: number;
}

export class ExitResponse {
  @IntegerField({ min: 0, max: 1, description: '1: keep the position, 0: close it.', example: 1 })
  exit_binary!: number;

  @NumberField({ min: 0, max: 1, description: 'Confidence of the answer.', example: 1 })
  exit_confidence!: number;
}

/** What the predictor is; it may tell more than this. */
export class ModelInfoResponse {
  @StringField({ example: 'binary_ideal_oracle' })
  model_name!: string;

  @IntegerField({ description: 'Bars that the model reads.', example: 0 })
  window_size!: number;

  @ListField(StringField(), {
    description: 'Operations: `entry`, `exit`, `forecast`.',
    example: ['entry', 'exit'],
  })
  supported_types!: readonly string[];

  @ListField(StringField(), { example: ['buy', 'sell'] })
  entry_directions!: readonly string[];

  @ListField(StringField(), { example: ['buy', 'sell'] })
  exit_directions!: readonly string[];

  @StringField({ description: 'How far the answers look.', example: 'weekly' })
  prediction_scope!: string;

  @ListField(StringField(), { example: ['OPEN', 'HIGH', 'LOW', 'CLOSE'] })
  required_columns!: readonly string[];

  @BooleanField({ description: 'Whether a question may carry its own bars.', example: false })
  accepts_ohlc_window!: boolean;

  @BooleanField({
    description: 'True for a test instrument that reads the future of its data: never trade on its answers.',
    example: true,
  })
  looks_ahead!: boolean;
}

export class SetNoiseRequest {
  @NumberField({ min: 0, description: 'Standard deviation of the noise; 0 is the truth.', example: 0.3 })
  noise_std!: number;
}

export class SetNoiseResponse {
  @NumberField({ min: 0, example: 0.3 })
  noise_std!: number;

  @StringField({ example: 'ok' })
  status!: string;
}

/** Counts of answers against the noiseless truth since the last reset. */
export class MetricsResponse {
  @IntegerField({ min: 0, description: 'Said 1, truth 1.', example: 5819 })
  tp!: number;

  @IntegerField({ min: 0, description: 'Said 1, truth 0.', example: 442 })
  fp!: number;

  @IntegerField({ min: 0, description: 'Said 0, truth 0.', example: 8737 })
  tn!: number;

  @IntegerField({ min: 0, description: 'Said 0, truth 1.', example: 306 })
  fn!: number;

  @IntegerField({ min: 0, description: 'Signals counted; an entry question has two.', example: 15304 })
  total_predictions!: number;

  @NumberField({ description: 'tp / (tp + fp); 0 when undefined.', example: 0.929404 })
  precision!: number;

  @NumberField({ description: 'tp / (tp + fn); 0 when undefined.', example: 0.950041 })
  recall!: number;

  @NumberField({ description: 'Harmonic mean of precision and recall.', example: 0.939609 })
  f1!: number;

  @NumberField({ description: '(tp + tn) / total.', example: 0.951124 })
  accuracy!: number;

  @NumberField({ min: 0, description: 'Standard deviation of the noise in effect.', example: 0.3 })
  noise_std!: number;
}
