import type { AppConfig } from '#libs/config';
import { systemClock, type Clock } from '#libs/kernel';
import { loadPlugins, moduleImporter, type PluginRegistry } from '#libs/plugin-host';
import type { BarCache, PluginLogger } from '#libs/plugin-sdk';
import { BUILT_IN_PLUGINS } from '#libs/plugins';

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
    importModule: moduleImporter(config),
  });
