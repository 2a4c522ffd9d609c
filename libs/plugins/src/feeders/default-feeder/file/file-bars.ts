import { basename } from 'node:path';
import {
  AppError,
  type Clock,
  DAY_MS,
  HOUR_MS,
  integer,
  map,
  MINUTE_MS,
  type ParameterDeclarations,
  type ParametersOf,
  text,
} from '#libs/kernel';
import { type FeederSource, type Frame, PluginError, type PluginLogger } from '#libs/plugin-sdk';
import {
  type BadRow,
  type BadRowRule,
  type Closes,
  CsvCache,
  type CsvReport,
  intervalMs,
  type LoadedCsv,
} from '#libs/timeseries';
import {
  type BarQuestion,
  type BarSource,
  columnNamed,
  type SessionCloses,
  sessionsOf,
  type SourceBars,
  usualStep,
} from '../bar-source.js';

/** Parameters of bars from files. */
export const fileParameters = {
  data_file_path: text(
    { default: null, minLength: 1 },
    'CSV file with the bars of all symbols that `data_files` does not list.',
  ),
  data_files: map(
    { items: 'string' },
    'CSV file for each symbol, for example `{"EURUSD": "eurusd.csv", "EURUSD@15m": "eurusd_15m.csv"}`. Files of shorter bars serve the tick columns.',
  ),
  date_column: text(
    { default: 'DATE_TIME', minLength: 1 },
    'Name of the column with the time of each bar. Times are UTC unless they carry an offset.',
  ),
  data_cache_mb: integer(
    { default: 512, min: 1, max: 1_000_000 },
    'Size of the cache of parsed files, in megabytes.',
  ),
} as const satisfies ParameterDeclarations;

interface FileBarsSettings extends ParametersOf<typeof fileParameters> {
  readonly symbol_map: Readonly<Record<string, string>>;
}

interface FileBarsContext {
  readonly clock: Clock;
  readonly resolveFile: (path: string) => string;
  readonly logger: PluginLogger;
}

/** Bars from CSV files: columns by name in any order, read again when a file changes. */
export class FileBars implements BarSource {
  readonly #cache: CsvCache;
  /** Versions of files whose bad rows have been logged. */
  readonly #reported = new Map<string, string>();
  /** One object for each version of a file, by which others see that nothing has changed. */
  readonly #sessions = new WeakMap<Frame, SessionCloses>();

