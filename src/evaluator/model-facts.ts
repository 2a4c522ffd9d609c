import type { ParameterValue } from '#libs/kernel';
import type { ModelConfig } from './claim.dto.js';

type Facts = Pick<
  ModelConfig,
  'modelPath' | 'modelSha256' | 'normalizationParams' | 'featureColumns' | 'featureNames' | 'sequenceLength'
>;

const SHA256 = /^[0-9a-f]{64}$/i;

/**
 * What a predictor's parameters and its description tell about its model; null where they say nothing.
 * @param parameters as shown: secrets left out, files without their folders
 * @param info what `describe(model)` answered: `window_size`, `feature_columns` (there or in `metadata`, else
 * `required_columns`), `model_path`, `model_sha256` or `sha256`; null when it was not asked
 * @param model one of the predictor's `model_files`; null for its own choice
 */
export function modelFacts(
  parameters: Readonly<Record<string, ParameterValue>>,
  info: Readonly<Record<string, unknown>> | null,
  model: string | null = null,
): Facts {
  const metadata = objectIn(info?.['metadata']);
  const names =
    namesIn(info?.['feature_columns']) ??
    namesIn(metadata['feature_columns']) ??
    namesIn(info?.['required_columns']);
  const path = model === null ? parameters['model_path'] : objectIn(parameters['model_files'])[model];
  const digest = textIn(info?.['model_sha256']) ?? textIn(info?.['sha256']);
  return {
    modelPath: textIn(path) ?? textIn(info?.['model_path']),
    modelSha256: digest !== null && SHA256.test(digest) ? digest.toLowerCase() : null,
    normalizationParams:
      textIn(parameters['normalization_params_path']) ?? textIn(parameters['use_normalization_json']),
    featureColumns: names?.length ?? null,
    featureNames: names,
    sequenceLength: countIn(info?.['window_size']),
  };
}

const textIn = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);

const objectIn = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};

const countIn = (value: unknown): number | null =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : null;

const namesIn = (value: unknown): readonly string[] | null =>
  Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === 'string') ? value : null;
