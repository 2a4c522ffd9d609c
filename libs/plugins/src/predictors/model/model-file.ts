import { homedir } from 'node:os';
import { basename, extname, join } from 'node:path';
import { integer, map, messageOf, type ParameterDeclarations, text } from '#libs/kernel';
import {
  CompiledModels,
  type ModelDescription,
  ModelError,
  registerRecipe,
  subclassNote,
} from '#libs/keras-onnx';
import { PluginError, type PluginErrorCode } from '#libs/plugin-sdk';

/** A file that a parameter names; errors begin with the parameter and carry the file's base name only. */
export interface NamedFile {
  /** For example `model_path` or `model_files.fast`. */
  readonly parameter: string;
  /** Absolute. */
  readonly path: string;
  /** Name of its metadata file for messages, where it is not the usual one. */
  readonly metadata?: string;
  /** The other file of a model that is an architecture and weights; absolute. */
  readonly partner?: string | undefined;
}

/** The fault of a file, in words for the operator who configured it. */
export const fileFault = ({ parameter, path }: NamedFile, reason: string, cause?: unknown): PluginError =>
  new PluginError('not_configured', `${parameter}: ${basename(path)}: ${reason}`, { cause });

/** What a model library's error means to those who asked: a refused file is a fault of the configuration. */
export function modelFault(file: NamedFile, error: unknown): unknown {
  if (!(error instanceof ModelError)) return error;
  const code = codeOf(error);
  return new PluginError(code, `${file.parameter}: ${basename(file.path)}: ${error.detail}`, {
    cause: error,
  });
}

function codeOf({ code }: ModelError): PluginErrorCode {
  if (code === 'model_run_failed') return 'plugin_failed';
  return code === 'model_timeout' || code === 'model_disposed' ? 'source_unavailable' : 'not_configured';
}

/** What is told of a model that a server elsewhere computes, or whose class is its author's. */
export function servedFacts({ served, facts }: ModelDescription): Readonly<Record<string, unknown>> {
  const note = subclassNote(facts);
  return {
    ...(served !== undefined && { model_version: served.version, model_sha256_of: served.digestOf }),
    ...(note !== null && { model_note: note }),
  };
}

/** The same for its operator; null where there is nothing to know. */
export function noteOn({ parameter, path }: NamedFile, { facts }: ModelDescription): string | null {
  const note = subclassNote(facts);
  return note && `${parameter}: ${basename(path)}: ${note}`;
}

/** Kinds of model file that `model_type` may name. */
export const MODEL_TYPES = ['keras', 'onnx', 'tfjs', 'sklearn', 'pytorch'] as const;
export type ModelType = (typeof MODEL_TYPES)[number];

const EXPORT: Readonly<Record<'sklearn' | 'pytorch', string>> = {
  sklearn:
    'scikit-learn models run executable pickles; export to ONNX with skl2onnx: ' +
    "convert_sklearn(model, initial_types=[('window', FloatTensorType([None, features]))]), " +
    'then set model_path to the .onnx file and model_type to onnx',
  pytorch:
    'PyTorch models run executable pickles; export to ONNX with ' +
    "torch.onnx.export(model.eval(), example, 'model.onnx', dynamo=True), weights inside the file, " +
    'then set model_path to the .onnx file and model_type to onnx',
};

const FOREIGN: Readonly<Record<string, 'sklearn' | 'pytorch'>> = {
  '.pkl': 'sklearn',
  '.pickle': 'sklearn',
  '.joblib': 'sklearn',
  '.pt': 'pytorch',
  '.pth': 'pytorch',
};

/**
 * Refuses files of kinds that only Python can read, by the declared type or the file's extension.
 * @throws PluginError `not_configured` that says how to export the model to ONNX
 */
export function refuseForeignType(file: NamedFile, type: ModelType): void {
  const named = type === 'sklearn' || type === 'pytorch' ? type : undefined;
  const foreign = named ?? FOREIGN[extname(file.path).toLowerCase()];
  if (foreign !== undefined) throw fileFault(file, EXPORT[foreign]);
}

/**
 * The file itself says what it is, so the default `keras` takes every format; a type that was chosen must be the file's.
 * @throws PluginError `not_configured`
 */
export function refuseOtherFormat(
  file: NamedFile,
  type: ModelType,
  format: ModelDescription['format'],
): void {
  if (type === 'keras' || type === format) return;
  throw fileFault(file, `the file is a ${format} model, but model_type is ${type}`);
}

/** Parameters that every predictor of trained models has. */
export const modelParameters = {
  normalization_params_path: text(
    { default: null, minLength: 1 },
    'JSON file with {min, max} or {mean, std} for each column, as used in training. Takes precedence over a normalisation in the metadata.',
  ),
  mc_seed: integer(
    { default: null, min: 0, max: 4_294_967_295 },
    'Seed of the Monte-Carlo passes; makes answers reproducible bit for bit. Null draws a seed for each answer and returns it as `seed`.',
  ),
  model_cache_size: integer(
    { default: 5, min: 1, max: 1_000 },
    'Number of models kept in memory; the least recently used one is unloaded first.',
  ),
  custom_layers: map(
    { items: 'string' },
    'Recipes for layer classes of your own, by class: `{"TransformerBlock": "transformerBlock"}`. There are transformerBlock, tcnResidualBlock, positionalEncoding, positionalEncodingHalves and time2Vec; plugins may register others. Configuration and variables of the layer must fit.',
  ),
  compiled_models: text(
    { default: 'auto', minLength: 1 },
    'Folder that keeps compiled models, so that a restart need not compile them: a path, `auto` for .cache/prediction-provider/models in the home folder, or `none`. Only its owner may write there.',
  ),
} as const satisfies ParameterDeclarations;

/** Registers the recipes that a predictor's parameters name. @throws PluginError `not_configured` */
export function registerCustomLayers({
  custom_layers: recipes,
}: {
  readonly custom_layers: Readonly<Record<string, string>>;
}): void {
  for (const [className, recipe] of Object.entries(recipes)) {
    try {
      registerRecipe(className, recipe);
    } catch (error) {
      throw new PluginError('not_configured', `custom_layers: ${messageOf(error)}`, { cause: error });
    }
  }
}

/** Where a predictor's models are kept compiled; undefined when they are not. */
export function compiledModels(
  setting: string,
  resolveFile: (path: string) => string,
): CompiledModels | undefined {
  if (setting === 'none') return undefined;
  const folder =
    setting === 'auto' ? join(homedir(), '.cache', 'prediction-provider', 'models') : resolveFile(setting);
  return new CompiledModels({ folder });
}
