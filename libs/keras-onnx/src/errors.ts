import { AppError, type ErrorKind } from '#libs/kernel';

/**
 * Why a model was refused or a run failed. Stable; programs may branch on it.
 * - `model_not_found`: no such file.
 * - `model_corrupt`: the file is damaged, truncated or contradicts itself (wrong shapes, missing weights).
 * - `model_unsupported`: the file is sound, but holds something this library does not run (`layer` says where).
 * - `model_too_large`: a declared size is over a limit.
 * - `model_timeout`, `model_out_of_memory`: compiling went over its limits and was stopped.
 * - `model_input`: the inputs of a run do not fit the model.
 * - `model_run_failed`: ONNX Runtime reported an error.
 * - `model_disposed`: the model was disposed of before the call.
 */
export type ModelErrorCode =
  | 'model_not_found'
  | 'model_corrupt'
  | 'model_unsupported'
  | 'model_too_large'
  | 'model_timeout'
  | 'model_out_of_memory'
  | 'model_input'
  | 'model_run_failed'
  | 'model_disposed';

const KINDS: Readonly<Record<ModelErrorCode, ErrorKind>> = {
  model_not_found: 'not_found',
  model_corrupt: 'invalid',
  model_unsupported: 'unsupported',
  model_too_large: 'too_large',
  model_timeout: 'unavailable',
  model_out_of_memory: 'unavailable',
  model_input: 'invalid',
  model_run_failed: 'internal',
  model_disposed: 'conflict',
};

/** The codes, for checking one that crossed a process boundary. */
export function isModelErrorCode(code: unknown): code is ModelErrorCode {
  return typeof code === 'string' && Object.hasOwn(KINDS, code);
}

/** Every error of this library. `layer` names the layer at fault where there is one. Never carries a path. */
export class ModelError extends AppError {
  declare readonly code: ModelErrorCode;
  readonly layer: string | undefined;

  constructor(
    code: ModelErrorCode,
    detail: string,
    options: { layer?: string | undefined; cause?: unknown } = {},
  ) {
    super(KINDS[code], detail, { code, cause: options.cause });
    this.name = 'ModelError';
    this.layer = options.layer;
  }
}

/** The file could not be opened; the system's code tells why. */
export function notOpened(cause: unknown): ModelError {
  const { code } = cause as { readonly code?: unknown };
  const isMissing = code === 'ENOENT' || code === 'ENOTDIR';
  const detail = isMissing
    ? 'there is no such file; check its path'
    : `the model file cannot be opened (${String(code)}); check its path and who may read it`;
  return new ModelError('model_not_found', detail, { cause });
}

/** What helps where bytes are wrong or missing. */
const SAVE_ANEW = 'save the model anew, or copy its file again';

/** The file is damaged or contradicts itself; `need` says what would help. */
export function corrupt(detail: string, layer?: string, cause?: unknown, need = SAVE_ANEW): ModelError {
  const place = layer === undefined ? '' : `layer '${layer}': `;
  return new ModelError('model_corrupt', `${place}${detail}; ${need}`, { layer, cause });
}

/** Something is larger than its limit. */
export const tooLarge = (detail: string, need = 'serve a smaller model'): ModelError =>
  new ModelError('model_too_large', `${detail}; ${need}`);

/** The file is sound but asks for something that is not run here; `need` says what would help. */
export function unsupported(what: string, need: string, layer?: string): ModelError {
  const place = layer === undefined ? '' : `layer '${layer}': `;
  return new ModelError('model_unsupported', `${place}${what} is not supported; ${need}`, { layer });
}
