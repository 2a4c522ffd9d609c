import { register } from 'node:module';
import { dirname, extname, isAbsolute, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { existsSync } from 'node:fs';
import type { AppConfig } from '#libs/config';
import { PLUGIN_PACKAGE, type ResolutionHookData } from './module-resolution-hook.js';

const PATH = /^\.{0,2}[\\/]|^[A-Za-z]:[\\/]/;

/**
 * Imports third-party plugins for {@link loadPlugins}. A path is looked for beside the config file, then from the working
 * directory. A package is found as Node would find it from the config file's folder, then from the working directory,
 * then from this installation. Plugins may import `prediction-provider/plugin-sdk` wherever they lie: when their own
 * folder has none they get this server's.
 */
export function moduleImporter(
  config: Pick<AppConfig, 'load_config'>,
  cwd: string = process.cwd(),
): (specifier: string) => Promise<unknown> {
  const folders = [configFolder(config, cwd), cwd];
  const resolveFile = fileResolver(config, cwd);
  let registered = false;
  return (specifier) => {
    if (!registered) {
      registered = true;
      registerHook(folders);
    }
    const isPath = PATH.test(specifier) || isAbsolute(specifier);
    return import(isPath ? pathToFileURL(resolveFile(specifier)).href : `${PLUGIN_PACKAGE}${specifier}`);
  };
}

/** Found before any hook is there, which would look for it in the folders of a plugin. */
const SDK = import.meta.resolve('#libs/plugin-sdk');

/** Runs only where third-party plugins are configured: the hook's thread costs about 30 ms at start. */
function registerHook(folders: readonly string[]): void {
  const data: ResolutionHookData = {
    folders: [...new Set(folders)].map((folder) => pathToFileURL(resolve(folder, 'plugin.js')).href),
    sdk: SDK,
  };
  const hook = new URL(`./module-resolution-hook${extname(import.meta.url)}`, import.meta.url);
  register(hook.href, import.meta.url, { data });
}

/** The folder that relative names of the configuration begin in: the config file's, or the working directory. */
const configFolder = (config: Pick<AppConfig, 'load_config'>, cwd: string): string =>
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
