/** The kinds of failure that a plugin reports; docs/plugins.md lists the HTTP status of each. */
export type PluginErrorCode =
  | 'invalid_request' // the question can't be answered as asked (unknown symbol, horizon too long, column missing)
  | 'not_configured' // a required parameter is missing or a file that it names can't be read
  | 'no_data' // the source has no bars for this question
  | 'source_unavailable' // the source failed or timed out; trying later may help
  | 'unsupported' // the plugin does not have this operation
  | 'plugin_failed'; // anything else

/** Every code, in the order of the documentation. */
export const PLUGIN_ERROR_CODES: readonly PluginErrorCode[] = [
  'invalid_request',
  'not_configured',
  'no_data',
  'source_unavailable',
  'unsupported',
  'plugin_failed',
];

/**
 * The plugin error code that an error carries, or null. It checks name and code, not the class, so that it also
 * recognises errors of another copy of this SDK and the errors that a pipeline sees from its tools.
 */
export function pluginErrorCode(error: unknown): PluginErrorCode | null {
  if (typeof error !== 'object' || error === null || !('code' in error)) return null;
  return PLUGIN_ERROR_CODES.find((code) => code === error.code) ?? null;
}

/**
 * The error a plugin throws when it can say what is wrong. `message` reaches the client: no paths, no secrets.
 * Any other error of a plugin is logged in full and answered as `plugin_failed` without its text.
 */
export class PluginError extends Error {
  constructor(
    readonly code: PluginErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
    this.name = 'PluginError';
  }
}
