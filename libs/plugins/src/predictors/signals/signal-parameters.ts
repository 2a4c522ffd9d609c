import { decimal, integer, type ParameterDeclarations, text } from '#libs/kernel';
import { modelParameters } from '../model/model-file.js';
import { matchParameters } from '../oracle/row-match.js';

/** A parameter that names the file of one model; `without` says what is answered when it is null. */
export const modelPath = (model: string, without: string) =>
  ({
    type: 'string',
    default: null,
    minLength: 1,
    help: `File of ${model}: .keras, .h5, .onnx, or model.json of TensorFlow.js; its metadata lie beside it as <name>_metadata.json. Null: ${without}.`,
  }) as const;

/** Bars of a window where neither the metadata nor the model itself say how many. */
export const windowSize = (bars: number) =>
  ({
    type: 'integer',
    default: bars,
    min: 1,
    max: 100_000,
    help: 'Bars of a window where neither the metadata nor the model say; with less history the rows in front are zeros.',
  }) as const;

/** Probability from which on a signal is given. */
export const confidenceThreshold = (threshold: number) =>
  ({
    type: 'number',
    default: threshold,
    min: 0,
    max: 1,
    help: 'Probability from which on a signal is given (inclusive). Where both sides reach it, the likelier one is given; of equal ones the buy.',
  }) as const;

/** Parameters that the predictors of signals of trained models share. */
export const signalParameters = {
  csv_file: text(null, 'CSV file with the bars and the features of the models, a header on top. Required.'),
  datetime_column: text('DATE_TIME', 'Name of the time column.'),
  high_column: text('HIGH', 'Name of the high column; it is no feature unless metadata name it.'),
  low_column: text('LOW', 'Name of the low column; it is no feature unless metadata name it.'),
  close_column: text(
    'CLOSE',
    'Name of the close column, which exit distances are measured from; it is no feature unless metadata name it.',
  ),
  pip_cost: decimal(
    0.00001,
    'Size of one pip in price units, for the distances of an exit question; 0 makes them 0.',
    { min: 0 },
  ),
  prediction_horizon: integer(
    120,
    'bars_remaining of the last bar of the file, behind which nothing is known.',
    { min: 0 },
  ),
  friday_close_hour: integer(
    20,
    'Hour of Friday (in the time of the data) at which the trading week closes.',
    { min: 0, max: 23 },
  ),
  match_limit_seconds: {
    ...matchParameters.match_limit_seconds,
    help: 'Greatest distance in seconds between a question and its bar, the last one not later; beyond it the question is refused. Null: any distance.',
  },
  normalization_params_path: modelParameters.normalization_params_path,
  mc_samples: integer(
    0,
    'Passes with dropout active; their mean is the probability, their spread the confidence. 0: one pass without dropout, confidence 1.',
    { min: 0, max: 100_000 },
  ),
  mc_seed: {
    ...modelParameters.mc_seed,
    help: 'Seed of the passes: together with the bar and the kind of question it decides an answer bit for bit, in any order. Null draws one at the start, told in the model info.',
  },
} as const satisfies ParameterDeclarations;
