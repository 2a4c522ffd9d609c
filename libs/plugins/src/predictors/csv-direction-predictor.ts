import { choice, decimal, integer, noEffect, type ParametersOf, text } from '#libs/kernel';
import type {
  EntryAnswer,
  EntryQuestion,
  ExitAnswer,
  ExitQuestion,
  ModelInfo,
  Predictor,
} from '#libs/plugin-sdk';
import { definePredictor, type Frame } from '#libs/plugin-sdk';
import { dayOfWeek, hourOfDay } from '#libs/timeseries';
import { basicInfo } from './model-info.js';
import { weekParameters } from './oracle/bar-horizon.js';
import { loadFrame } from './oracle/load-frame.js';
import { matchParameters, rowMatch, type RowMatch } from './oracle/row-match.js';
import { NO_ENTRY } from './signals/probabilities.js';

const PROBABILITY = 'Probability_H1';
const TIME = 'DATE_TIME';
const FRIDAY = 4;
const BAR_HOURS = 4;

const NO_PRICES = noEffect('no prices are needed');

/** Keys of existing configurations; the answers hold no prices, so nothing depends on them. */
const unused = {
  csv_file: text(null, NO_PRICES),
  datetime_column: text('DATE_TIME', NO_PRICES),
  close_column: text('CLOSE', NO_PRICES),
  pip_cost: decimal(0.00001, NO_PRICES),
  prediction_horizon: integer(120, NO_PRICES),
} as const;

const parameters = {
  long_predictions_csv: text(
    null,
    'CSV file with the predictions of the long model: DATE_TIME and Probability_H1, the probability that the price rises. Required.',
  ),
  short_predictions_csv: text(
    null,
    'CSV file with the predictions of the short model: DATE_TIME and Probability_H1, whose meaning short_means states. Required.',
  ),
  short_means: choice(
    { default: 'down', oneOf: ['up', 'down'] },
    'Whether Probability_H1 of the short model is the probability that the price goes "up" or "down".',
  ),
  confidence_threshold: decimal({ default: 0.55, min: 0, max: 1 }, 'Minimum probability of a signal.'),
  ...weekParameters,
  timestamp_match: {
    ...matchParameters.timestamp_match,
    help: 'Which prediction a question refers to: "nearest" is the nearest in time (the later of two equally near ones, so up to match_limit_seconds ahead), "previous" the last one that is not later.',
  },
  match_limit_seconds: {
    ...matchParameters.match_limit_seconds,
    default: 7200,
    help: 'Maximum distance in seconds between a question and its prediction; further away there is no signal.',
  },
  ...unused,
} as const;

type Settings = ParametersOf<typeof parameters>;

/** Probabilities of one model, looked up by time. */
export class DirectionProbabilities {
  private readonly match: RowMatch;
  private readonly values: Float64Array;

  constructor(frame: Frame, settings: Pick<Settings, 'timestamp_match' | 'match_limit_seconds'>) {
    this.match = rowMatch(frame.time, settings.timestamp_match, settings.match_limit_seconds);
    this.values = frame.column(PROBABILITY);
  }

  /** The probability that applies at this moment (epoch ms UTC); null when none is near enough or known. */
  at(time: number): number | null {
    const value = this.values[this.match(time)];
    return value === undefined || Number.isNaN(value) ? null : value;
  }
}

/** Answers from the predictions that two direction models left in files: entries from the long one, exits from the short one. */
export class CsvDirectionPredictor implements Predictor {
  constructor(
    private readonly long: DirectionProbabilities,
    private readonly short: DirectionProbabilities,
    private readonly settings: Settings,
  ) {}

  entry({ time }: EntryQuestion): EntryAnswer {
    const barsRemaining = barsToFridayClose(time, this.settings.friday_close_hour);
    const rise = this.long.at(time);
    if (rise === null) return { ...NO_ENTRY, barsRemaining };
    return {
      buy: this.isSignal(rise),
      sell: this.isSignal(1 - rise),
      barsRemaining,
      buyConfidence: 1,
      sellConfidence: 1,
    };
  }

  exit({ time, direction }: ExitQuestion): ExitAnswer {
    const probability = this.short.at(time);
    if (probability === null) return { keep: 1, confidence: 1 };
    const endsPosition = direction === 'buy' ? 'down' : 'up';
    const against = this.settings.short_means === endsPosition ? probability : 1 - probability;
    return { keep: this.isSignal(against) === 1 ? 0 : 1, confidence: 1 };
  }

  /** The nearest prediction may be one that was made after the question, unless only the one of its moment counts. */
  looksAheadWith(): boolean {
    return this.settings.timestamp_match === 'nearest' && this.settings.match_limit_seconds !== 0;
  }

  describe(): ModelInfo {
    return {
      ...basicInfo({
        name: 'csv_direction_predictor',
        scope: 'directional',
        answers: ['entry', 'exit'],
        looksAhead: this.looksAheadWith(),
      }),
      timestamp_match: this.settings.timestamp_match,
      match_limit_seconds: this.settings.match_limit_seconds,
      confidence_threshold: this.settings.confidence_threshold,
      short_means: this.settings.short_means,
    };
  }

  private isSignal(probability: number): 0 | 1 {
    return probability >= this.settings.confidence_threshold ? 1 : 0;
  }
}

/** Four-hour bars until Friday's close hour; 0 from then to the end of Friday. The weekend counts towards the next Friday. */
function barsToFridayClose(time: number, closeHour: number): number {
  const daysLeft = (((FRIDAY - dayOfWeek(time)) % 7) + 7) % 7;
  const hoursLeft = 24 * daysLeft + closeHour - hourOfDay(time);
  return Math.max(0, Math.floor(hoursLeft / BAR_HOURS));
}

export default definePredictor({
  id: 'csv_direction_predictor',
  apiVersion: 1,
  version: '1.0.0',
  description: 'Entry and exit signals from CSV files that hold the predictions of two direction models.',
  parameters,
  capabilities: ['entry', 'exit', 'describe'],
  looksAhead: true,
  create: async (context) => {
    const settings = context.parameters;
    const read = async (parameter: 'long_predictions_csv' | 'short_predictions_csv') => {
      const path = settings[parameter];
      const source = { parameter, path, dateColumn: TIME, columns: [PROBABILITY] };
      return new DirectionProbabilities(await loadFrame(source, context), settings);
    };
    const long = await read('long_predictions_csv');
    const short = await read('short_predictions_csv');
    return new CsvDirectionPredictor(long, short, settings);
  },
});