  private constructor(
    private readonly settings: FileBarsSettings,
    private readonly context: FileBarsContext,
  ) {
    this.#cache = new CsvCache({
      maxBytes: settings.data_cache_mb * 1_000_000,
      clock: context.clock,
    });
  }

  /**
   * Reads every file once, so that a wrong name or a broken file stops the start and not the first question.
   * @throws PluginError `not_configured` with every file at fault
   */
  static async open(settings: FileBarsSettings, context: FileBarsContext): Promise<FileBars> {
    const files = Object.entries(settings.data_files).map(([symbol, path]) => ({
      name: `data_files.${symbol}`,
      path,
    }));
    if (settings.data_file_path !== null)
      files.push({ name: 'data_file_path', path: settings.data_file_path });
    if (files.length === 0) {
      throw new PluginError('not_configured', 'data_source file needs data_file_path or data_files');
    }
    const source = new FileBars(settings, context);
    const faults: string[] = [];
    for (const { name, path } of files) {
      try {
        await source.#load(path);
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        faults.push(`${name}: ${error.detail} (${context.resolveFile(path)})`);
      }
    }
    if (faults.length > 0) throw new PluginError('not_configured', faults.join('; '));
    return source;
  }

  symbolOf(symbol: string): string {
    const { symbol_map } = this.settings;
    return Object.hasOwn(symbol_map, symbol) ? (symbol_map[symbol] ?? symbol) : symbol;
  }

  resolve(symbol: string): FeederSource {
    const known = this.symbolOf(symbol);
    this.#pathOf(known);
    return { source: 'file', symbol: known };
  }

  async bars({ symbol, interval, signal }: BarQuestion): Promise<SourceBars> {
    const path = this.#pathOf(symbol);
    const csv = await this.#loadNow(path, signal);
    return { frame: csv.frame, notes: this.#notes(path, csv, interval), window: null };
  }

  async sessions(symbol: string, _times: Float64Array, signal?: AbortSignal): Promise<SessionCloses> {
    const { frame } = await this.#loadNow(this.#pathOf(symbol), signal);
    const known = this.#sessions.get(frame);
    if (known) return known;
    const closes = columnNamed(frame, 'CLOSE');
    if (!closes) throw new PluginError('invalid_request', `the bars of ${symbol} have no column CLOSE`);
    const sessions = { ...sessionsOf(frame.time, closes, usualStep(frame.time)), notes: [] };
    this.#sessions.set(frame, sessions);
    return sessions;
  }

  async shorter(
    symbol: string,
    interval: '15m' | '30m',
    _times: Float64Array,
    signal?: AbortSignal,
  ): Promise<Closes> {
    const path = this.settings.data_files[`${symbol}@${interval}`];
    if (path === undefined) {
      throw new PluginError(
        'invalid_request',
        `tick columns of ${interval} bars need a file with such bars: data_files must name "${symbol}@${interval}"`,
      );
    }
    const { frame } = await this.#loadNow(path, signal);
    const close = columnNamed(frame, 'CLOSE');
    if (!close)
      throw new PluginError('invalid_request', `the ${interval} bars of ${symbol} have no column CLOSE`);
    return { time: frame.time, close };
  }

  #pathOf(symbol: string): string {
    const own = Object.hasOwn(this.settings.data_files, symbol)
      ? this.settings.data_files[symbol]
      : undefined;
    const path = own ?? this.settings.data_file_path;
    if (path !== null) return path;
    const known = Object.keys(this.settings.data_files).filter((name) => !name.includes('@'));
    throw new PluginError(
      'invalid_request',
      `There are no bars of ${symbol}; the known symbols are ${known.join(', ')}`,
    );
  }

  #load(path: string): Promise<LoadedCsv> {
    return this.#cache.load(this.context.resolveFile(path), { dateColumn: this.settings.date_column });
  }

  /** As {@link #load}; what is wrong with a file now was right at the start, so trying later may help. */
  async #loadNow(path: string, signal: AbortSignal | undefined): Promise<LoadedCsv> {
    signal?.throwIfAborted();
    try {
      const csv = await this.#load(path);
      this.#logBadRows(path, csv);
      return csv;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      throw new PluginError('source_unavailable', error.detail, { cause: error });
    }
  }

  #logBadRows(path: string, csv: LoadedCsv): void {
    if (csv.badRowCount === 0 || this.#reported.get(path) === csv.fingerprint) return;
    this.#reported.set(path, csv.fingerprint);
    this.context.logger.warn(badRowsText(basename(path), csv), { rows: csv.badRows.slice(0, 10) });
  }

  #notes(path: string, csv: LoadedCsv, interval: string): readonly string[] {
    const notes = csv.badRowCount > 0 ? [badRowsText(basename(path), csv)] : [];
    const step = usualStep(csv.frame.time);
    const asked = intervalMs(interval);
    // Months differ in length, so a file of monthly bars is right when it is near.
    if (Math.abs(step / asked - 1) > 0.1) {
      notes.push(
        `the bars of ${basename(path)} are ${lengthText(step)} apart, but bars of ${interval} were requested`,
      );
    }
    return notes;
  }
}

function lengthText(ms: number): string {
  const [length, unit] = [
    [ms / DAY_MS, 'd'],
    [ms / HOUR_MS, 'h'],
    [ms / MINUTE_MS, 'min'],
  ].find(([count]) => Number(count) >= 1) ?? [ms / 1000, 's'];
  return `${Math.round(Number(length) * 100) / 100} ${unit}`;
}

const RULES: Readonly<Record<BadRowRule, string>> = {
  too_few_cells: 'it has too few cells',
  too_many_cells: 'it has too many cells',
  bad_quotes: 'its quotes do not close',
  bad_date: 'its time is no time',
  missing_cell: 'a value is missing',
  not_a_number: 'a value is no number',
  not_finite: 'a value is not finite',
};

/** "3 rows of bars.csv were left out, the first on line 17: a value is no number (CLOSE)" */
function badRowsText(file: string, { badRowCount, badRows }: CsvReport): string {
  const [first] = badRows;
  const rows = badRowCount === 1 ? '1 row' : `${badRowCount} rows`;
  return `${rows} of ${file} ${badRowCount === 1 ? 'was' : 'were'} left out${first ? `, the first on ${lineText(first)}` : ''}`;
}

const lineText = ({ line, rule, column }: BadRow): string =>
  `line ${line}: ${RULES[rule]}${column === undefined ? '' : ` (${column})`}`;
