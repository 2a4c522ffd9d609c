import { AppError } from '#libs/kernel';
import { PluginError } from '#libs/plugin-sdk';

/**
 * Loads a file that a parameter names. A file that can't be used is a fault of the configuration.
 * @throws PluginError `not_configured` that begins with the parameter's name; what is no AppError as it is
 */
export async function configuredFile<T>(parameter: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    throw new PluginError('not_configured', `${parameter}: ${error.detail}`, { cause: error });
  }
}
