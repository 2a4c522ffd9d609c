import { extname } from 'node:path';
import type { ModelFormat } from '#libs/keras-onnx';
import { fileFault, type NamedFile } from './model-fault.js';

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
export function refuseOtherFormat(file: NamedFile, type: ModelType, format: ModelFormat): void {
  if (type === 'keras' || type === format) return;
  throw fileFault(file, `the file is a ${format} model, but model_type is ${type}`);
}
