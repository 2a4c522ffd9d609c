import { AppError, type ErrorKind, invalid } from '#libs/kernel';
import { pluginErrorCode, type PluginErrorCode, type PluginLogger } from '#libs/plugin-sdk';

// An absolute path, a `file:` address, or a relative path whose last part has an extension; other addresses are no paths.
const FOLDERS =
  /(?<![\w:/\\.-])(?:file:\/\/\/|(?:[A-Za-z]:)?[\\/]|\.{1,2}[\\/]|[\w-]+[\\/](?=[^\s"']*\.\w))(?:[^\s"'\\/:]+[\\/])*(?=[^\s"'\\/])/g;

/** The text with every file path in it cut down to the file's name: nobody outside learns how the disk is laid out. */
export const hideFolders = (text: string): string => text.replaceAll(FOLDERS, '');

/** How each code of a plugin error is answered over HTTP; the code itself goes along. docs/plugins.md shows this table. */
export const ANSWER_TO_PLUGIN_ERROR: Readonly<Record<PluginErrorCode, ErrorKind>> = {
  invalid_request: 'invalid', // 422
  no_data: 'not_found', // 404
  not_configured: 'unavailable', // 503
  source_unavailable: 'unavailable', // 503
  unsupported: 'unsupported', // 501
  plugin_failed: 'internal', // 500
};

/**
 * What leaves the server when a plugin threw. Errors with a plugin error's code keep their message, cut free of folders;
 * so do errors that are already meant for clients, such as those of a tool that a pipeline passes on. Everything else,
 * `plugin_failed` included, is answered without its text.
 */
export function answerTo(pluginId: string, error: unknown): AppError {
  if (error instanceof AppError && (error.kind !== 'internal' || error.code === 'plugin_failed'))
    return error;
  const code = pluginErrorCode(error);
  if (code === null || code === 'plugin_failed') return pluginFailed(pluginId, error);
  const message = hideFolders((error as Error).message);
  if (code === 'invalid_request') {
    const { violations } = invalid({ type: 'value_error', loc: ['body'], msg: `Value error, ${message}` });
    return new AppError('invalid', message, { code, violations, cause: error });
  }
  const text = code === 'not_configured' ? `Plugin ${pluginId} is not configured: ${message}` : message;
  return new AppError(ANSWER_TO_PLUGIN_ERROR[code], text, { code, cause: error });
}

/** A 500 that names the plugin and nothing else. */
export const pluginFailed = (pluginId: string, cause: unknown): AppError =>
  new AppError('internal', `Plugin ${pluginId} failed`, { code: 'plugin_failed', cause });

/** Writes to the log what the answer leaves out. */
export function logPluginFailure(
  logger: PluginLogger,
  operation: string,
  answer: AppError,
  error: unknown,
): void {
  if (answer.code !== 'plugin_failed' || error === answer) return;
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  logger.error(`${operation} failed: ${text}`);
}
