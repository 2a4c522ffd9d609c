import type { AppConfig } from '#libs/config';
import { systemClock, type Clock } from '#libs/kernel';
import { loadPlugins, moduleImporter, type PluginRegistry } from '#libs/plugin-host';
import { takeRegisteredLayers, type BarCache, type PluginLogger } from '#libs/plugin-sdk';
import { BUILT_IN_PLUGINS } from '#libs/plugins';

/** Imports the modules of plugins; layers that one registers while it loads are served from then on. */
export function pluginImporter(config: AppConfig, folder?: string): (specifier: string) => Promise<unknown> {
  const importModule = moduleImporter(config, folder);
  return async (specifier) => {
    const module = await importModule(specifier);
    const layers = takeRegisteredLayers();
    if (layers.length > 0) {
      const { registerRecipe } = await import('#libs/keras-onnx');
      for (const [className, recipe] of layers) registerRecipe(className, recipe);
    }
    return module;
  };
}

/** Loads the built-in and the configured third-party plugins; ends with every fault named when one is not right. */
export const loadConfiguredPlugins = (
  config: AppConfig,
  barCache: BarCache | null,
  logger: PluginLogger,
  clock: Clock = systemClock,
): Promise<PluginRegistry> =>
  loadPlugins({
    manifest: BUILT_IN_PLUGINS,
    config,
    clock,
    logger,
    barCache,
    importModule: pluginImporter(config),
  });
