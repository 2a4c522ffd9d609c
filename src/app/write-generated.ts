import 'reflect-metadata';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { configurationPage, differencesTable, environmentExample, loadConfig } from '#libs/config';
import { kerasSupportTable } from '#libs/keras-onnx';
import { parameterPage } from '#libs/plugin-host';
import type { PluginDefinition } from '#libs/plugin-sdk';
import { HOUR_MS } from '#libs/kernel';
import { BUILT_IN_PLUGINS } from '#libs/plugins';
import { seriesTable } from '#libs/telemetry';
import { dialectTable, featurePage } from '#libs/timeseries';

/** `npm run openapi`: made by the application itself, which for that runs on a private database and listens nowhere. */
async function apiText(): Promise<string> {
  // Loaded when asked for: the other files need no application.
  const [{ startServer }, { apiDocument }] = await Promise.all([
    import('./server.js'),
    import('./swagger/api-document.js'),
  ]);
  const config = loadConfig({
    argv: [],
    env: {},
    flags: {
      database_url: 'sqlite://:memory:',
      secret_key: 'only-for-writing-the-description-of-the-api',
      admin_password: 'only-for-writing-it',
      core_plugin: 'sync_core',
      endpoint_plugins: ['predict_endpoint', 'health_endpoint', 'info_endpoint', 'metrics_endpoint'],
      log_level: 'ERROR',
    },
    serving: true,
  });
  // no timer of a process that listens nowhere keeps it alive
  const alive = setInterval(() => undefined, HOUR_MS);
  const server = await startServer(config, { listens: false });
  const text = `${JSON.stringify(apiDocument(server.app), null, 2)}\n`;
  await server.stop();
  clearInterval(alive);
  return text;
}

async function builtInPlugins(): Promise<PluginDefinition[]> {
  const modules = await Promise.all(BUILT_IN_PLUGINS.map((load) => load()));
  return modules.flatMap(
    (one) => (one as { readonly default: PluginDefinition | PluginDefinition[] }).default,
  );
}

const pluginsPage = async (): Promise<string> => parameterPage(await builtInPlugins());

const MOVING = 'docs/moving.md';
const METRICS = 'docs/metrics.md';
const DATA = 'docs/data.md';
const KERAS = 'libs/keras-onnx/README.md';
const [BEGIN, END] = ['<!-- prettier-ignore-start -->', '<!-- prettier-ignore-end -->'];

/** A page as it is written by hand, with this table between its two marks. */
function withTable(path: string, table: string): string {
  const page = readFileSync(path, 'utf8');
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`${path} has lost the marks of its table`);
  return `${page.slice(0, begin)}${BEGIN}\n\n${table}\n\n${page.slice(end)}`;
}

/** With what the switch turns on. */
async function movingPage(): Promise<string> {
  const plugins = new Map((await builtInPlugins()).map((plugin) => [plugin.id, plugin]));
  const table = differencesTable((plugin, name) => {
    const declared = plugins.get(plugin)?.parameters[name];
    if (declared === undefined) throw new Error(`${plugin} has no parameter ${name}`);
    return declared.default;
  });
  return withTable(MOVING, table);
}

/** What is written from declarations: the command that writes it, and its text. */
const FILES: Readonly<Record<string, readonly [command: string, text: () => string | Promise<string>]>> = {
  'openapi.json': ['openapi', apiText],
  '.env.example': ['docs', environmentExample],
  'docs/configuration.md': ['docs', configurationPage],
  'docs/features.md': ['docs', featurePage],
  [DATA]: ['docs', () => withTable(DATA, dialectTable())],
  [METRICS]: ['docs', () => withTable(METRICS, seriesTable())],
  [MOVING]: ['docs', movingPage],
  [KERAS]: ['docs', () => withTable(KERAS, kerasSupportTable())],
  'docs/plugin-parameters.md': ['docs:plugins', pluginsPage],
};

/**
 * `npm run openapi | docs | docs:plugins [-- --check]`: writes the files of that command below the working directory; with
 * `--check` it only reports those that differ.
 */
async function writeFiles([wanted, ...options]: readonly string[]): Promise<void> {
  for (const [path, [command, textOf]] of Object.entries(FILES)) {
    if (command !== wanted) continue;
    const text = await textOf();
    if (existsSync(path) && readFileSync(path, 'utf8') === text) continue;
    if (options.includes('--check')) {
      process.stderr.write(`${path} is out of date; run: npm run ${command}\n`);
      process.exitCode = 1;
    } else {
      writeFileSync(path, text);
      process.stdout.write(`wrote ${path}\n`);
    }
  }
}

// The build makes a script of this, which cannot wait at its top.
void writeFiles(process.argv.slice(2));
