import type { PluginLogger } from '#libs/plugin-sdk';
import type { Logger } from './logger.js';

/** The log as plugins know it. */
export function pluginLogger(logger: Logger): PluginLogger {
  const child = logger.child({ name: 'prediction_provider.plugins' });
  return {
    info: (message, details = {}) => child.info(details, message),
    warn: (message, details = {}) => child.warn(details, message),
    error: (message, details = {}) => child.error(details, message),
  };
}
