import { writeFile } from 'node:fs/promises';
import { allowed } from '#libs/kernel';
import type { PluginRegistry } from '#libs/plugin-host';
import type { PluginLogger } from '#libs/plugin-sdk';
import { loadConfiguredPlugins } from '../load-configured-plugins.js';
import { type Command, print, printError } from './command.js';

const warnings: PluginLogger = { info: () => undefined, warn: printError, error: printError };

/** `plugins list`: every known plugin with its parameters, their defaults and ranges. */
export const listPlugins: Command = async (config) => {
  const registry = await loadConfiguredPlugins(config, null, warnings);
  try {
    const text = describe(registry);
    if (config.output_file !== null) await writeFile(config.output_file, `${text}\n`);
    return print(text);
  } finally {
    await registry.close();
  }
};

const describe = (registry: PluginRegistry): string =>
  registry
    .definitions()
    .map((plugin) => {
      const heading = `${plugin.kind} ${plugin.id} ${plugin.version} – ${plugin.description}`;
      const parameters = Object.entries(plugin.parameters).map(
        ([name, declaration]) =>
          `    ${name} = ${JSON.stringify(declaration.default)} (${allowed(declaration)}): ${declaration.help}`,
      );
      return [heading, ...parameters].join('\n');
    })
    .join('\n\n');
