import cluster from 'node:cluster';
import {
  BACKTEST_FLAGS,
  type CommandLine,
  commandHelp,
  CONFIG_KEYS,
  ConfigError,
  parseCommandLine,
  splitArguments,
  startConfig,
} from '#libs/config';
import { DatabaseOpenError, isDatabaseAway, refuseOriginalFile } from '#libs/database';
import { AppError, HOUR_MS, messageOf, nearest } from '#libs/kernel';
import { PluginLoadError } from '#libs/plugin-host';
import { writeJsonOnly } from '../logging/json-output.js';
import { VERSION } from '../version.js';
import { EXIT, type Command, type PlainCommand, print, printError, STARTING_EXIT } from './command.js';
/** Loaded when asked for, so that `--help` answers at once. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => (await import('./serve.js')).serve,
  worker: async () => (await import('./serve.js')).work,
  evaluate: async () => (await import('./evaluate.js')).evaluate,
  migrate: async () => (await import('./migrate.js')).migrateDatabase,
  import: async () => (await import('./import.js')).importOriginal,
  'users create': async () => (await import('./users.js')).createUser,
  'users list': async () => (await import('./users.js')).listUsers,
  'users show': async () => (await import('./users.js')).showUser,
  'users deactivate': async () => (await import('./users.js')).deactivateUser,
  'users set-role': async () => (await import('./users.js')).setRole,
  'users new-key': async () => (await import('./users.js')).newKey,
  'config check': async () => (await import('./config.js')).checkConfig,
  'config show': async () => (await import('./config.js')).showConfig,
  'users activate': async () => (await import('./users.js')).activateUser,
  'users reset-password': async () => (await import('./users.js')).resetPassword,
  'plugins list': async () => (await import('./plugins.js')).listPlugins,
  backtest: async () => (await import('./backtest.js')).backtest,
  'audit anchor': async () => (await import('./verify.js')).anchorAudit,
  'audit verify': async () => (await import('./verify.js')).verifyAudit,
  'audit export': async () => (await import('./archive.js')).exportAudit,
  'billing verify': async () => (await import('./verify.js')).verifyBilling,
  'orders list': async () => (await import('./look.js')).listOrders,
  'orders show': async () => (await import('./look.js')).showOrder,
  'predictions tail': async () => (await import('./look.js')).tailPredictions,
  'receipts replay': async () => (await import('./replay-receipt.js')).replayReceipt,
  'receipts export': async () => (await import('./receipts.js')).exportReceipts,
  'receipts rotate': async () => (await import('./receipts.js')).rotateReceiptKey,
  'webhooks send-test': async () => (await import('./webhooks.js')).sendTest,
  'secrets rotate': async () => (await import('./secrets.js')).rotateSecrets,
  'secrets forget': async () => (await import('./secrets.js')).forgetSecrets,
  backup: async () => (await import('./backup.js')).backUp,
  restore: async () => (await import('./backup.js')).restore,
};
/** These read no settings, so that a model or a data file can be tried in any folder. */
const PLAIN_COMMANDS: Readonly<Record<string, () => Promise<PlainCommand>>> = {
  'backtest compare': async () => (await import('./backtest.js')).compareBacktests,
  demo: async () => (await import('./demo.js')).demo,
  'data inspect': async () => (await import('./data.js')).inspectData,
  'data validate': async () => (await import('./validate-data.js')).validateData,
  'receipts verify': async () => (await import('./receipts.js')).verifyReceipts,
  'audit verify-archive': async () => (await import('./archive.js')).verifyAuditArchive,
  'models inspect': async () => (await import('./models.js')).inspectModel,
  'models convert': async () => (await import('./models.js')).convert,
  'plugins new': async () => (await import('./plugin-author.js')).newPlugin,
  'plugins test': async () => (await import('./plugin-author.js')).testPlugins,
  'models run': async () => (await import('./models.js')).runModel,
  completion: async () => (await import('./completion.js')).printCompletion,
};
const SERVING = new Set(['serve', 'worker']);
/** Only these load plugins, whose parameters may be flags. */
const WITH_PLUGINS = new Set([
  ...SERVING,
  'backtest',
  'evaluate',
  'plugins list',
  'receipts replay',
  'config check',
  'config show',
]);

/**
 * Runs what the arguments say; never rejects. Until the command is at its end the process lives: none of its timers keeps
 * it alive, and sockets, which would, come and go with the database.
 */
export async function runCommand(argv: readonly string[]): Promise<number> {
  const alive = setInterval(() => undefined, HOUR_MS);
  try {
    return await run(argv);
  } finally {
    clearInterval(alive);
  }
}

async function run(argv: readonly string[]): Promise<number> {
  const line = parseCommandLine(argv);
  if (line.help) return print(commandHelp(line.words, process.stdout.columns));
  if (line.version) return print(VERSION);
  const name = line.command.join(' ');
  const endJson = SERVING.has(name) ? writeJsonOnly() : null;
  try {
    const loadPlain = PLAIN_COMMANDS[name];
    if (loadPlain !== undefined) return await (await loadPlain())(line);
    if (!WITH_PLUGINS.has(name)) refuseUnknownFlags(line);
    const config = await startConfig({
      commandLine: name === 'backtest' ? backtestSettings(line) : line,
      serving: name === 'config check' ? 'check' : SERVING.has(name),
      refuseDatabase: refuseOriginalFile,
    });
    // A server logs them itself.
    if (!SERVING.has(name)) for (const notice of config.notices) printError(`note: ${notice}`);
    const load = COMMANDS[name];
    if (load === undefined) throw new Error(`the command ${name} has no implementation`);
    return await (
      await load()
    )(config, line);
  } catch (error) {
    return explain(error);
  } finally {
    endJson?.();
  }
}

/** The settings among the arguments of a back-test; whoever names a data file wants its bars. */
function backtestSettings(line: CommandLine): CommandLine {
  const { line: rest } = splitArguments(line, BACKTEST_FLAGS);
  const namesFile = rest.extras['data_file_path'] !== undefined && rest.extras['data_source'] === undefined;
  return namesFile ? { ...rest, extras: { ...rest.extras, data_source: 'file' } } : rest;
}

/** A mistyped flag would otherwise be a parameter that no plugin is asked for. */
function refuseUnknownFlags({ extras, faults }: CommandLine): void {
  const unknown = Object.keys(extras).map((flag) => {
    const [close] = nearest(flag, CONFIG_KEYS);
    return `--${flag}: there is no such flag${close === undefined ? '' : `; did you mean --${close}?`}`;
  });
  if (unknown.length > 0) throw new ConfigError([...faults, ...unknown], 'The command line');
}

/** One clear message; a stack only for what nobody foresaw. */
function explain(error: unknown): number {
  const isUsage =
    error instanceof ConfigError ||
    (error instanceof DatabaseOpenError && ['original', 'missing'].includes(error.code));
  const isForeseen = [ConfigError, AppError, DatabaseOpenError, PluginLoadError].some(
    (kind) => error instanceof kind,
  );
  printError(isForeseen ? messageOf(error) : stackOf(error));
  if (!cluster.isWorker) return isUsage ? EXIT.usage : EXIT.failed;
  if (isDatabaseAway(error)) return STARTING_EXIT.mayPass;
  return isForeseen ? STARTING_EXIT.lasts : EXIT.failed;
}

const stackOf = (error: unknown): string => (error instanceof Error && error.stack) || messageOf(error);
