import { cp, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { commandArguments, ConfigError, PLUGINS_NEW_FLAGS, PLUGINS_TEST_FLAGS } from '#libs/config';
import { messageOf, type ParametersOf } from '#libs/kernel';
import { definitionsOf, moduleImporter } from '#libs/plugin-host';
import {
  type ConformanceCheck,
  coreConformance,
  createPlugin,
  endpointsConformance,
  type EntryQuestion,
  type ExitQuestion,
  feederConformance,
  Frame,
  pipelineConformance,
  type PluginDefinition,
  predictorConformance,
  runConformance,
} from '#libs/plugin-sdk';
import { loadCsv } from '#libs/timeseries';
import { packageFolder } from '../version.js';
import { EXIT, type PlainCommand, print, printError } from './command.js';
import { coloured, progressBar } from './terminal.js';

/** The example that a new plugin of each kind is made of. */
const EXAMPLES = { predictor: 'last-value-predictor', feeder: 'steady-feeder' } as const;
const NAME = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;
const MOST_LETTERS = 50;

/** `plugins new NAME [--kind feeder]`: a folder with a plugin, its test, its types and how to use it. */
export const newPlugin: PlainCommand = async (line) => {
  const { positionals, flags } = commandArguments(line, PLUGINS_NEW_FLAGS);
  const [name = ''] = positionals;
  if (!NAME.test(name) || name.length > MOST_LETTERS)
    throw new ConfigError(
      [`"${name}" is no name for a plugin; use small letters, digits and -, for example my-predictor`],
      'The command line',
    );
  const folder = resolve(name);
  const example = EXAMPLES[flags.kind];
  await mkdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
    throw new ConfigError([`${folder} exists already; choose another name`], 'The command line');
  });
  await cp(join(packageFolder, 'examples', 'plugins', example), folder, { recursive: true });
  for (const file of await readdir(folder)) {
    const path = join(folder, file);
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replaceAll(example, name).replaceAll(idOf(example), idOf(name)));
  }
  return print(
    [
      `The ${flags.kind} ${idOf(name)} is in ${folder}.`,
      `  Check it:  prediction-provider plugins test ${name}`,
      `  Use it:    "plugins": ["./${name}/index.js"], "${flags.kind}_plugin": "${idOf(name)}"`,
    ].join('\n'),
  );
};

const idOf = (name: string): string => name.replaceAll('-', '_');

/** `plugins test FILE`: the conformance suite of every plugin in the file; exit code 1 when a check fails. */
export const testPlugins: PlainCommand = async (line) => {
  const { positionals, flags } = commandArguments(line, PLUGINS_TEST_FLAGS);
  const path = await fileOf(positionals[0] ?? '');
  const subject = await subjectOf(flags);
  const { definitions, faults } = definitionsOf(await imported(path), basename(path));
  for (const fault of faults) printError(coloured(fault, 'red'));
  let failures = faults.length;
  for (const definition of definitions) failures += await testOne(definition, subject);
  if (definitions.length === 0) printError('There is no plugin to test.');
  return failures === 0 && definitions.length > 0 ? EXIT.done : EXIT.failed;
};

/** A folder stands for its `index.js`. */
async function fileOf(given: string): Promise<string> {
  const path = resolve(given);
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw new ConfigError(
      [`${path}: ${error.code === 'ENOENT' ? 'there is no such file' : messageOf(error)}`],
      'The command line',
    );
  });
  return found.isDirectory() ? join(path, 'index.js') : path;
}

/** The module. Plugins find the SDK wherever they lie, as the service lets them. */
async function imported(path: string): Promise<unknown> {
  try {
    return await moduleImporter({ load_config: null })(path);
  } catch (error) {
    throw new ConfigError([`the module cannot be imported: ${messageOf(error)}`], pathToFileURL(path).href);
  }
}

