import { basename } from 'node:path';
import { AppError, type Clock, integer, type ParameterDeclarations, type ParametersOf } from '#libs/kernel';
import { type FeederSource, type Frame, PluginError, type PluginLogger } from '#libs/plugin-sdk';
import { type Closes, CsvCache, intervalMs, lengthText, type LoadedCsv, usualStep } from '#libs/timeseries';
import {
  type BarQuestion,
  type BarSource,
  columnNamed,
  type SessionCloses,
  sessionsOf,
  type SourceBars,
  staleText,
  withValues,
} from '../bar-source.js';
import { type DataFile, dataFileParameters, dataFiles } from './data-files.js';

/** Parameters of bars from files. */
export const fileParameters = {
  ...dataFileParameters,
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

/** Bars from files: columns by name in any order, read again when a file changes. */
export class FileBars implements BarSource {
  readonly #cache: CsvCache;
  /** Versions of files whose bad rows have been logged. */
  readonly #reported = new Map<string, string>();
  /** One object for each version of a file, by which others see that nothing has changed. */
  readonly #sessions = new WeakMap<Frame, SessionCloses>();

  private constructor(
    private readonly settings: FileBarsSettings,
    private readonly context: FileBarsContext,
    private readonly files: ReadonlyMap<string | null, DataFile>,
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
    const files = dataFiles(settings);
    const source = new FileBars(settings, context, files);
    const faults: string[] = [];
    for (const file of files.values()) {
      try {
        await source.#load(file);
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        faults.push(`${file.name}: ${error.detail} (${context.resolveFile(file.path)})`);
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
    this.#fileOf(known);
    return { source: 'file', symbol: known };
  }

  async bars(question: BarQuestion): Promise<SourceBars> {
    const file = this.#fileOf(question.symbol);
    const csv = await this.#loadNow(file, question.signal);
    return {
      frame: csv.frame,
      notes: this.#notes(file, csv, question),
      window: null,
      calendar: { closeOf: null, zone: zoneOf(csv) },
    };
  }

  async sessions(symbol: string, _times: Float64Array, signal?: AbortSignal): Promise<SessionCloses> {
    const { frame } = await this.#loadNow(this.#fileOf(symbol), signal);
    const known = this.#sessions.get(frame);
    if (known) return known;
    const { time, close } = closesOf(frame, `the bars of ${symbol}`);
    const sessions = { ...sessionsOf(time, close, usualStep(time)), notes: [] };
    this.#sessions.set(frame, sessions);
    return sessions;
  }

  async shorter(
    symbol: string,
    interval: '15m' | '30m',
    _times: Float64Array,
    signal?: AbortSignal,
  ): Promise<Closes> {
    const file = this.files.get(`${symbol}@${interval}`);
    if (file === undefined) {
      throw new PluginError(
        'invalid_request',
        `tick columns of ${interval} bars need a file with such bars: data_files must name "${symbol}@${interval}"`,
      );
    }
    const { frame } = await this.#loadNow(file, signal);
    return closesOf(frame, `the ${interval} bars of ${symbol}`);
  }

  #fileOf(symbol: string): DataFile {
    const file = this.files.get(symbol) ?? this.files.get(null);
    if (file !== undefined) return file;
    const known = [...this.files.keys()].filter((name) => name !== null && !name.includes('@'));
    throw new PluginError(
      'invalid_request',
      `There are no bars of ${symbol}; the known symbols are ${known.join(', ')}`,
    );
  }

  #load({ path, options }: DataFile): Promise<LoadedCsv> {
    return this.#cache.load(this.context.resolveFile(path), options);
  }

  /** As {@link #load}; what is wrong with a file now was right at the start, so trying later may help. */
  async #loadNow(file: DataFile, signal: AbortSignal | undefined): Promise<LoadedCsv> {
    signal?.throwIfAborted();
    try {
      const csv = await this.#load(file);
      this.#logNotes(file, csv);
      return csv;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      throw new PluginError('source_unavailable', error.detail, { cause: error });
    }
  }

  /** What a version of a file had left out is logged once. */
  #logNotes({ name, path }: DataFile, csv: LoadedCsv): void {
    if (this.#reported.get(name) === csv.fingerprint) return;
    this.#reported.set(name, csv.fingerprint);
    for (const { code, text: said } of csv.notes) {
      if (code === 'bad_rows' || code === 'bad_cells')
        this.context.logger.warn(noteText(path, code, said), { rows: csv.badRows.slice(0, 10) });
    }
  }

  #notes({ path }: DataFile, csv: LoadedCsv, { interval, to, around }: BarQuestion): readonly string[] {
    const notes = csv.notes.map(({ code, text: said }) => noteText(path, code, said));
    const asked = intervalMs(interval);
    // Months differ in length, so a file of monthly bars is right when it is near.
    if (Math.abs(csv.stepMs / asked - 1) > 0.1) {
      notes.push(
        noteText(
          path,
          'other_interval',
          `bars are ${lengthText(csv.stepMs)} apart, but bars of ${interval} were requested`,
        ),
      );
    }
    const isPresent = to === undefined && around === undefined;
    const old = isPresent ? staleText(csv.frame.time, zoneOf(csv), this.context.clock.now()) : null;
    if (old !== null) notes.push(noteText(path, 'stale', old));
    return notes;
  }
}

/** The zone of the file's clock, where it has one. */
const zoneOf = ({ detected: { zone } }: LoadedCsv): string | null => (zone === 'UTC' ? null : zone);

/** The rows that have a close. */
function closesOf(frame: Frame, whose: string): Closes {
  const close = columnNamed(frame, 'CLOSE');
  if (!close) throw new PluginError('invalid_request', `${whose} have no column CLOSE`);
  const whole = withValues(frame, [close]);
  return { time: whole.time, close: columnNamed(whole, 'CLOSE') ?? close };
}

/** `bad_rows: bars.csv: 2 rows were left out`: one form for every note, so that a program can tell them apart. */
const noteText = (path: string, code: string, said: string): string => `${code}: ${basename(path)}: ${said}`;
