import { existsSync } from 'node:fs';
import { dirname, isAbsolute, resolve } from 'node:path';
import type { AppConfig } from '#libs/config';

/** The folder that relative names of the configuration begin in: the config file's, or the working directory. */
export const configFolder = (config: Pick<AppConfig, 'load_config'>, cwd: string): string =>
  config.load_config === null ? cwd : dirname(resolve(cwd, config.load_config));

/**
 * Makes names of files absolute. A relative one means the file beside the config file when there is one, otherwise that
 * in the working directory.
 */
export function fileResolver(config: Pick<AppConfig, 'load_config'>, cwd: string): (path: string) => string {
  const folder = configFolder(config, cwd);
  return (path) => {
    if (isAbsolute(path)) return path;
    const beside = resolve(folder, path);
    return existsSync(beside) ? beside : resolve(cwd, path);
  };
}
