import { register } from 'node:module';
import { extname, isAbsolute, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { AppConfig } from '#libs/config';
import { configFolder, fileResolver } from './file-resolver.js';
import type { ResolutionHookData } from './module-resolution-hook.js';

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
    return import(isPath ? pathToFileURL(resolveFile(specifier)).href : specifier);
  };
}

/** Runs only where third-party plugins are configured: the hook's thread costs about 30 ms at start. */
function registerHook(folders: readonly string[]): void {
  const data: ResolutionHookData = {
    folders: [...new Set(folders)].map((folder) => pathToFileURL(resolve(folder, 'plugin.js')).href),
    sdk: import.meta.resolve('#libs/plugin-sdk'),
    importer: import.meta.url,
  };
  const hook = new URL(`./module-resolution-hook${extname(import.meta.url)}`, import.meta.url);
  register(hook.href, import.meta.url, { data });
}
