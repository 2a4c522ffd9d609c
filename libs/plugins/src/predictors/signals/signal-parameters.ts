import type { ParameterDeclarations } from '#libs/kernel';
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
  csv_file: {
    type: 'string',
    default: null,
    help: 'CSV file with the bars and the features of the models, a header on top. Required.',
  },
  datetime_column: { type: 'string', default: 'DATE_TIME', help: 'Name of the time column.' },
  high_column: {
    type: 'string',
    default: 'HIGH',
    help: 'Name of the high column; it is no feature unless metadata name it.',
  },
  low_column: {
    type: 'string',
    default: 'LOW',
    help: 'Name of the low column; it is no feature unless metadata name it.',
  },
  close_column: {
    type: 'string',
    default: 'CLOSE',
    help: 'Name of the close column, which exit distances are measured from; it is no feature unless metadata name it.',
  },
  pip_cost: {
    type: 'number',
    default: 0.00001,
    min: 0,
    help: 'Size of one pip in price units, for the distances of an exit question; 0 makes them 0.',
  },
  prediction_horizon: {
    type: 'integer',
    default: 120,
    min: 0,
    help: 'bars_remaining of the last bar of the file, behind which nothing is known.',
  },
  friday_close_hour: {
    type: 'integer',
    default: 20,
    min: 0,
    max: 23,
    help: 'Hour of Friday (in the time of the data) at which the trading week closes.',
  },
  match_limit_seconds: {
    ...matchParameters.match_limit_seconds,
    help: 'Greatest distance in seconds between a question and its bar, the last one not later; beyond it the question is refused. Null: any distance.',
  },
  normalization_params_path: modelParameters.normalization_params_path,
  mc_samples: {
    type: 'integer',
    default: 0,
    min: 0,
    max: 100_000,
    help: 'Passes with dropout active; their mean is the probability, their spread the confidence. 0: one pass without dropout, confidence 1.',
  },
  mc_seed: {
    ...modelParameters.mc_seed,
    help: 'Seed of the passes: together with the bar and the kind of question it decides an answer bit for bit, in any order. Null draws one at the start, told in the model info.',
  },
} as const satisfies ParameterDeclarations;
