import { basename } from 'node:path';
import { AppError, type Clock, integer, type ParameterDeclarations, type ParametersOf } from '#libs/kernel';
import { type FeederSource, type Frame, PluginError, type PluginLogger } from '#libs/plugin-sdk';
import {
  type Closes,
  CsvCache,
  dividesInterval,
  type Interval,
  formatIso,
  INTERVAL_MS,
  intervalMs,
  isInterval,
  lengthText,
  type LoadedCsv,
  longerBarsBeside,
  type LongerBars,
} from '#libs/timeseries';
import {
  type BarQuestion,
  type BarSource,
  columnNamed,
  type RelatedBars,
  type RelatedQuestion,
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

/** Symbols that a message lists. */
const MOST_NAMES = 20;

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

  readonly #made = new WeakMap<Frame, Map<string, Promise<LongerBars>>>();

  private constructor(
    private readonly settings: FileBarsSettings,
    private readonly context: FileBarsContext,
    private readonly files: ReadonlyMap<string | null, DataFile>,
  ) {
    this.#cache = new CsvCache({ maxBytes: settings.data_cache_mb * 1_000_000 });
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
    const { symbol, interval } = question;
    const { file, csv } = await this.#fileFor(symbol, interval, question.signal);
    const notes = this.#notes(file, csv, question);
    if (question.anyInterval === true || isOfLength(csv, interval))
      return { frame: csv.frame, notes, window: null, calendar: { closeOf: null, zone: zoneOf(csv) } };
    const { frame, running } = await this.#longer(file, symbol, csv, interval);
    notes.push(
      noteText(
        file.path,
        'longer_bars',
        `bars of ${interval} were put together from bars that are ${lengthText(csv.stepMs)} apart`,
      ),
    );
    if (running !== null) {
      const text = `the bar of ${formatIso(running)} has not all of its parts yet and was left out`;
      notes.push(noteText(file.path, 'running_bar', text));
    }
    return { frame, notes, window: null, calendar: frame.calendar };
  }

  async intervalOf(symbol: string, asked?: string): Promise<string | null> {
    const { csv } = await this.#fileFor(symbol, asked);
    return Object.keys(INTERVAL_MS).find((interval) => isOfLength(csv, interval)) ?? null;
  }

  async checkInterval(symbol: string, interval: string): Promise<void> {
    const { file, csv } = await this.#fileFor(symbol, interval);
    if (!isOfLength(csv, interval)) refuseOtherLength(file, symbol, csv, interval);
  }

  async #fileFor(symbol: string, interval: string | undefined, signal?: AbortSignal) {
    const file = this.files.get(`${symbol}@${interval}`) ?? this.#fileOf(symbol);
    return { file, csv: await this.#loadNow(file, signal) };
  }

  /** Bars of the asked length, made once for each version of a file. */
  #longer(file: DataFile, symbol: string, csv: LoadedCsv, interval: string): Promise<LongerBars> {
    const made = this.#made.get(csv.frame) ?? new Map<string, Promise<LongerBars>>();
    this.#made.set(csv.frame, made);
    const known = made.get(interval);
    if (known !== undefined) return known;
    refuseOtherLength(file, symbol, csv, interval);
    const bars = longerBarsBeside(
      csv.frame.dated({ closeOf: null, zone: zoneOf(csv) }),
      csv.stepMs,
      interval,
    );
    made.set(interval, bars);
    bars.catch(() => made.delete(interval));
    return bars;
  }

  async sessions(symbol: string, _times: Float64Array, signal?: AbortSignal): Promise<SessionCloses> {
    const csv = await this.#loadNow(this.#fileOf(symbol), signal);
    const known = this.#sessions.get(csv.frame);
    if (known) return known;
    const { time, close } = closesOf(csv.frame, `the bars of ${symbol}`);
    const sessions = { ...(await sessionsOf(time, close, zoneOf(csv))), notes: [] };
    this.#sessions.set(csv.frame, sessions);
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

  async related(
    { symbol, isOther, interval }: RelatedQuestion,
    signal?: AbortSignal,
  ): Promise<RelatedBars | null> {
    const file = this.files.get(`${symbol}@${interval}`) ?? (isOther ? this.files.get(symbol) : undefined);
    if (file === undefined && !isOther) return null;
    // The file for all other symbols is not asked: it would have the same bars under every name.
    if (file === undefined) {
      throw new PluginError(
        'invalid_request',
        `columns of ${symbol} need a file with its bars: data_files must name "${symbol}"`,
      );
    }
    const csv = await this.#loadNow(file, signal);
    return {
      frame: csv.frame,
      calendar: { closeOf: null, zone: zoneOf(csv) },
      notes: csv.notes.map(({ code, text: said }) => noteText(file.path, code, said)),
    };
  }

  #fileOf(symbol: string): DataFile {
    const file = this.files.get(symbol) ?? this.files.get(null);
    if (file !== undefined) return file;
    const known = [...this.files.keys()].filter((name) => name !== null && !name.includes('@'));
    const near = known.find((name) => name?.toUpperCase() === symbol.toUpperCase());
    const names = known.slice(0, MOST_NAMES).join(', ');
    const more = known.length > MOST_NAMES ? ` and ${known.length - MOST_NAMES} more` : '';
    const meant = near === undefined ? '' : `; did you mean ${near}?`;
    throw new PluginError(
      'invalid_request',
      `There are no bars of ${symbol}; the known symbols are ${names}${more}${meant} (data_files lists them, symbol_map gives them other names)`,
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

  #notes({ path }: DataFile, csv: LoadedCsv, { to, around }: BarQuestion): string[] {
    const notes = csv.notes.map(({ code, text: said }) => noteText(path, code, said));
    const isPresent = to === undefined && around === undefined;
    const old = isPresent ? staleText(csv.frame.time, zoneOf(csv), this.context.clock.now()) : null;
    if (old !== null) notes.push(noteText(path, 'stale', old));
    return notes;
  }
}

/** @throws PluginError `invalid_request` where no bars of the asked length can be made */
function refuseOtherLength(
  { path }: DataFile,
  symbol: string,
  csv: LoadedCsv,
  interval: string,
): asserts interval is Interval {
  if (!isInterval(interval) || !dividesInterval(csv.stepMs, interval)) {
    const name = basename(path);
    throw new PluginError(
      'invalid_request',
      `bars of ${interval} cannot be made from those of ${name}, which are ${lengthText(csv.stepMs)} apart: ask for that interval or a multiple of it, or name a file with shorter bars as "${symbol}@${interval}" in data_files`,
    );
  }
}

/** Months differ in length, so a file of monthly bars is right when it is near; a single bar has any length. */
const isOfLength = ({ stepMs }: LoadedCsv, interval: string): boolean =>
  !(Math.abs(stepMs / intervalMs(interval) - 1) > 0.1);

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
