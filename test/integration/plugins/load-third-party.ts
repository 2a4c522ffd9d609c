import { loadConfig } from '#libs/config';
import { systemClock } from '#libs/kernel';
import { loadPlugins } from '#libs/plugin-host';
import { Frame } from '#libs/plugin-sdk';
import { pluginImporter } from '../../../src/app/load-configured-plugins.js';
import { minimalPlugins } from '../../unit/plugin-host/stage.js';

/** Loads the plugins of a config file as the server does, asks the configured predictor, and prints what came. */
const [, , configFile = '', folder = ''] = process.argv;
const config = loadConfig({ argv: ['--load_config', configFile], env: {}, cwd: folder });
try {
  const registry = await loadPlugins({
    manifest: Object.values(minimalPlugins).map((definition) => async () => ({ default: definition })),
    config,
    clock: systemClock,
    logger: { info: () => undefined, warn: console.log, error: console.log },
    barCache: null,
    importModule: pluginImporter(config, folder),
    cwd: folder,
  });
  const time = Float64Array.from({ length: 40 }, (_, row) => row * 3_600_000);
  const output = await registry
    .active('predictor')
    .forecast(Frame.of(time, { CLOSE: time.map((_, row) => row) }), {
      symbol: 'A',
      interval: '1h',
      horizons: [2],
      horizon: null,
      baseline: null,
      dateColumn: null,
      targetColumn: null,
      signal: new AbortController().signal,
    });
  console.log(`forecast ${JSON.stringify([output.mode, ...output.predictions])}`);
  console.log(`predictors ${registry.ids('predictor').join()}`);
} catch (error) {
  console.log(`failed ${(error as Error).message.replaceAll('\n', ' ')}`);
}
