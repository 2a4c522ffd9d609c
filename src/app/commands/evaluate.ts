import type { AppConfig } from '#libs/config';
import { AppError, systemClock } from '#libs/kernel';
import type { PluginLogger } from '#libs/plugin-sdk';
import { ComputeAnswer } from '../../agent/compute-answer.js';
import { EvaluatorAgent } from '../../agent/evaluator-agent.js';
import { HttpOrderQueue } from '../../agent/http-order-queue.js';
import { loadConfiguredPlugins } from '../load-configured-plugins.js';
import { createLogger, openLogStreams, pluginLogger } from '../logging/logger.js';
import { EXIT, type Command, print, printError, stopSignal } from './command.js';
/**
 * `evaluate`: an evaluator's process, without a database. It lists, claims and computes orders of the service at `url`
 * with the plugins that are loaded here, until SIGINT or SIGTERM.
 */
export const evaluate: Command = async (config, line) => {
  const { url, apiKey } = destination(config);
  const stopped = stopSignal();
  const logs = openLogStreams(config);
  const logger = pluginLogger(createLogger(config, logs.streams));
  const registry = await loadConfiguredPlugins(config, null, logger);
  const { predictor_plugin } = line.flags;
  const predictor =
    typeof predictor_plugin === 'string' ? registry.canonicalId('predictor', predictor_plugin) : null;
  const market = new HttpOrderQueue(url, apiKey);
  const agent = new EvaluatorAgent(
    market,
    market,
    new ComputeAnswer(registry, systemClock),
    {
      parallel: config.agent_parallel,
      idleMs: config.agent_idle_seconds * 1000,
      heartbeatMs: config.agent_heartbeat_seconds * 1000,
      untilIdle: config.agent_until_idle,
      predictor,
    },
    systemClock,
    saying(config, logger),
  );
  try {
    if (!config.quiet_mode)
      print(`Evaluating orders of ${url}${predictor === null ? '' : ` for ${predictor}`}`);
    await Promise.race([agent.run(), stopped.then(() => agent.stop(config.shutdown_grace * 1000))]);
    if (!config.quiet_mode) print(summary(agent));
    return EXIT.done;
  } finally {
    await registry.close();
    await logs.close();
  }
};

function destination({ url, api_key }: AppConfig): { readonly url: string; readonly apiKey: string } {
  if (url !== null && api_key !== null) return { url, apiKey: api_key };
  const missing = [...(url === null ? ['--url'] : []), ...(api_key === null ? ['--api_key'] : [])].join(
    ' and ',
  );
  throw new AppError(
    'bad_request',
    `evaluate requires ${missing}: the address of the service and the API key of an evaluator account`,
  );
}

/** One line for each order, for whoever watches, and one for whatever goes wrong; both in the log, too. */
function saying(config: AppConfig, logger: PluginLogger): PluginLogger {
  if (config.quiet_mode) return logger;
  const tell =
    (write: (text: string) => unknown, level: 'info' | 'warn'): PluginLogger['info'] =>
    (message, details) => {
      write([message, details?.['order']].filter((word) => word !== undefined).join(' '));
      logger[level](message, details);
    };
  return { ...logger, info: tell(print, 'info'), warn: tell(printError, 'warn') };
}

const summary = ({ figures: { completed, released, lost } }: EvaluatorAgent): string =>
  `Stopped: ${completed} completed, ${released} released, ${lost} lost`;
