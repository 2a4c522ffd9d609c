import { decimal, integer, type ParameterDeclarations, text } from '#libs/kernel';
import { fileFormatParameters } from '../../file-format.js';
import { modelParameters } from '../model/model-file.js';
import { weekParameters } from '../oracle/bar-horizon.js';
import { matchParameters } from '../oracle/row-match.js';

/** A parameter that names the file of one model; `without` says what is answered when it is null. */
export const modelPath = (model: string, without: string) =>
  text(
    { default: null, minLength: 1 },
    `File of ${model}: .keras, .h5, .onnx, or model.json of TensorFlow.js; its metadata are read from <name>_metadata.json in the same folder. Null: ${without}.`,
  );

/** Bars of a window where neither the metadata nor the model itself say how many. */
export const windowSize = (bars: number) =>
  integer(
    { default: bars, min: 1, max: 100_000 },
    'Number of bars in a window when neither the metadata nor the model specify it. With less history, the missing rows are zeros.',
  );

/** Probability from which on a signal is given. */
export const confidenceThreshold = (threshold: number) =>
  decimal(
    { default: threshold, min: 0, max: 1 },
    'Minimum probability of a signal. When both sides reach it, the more likely one is signalled; when they are equal, the buy.',
  );

/** Parameters that the predictors of signals of trained models share. */
export const signalParameters = {
  csv_file: text(
    null,
    'Data file with the bars and the features of the models: CSV in any dialect, JSON, or one of them in gzip or zip. Required.',
  ),
  datetime_column: text(
    'DATE_TIME',
    'Name of the time column. `DATE_TIME` and an empty name also find a column of another name by its content.',
  ),
  ...fileFormatParameters,
  high_column: text('HIGH', 'Name of the high column. It is a feature only if the metadata list it.'),
  low_column: text('LOW', 'Name of the low column. It is a feature only if the metadata list it.'),
  close_column: text(
    'CLOSE',
    'Name of the close column, from which exit distances are measured. It is a feature only if the metadata list it.',
  ),
  pip_cost: decimal(
    { default: 0.00001, min: 0 },
    'Size of one pip in price units, for the distances of an exit question. With 0 the distances are 0.',
  ),
  prediction_horizon: integer(
    { default: 120, min: 0 },
    'Value of bars_remaining for the last bar of the file, after which nothing is known.',
  ),
  ...weekParameters,
  match_limit_seconds: {
    ...matchParameters.match_limit_seconds,
    help: 'Maximum distance in seconds between a question and its bar (the last one that is not later); a question further away is refused. Null accepts any distance.',
  },
  normalization_params_path: modelParameters.normalization_params_path,
  custom_layers: modelParameters.custom_layers,
  compiled_models: modelParameters.compiled_models,
  mc_samples: integer(
    { default: 0, min: 0, max: 100_000 },
    'Number of passes with dropout active. Their mean is the probability; the smaller their spread, the higher the confidence. 0 makes one pass without dropout, with confidence 1.',
  ),
  mc_seed: {
    ...modelParameters.mc_seed,
    help: 'Seed of the passes. Seed, bar and kind of question determine an answer bit for bit, whatever the order of the questions. Null draws a seed at the start and shows it in the model info.',
  },
} as const satisfies ParameterDeclarations;
