/**
 * The error a plugin throws when it can say what is wrong. `message` reaches the client: no paths, no secrets.
 * Any other error of a plugin is logged in full and answered as `plugin_failed` without its text.
 */
export type PluginErrorCode =
  | 'invalid_request' // the question can't be answered as asked (unknown symbol, horizon too long, column missing)
  | 'not_configured' // a required parameter is missing or a file that it names can't be read
  | 'no_data' // the source has no bars for this question
  | 'source_unavailable' // the source failed or timed out; trying later may help
  | 'unsupported' // the plugin does not have this operation
  | 'plugin_failed'; // anything else

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
