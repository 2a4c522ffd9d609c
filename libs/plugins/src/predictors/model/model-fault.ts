import { basename } from 'node:path';
import { AppError } from '#libs/kernel';
import { ModelError } from '#libs/keras-onnx';
import { PluginError, type PluginErrorCode } from '#libs/plugin-sdk';

/** A file that a parameter names; errors begin with the parameter and carry the file's base name only. */
export interface NamedFile {
  /** For example `model_path` or `model_files.fast`. */
  readonly parameter: string;
  /** Absolute. */
  readonly path: string;
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

/** The fault of a side file, such as a normalisation: the text names the file already. */
export function sideFileFault({ parameter }: NamedFile, error: unknown): unknown {
  if (!(error instanceof AppError)) return error;
  return new PluginError('not_configured', `${parameter}: ${error.detail}`, { cause: error });
}