async function testOne(definition: PluginDefinition, subject: Subject): Promise<number> {
  const draw = progressBar(definition.id);
  const checks = checksOf(definition, subject);
  const results = [];
  for (const [at, check] of checks.entries()) {
    draw(at / checks.length);
    results.push(...(await runConformance([check])));
  }
  draw(1);
  const failed = results.filter(({ error }) => error !== null);
  const lines = results.map(({ name, error }) =>
    error === null
      ? `  ${coloured('ok', 'green')}    ${name}`
      : `  ${coloured('FAIL', 'red')}  ${name}: ${error.message}`,
  );
  const passed = `${results.length - failed.length} of ${results.length} checks passed`;
  print([`${definition.kind} ${definition.id} ${definition.version}`, ...lines, `  ${passed}`].join('\n'));
  return failed.length;
}

/** What the plugins are asked. */
interface Subject {
  readonly frame: Frame;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly symbol: string;
  readonly interval: string;
  readonly unknownSymbol: string | null;
}

async function subjectOf(flags: ParametersOf<typeof PLUGINS_TEST_FLAGS>): Promise<Subject> {
  return {
    frame:
      flags.bars === null ? madeUpBars() : (await loadCsv(flags.bars, { dateColumn: 'DATE_TIME' })).frame,
    parameters: flags.parameters,
    symbol: flags.symbol,
    interval: flags.interval,
    unknownSymbol: flags.unknown_symbol,
  };
}

function checksOf(definition: PluginDefinition, subject: Subject): readonly ConformanceCheck[] {
  const { frame, parameters, symbol, interval, unknownSymbol } = subject;
  switch (definition.kind) {
    case 'predictor':
      return predictorConformance({
        definition,
        create: () => createPlugin(definition, parameters),
        frame,
        entries: entriesAt(frame),
        exits: exitsAt(frame),
      });
    case 'feeder':
      return feederConformance({
        definition,
        create: () => createPlugin(definition, parameters),
        request: { symbol, interval },
        ...(unknownSymbol !== null && { unknownSymbol }),
      });
    case 'pipeline':
      return pipelineConformance({ definition, create: () => createPlugin(definition, parameters) });
    case 'core':
      return coreConformance({ definition, create: () => createPlugin(definition, parameters) });
    case 'endpoints':
      return endpointsConformance({ definition, create: () => createPlugin(definition, parameters) });
  }
}

const HOUR_MS = 3_600_000;
const BARS = 240;

/** Ten days of hourly bars with a trend, a day and no repeats, so that no column is constant. */
function madeUpBars(): Frame {
  const time = Float64Array.from({ length: BARS }, (_, row) => Date.UTC(2026, 0, 5) + row * HOUR_MS);
  const close = time.map((_, row) => 100 + Math.sin(row / 3.7) + row / 50);
  const open = close.map((value, row) => close[row - 1] ?? value);
  return Frame.of(time, {
    OPEN: open,
    HIGH: close.map((value, row) => Math.max(value, open[row] ?? value) + 0.2),
    LOW: close.map((value, row) => Math.min(value, open[row] ?? value) - 0.2),
    CLOSE: close,
    VOLUME: time.map((_, row) => 1000 + (row % 24)),
  });
}

const rowsOf = (frame: Frame): readonly number[] =>
  [0.4, 0.5, 0.6].map((part) => Math.floor(part * (frame.length - 1)));

const entriesAt = (frame: Frame): readonly EntryQuestion[] =>
  rowsOf(frame).map((row) => ({
    time: frame.time[row] ?? NaN,
    takeProfitPips: 50,
    stopLossPips: 30,
    spreadPips: 0,
    commissionPerLot: 0,
    slippagePips: 0,
  }));

function exitsAt(frame: Frame): readonly ExitQuestion[] {
  const close = frame.columns.get('CLOSE');
  return rowsOf(frame).flatMap((row) =>
    (['buy', 'sell'] as const).map((direction) => {
      const [price, sign] = [close?.[row] ?? 1, direction === 'buy' ? 1 : -1];
      return {
        time: frame.time[row] ?? NaN,
        direction,
        takeProfitPrice: price * (1 + sign * 0.01),
        stopLossPrice: price * (1 - sign * 0.01),
      };
    }),
  );
}
