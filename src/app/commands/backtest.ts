import { createReadStream } from 'node:fs';
import { open, writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { basename } from 'node:path';
import {
  type Backtest,
  backtestReport,
  type BacktestQuestion,
  compareForecasts,
  forecastLine,
  leakSentence,
  readForecastLine,
  REPORTED_FORECASTS,
  type ScoredLine,
  scoreTable,
  shortNumber,
  walkForward,
} from '#libs/backtest';
import { type AppConfig, BACKTEST_FLAGS, commandArguments, ConfigError, splitArguments } from '#libs/config';
import { AppError, messageOf, systemClock } from '#libs/kernel';
import type { PluginLogger } from '#libs/plugin-sdk';
import { canonicalInterval, formatIso, parseTimestamp } from '#libs/timeseries';
import { loadConfiguredPlugins } from '../load-configured-plugins.js';
import { type Command, type PlainCommand, print, printError, stopSignal } from './command.js';
import { table } from './terminal.js';

/** Forecasts of one back-test on the command line: what it gathers of each is some hundred bytes. */
const MOST_FORECASTS = 5_000_000;
const BAR_WIDTH = 30;
const warnings: PluginLogger = { info: () => undefined, warn: printError, error: printError };

type Flags = ReturnType<typeof splitArguments<typeof BACKTEST_FLAGS>>['flags'];

/** `backtest`: walks forward through the history of the configured feeder; a progress bar, then a table of scores. */
export const backtest: Command = async (config, line) => {
  const { flags } = splitArguments(line, BACKTEST_FLAGS);
  const question = questionOf(config, flags);
  const registry = await loadConfiguredPlugins(config, null, warnings);
  const controller = new AbortController();
  void stopSignal().then((name) =>
    controller.abort(new AppError('unavailable', `Stopped by ${name}`, { code: 'cancelled' })),
  );
  const file = flags.forecasts === null ? null : await open(flags.forecasts, 'w');
  const bar = new ProgressBar();
  let last: string[] = [];
  try {
    const result = await walkForward(question, {
      feeder: await registry.feeder(),
      predictor: await registry.predictor(registry.forecaster),
      clock: systemClock,
      maxForecasts: MOST_FORECASTS,
      signal: controller.signal,
      progress: (done, total) => bar.show(done, total),
      forecasts: async (walked) => {
        const lines = walked.map(forecastLine);
        if (flags.html !== null) last = [...last, ...lines].slice(-REPORTED_FORECASTS);
        await file?.write(lines.map((one) => `${one}\n`).join(''));
      },
    });
    bar.end();
    if (flags.html !== null) await writeFile(flags.html, await backtestReport(result, question, last));
    return print(flags.json === true ? JSON.stringify(result, null, 2) : scoresText(result, question));
  } finally {
    bar.end();
    await file?.close();
    await registry.close();
  }
};

function questionOf({ extras }: AppConfig, flags: Flags): BacktestQuestion {
  const faults: string[] = [];
  const timeOf = (flag: 'from' | 'to'): number | null => {
    const text = flags[flag];
    const time = text === null ? null : parseTimestamp(text);
    if (text !== null && time === null)
      faults.push(`--${flag} must be a time such as 2020-01-31 or 2020-01-31T08:00:00Z, not "${text}"`);
    return time;
  };
  const interval = flags.interval === null ? null : canonicalInterval(flags.interval);
  if (flags.interval !== null && interval === null)
    faults.push(`--interval must be a length of bars such as 5m, 1h or 1d, not "${flags.interval}"`);
  const horizons = flags.horizons?.map(Number) ?? null;
  if (horizons?.some((one) => !Number.isInteger(one) || one < 1 || one > 1_000) === true)
    faults.push(`--horizons must be whole numbers from 1 to 1000, not ${horizons.join(',')}`);
  const file = extras['data_file_path'] ?? extras['csv_file'] ?? null;
  const symbol = flags.symbol ?? (typeof file === 'string' ? basename(file) : null);
  if (symbol === null)
    faults.push('--symbol is missing: without --data_file_path the source must know whose bars');
  const question = {
    symbol: symbol ?? '',
    interval,
    modelName: null,
    from: timeOf('from'),
    to: timeOf('to'),
    stride: flags.stride,
    horizons,
    samples: flags.samples,
    seed: flags.seed,
    targetColumn: null,
  };
  if (faults.length > 0) throw new ConfigError(faults, 'The command line');
  return question;
}

/** A bar on terminals; elsewhere a line at each quarter. */
class ProgressBar {
  readonly #startedAt = systemClock.monotonic();
  #quarter = 0;
  #isOpen = false;

  show(done: number, total: number): void {
    const share = done / total;
    const rate = done / Math.max(0.001, (systemClock.monotonic() - this.#startedAt) / 1_000);
    const text = `${Math.floor(share * 100)} %, ${done} of ${total} forecasts, ${Math.round(rate)}/s`;
    if (process.stderr.isTTY) {
      const filled = Math.round(share * BAR_WIDTH);
      process.stderr.write(`\r[${'#'.repeat(filled)}${' '.repeat(BAR_WIDTH - filled)}] ${text}`);
      this.#isOpen = true;
    } else if (Math.floor(share * 4) > this.#quarter) {
      this.#quarter = Math.floor(share * 4);
      printError(text);
    }
  }

  end(): void {
    if (this.#isOpen) process.stderr.write('\n');
    this.#isOpen = false;
  }
}

function scoresText(result: Backtest, question: BacktestQuestion): string {
  const { refused } = result;
  const refusals = Object.entries(refused).map(([reason, count]) => `  ${count} refused: ${reason}`);
  return [
    `${result.predictor.id} ${result.predictor.version} on ${question.symbol}, ${result.targetColumn ?? ''}: ` +
      `${result.forecasts} forecasts from ${formatIso(result.from)} to ${formatIso(result.to)}`,
    ...refusals,
    '',
    ...table(scoreTable(result.scores), ''),
    '',
    'Loss is the CRPS, or the absolute error where no spread was stated; Walk is a random walk with the volatility of the last',
    '256 bars, scored alike. Skill above 0 is better than the walk; p is that of Diebold and Mariano.',
    leakSentence(result.leakCheck),
  ].join('\n');
}

/** `backtest compare A B`: who had the smaller losses on the targets that both files have. */
export const compareBacktests: PlainCommand = async (line) => {
  const { positionals } = commandArguments(line, {});
  const [a = '', b = ''] = positionals;
  const compared = compareForecasts(await linesOf(a), await linesOf(b));
  const rows = compared.map(({ horizon, targets, lossA, lossB, statistic, pValue }) => [
    String(horizon),
    String(targets),
    shortNumber(lossA),
    shortNumber(lossB),
    shortNumber(statistic),
    shortNumber(pValue),
    pValue >= 0.05 ? 'no difference shown' : statistic < 0 ? `A, ${basename(a)}` : `B, ${basename(b)}`,
  ]);
  return print(
    table([['Bars ahead', 'Targets', 'Loss A', 'Loss B', 'DM', 'p', 'Better (p < 0.05)'], ...rows], '').join(
      '\n',
    ),
  );
};

async function linesOf(path: string): Promise<readonly ScoredLine[]> {
  const lines: ScoredLine[] = [];
  try {
    for await (const text of createInterface({ input: createReadStream(path) }))
      if (text.trim() !== '')
        lines.push(readForecastLine(text, `line ${lines.length + 1} of ${basename(path)}`));
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new ConfigError([`${path} cannot be read: ${messageOf(error)}`], 'The command line');
  }
  return lines;
}
