import { DAY_MS } from '#libs/kernel';
import { type FeederSource, Frame } from '#libs/plugin-sdk';
import {
  type BarCalendar,
  type Closes,
  dividesInterval,
  formatIso,
  futureTimes,
  type Interval,
  longerBarsBeside,
  rowAtOrBefore,
  usualStep,
} from '#libs/timeseries';

/** Which bars: moments in epoch ms UTC, both included. */
export interface BarQuestion {
  /** As the source spells it. */
  readonly symbol: string;
  readonly interval: string;
  /** See `FetchRequest.anyInterval`. */
  readonly anyInterval?: boolean;
  readonly from?: number;
  readonly to?: number;
  /** See `FetchRequest.around`. */
  readonly around?: number;
  /** Bars wanted before `from` besides, so that indicators have values there. */
  readonly warmUp: number;
  readonly signal?: AbortSignal;
}

/** Bars as a source has them; they may reach further than was asked. */
export interface SourceBars {
  readonly frame: Frame;
  /** See `Feeder.notes`. */
  readonly notes: readonly string[];
  /** Rows to hand over at most, counted from the end; null for all. */
  readonly window: number | null;
  /** What the source knows of these bars. */
  readonly calendar: BarCalendar;
}

/** Closes of whole sessions of another instrument, ascending. */
export interface SessionCloses {
  /** Epoch ms UTC from which a session's close is known to the world. */
  readonly knownFrom: Float64Array;
  readonly close: Float64Array;
  readonly notes: readonly string[];
}

/** Bars beside those of a question: of another symbol, of another length, or both. */
export interface RelatedQuestion {
  /** As the source spells it. */
  readonly symbol: string;
  /** Whether the symbol is another one than that of the bars. */
  readonly isOther: boolean;
  readonly interval: Interval;
  /** Whether the name of a column says the length; without it bars of another length are as good. */
  readonly isAsked: boolean;
  /** The rows that look at them. */
  readonly times: Float64Array;
  /** Bars wanted before the first of these rows. */
  readonly warmUp: number;
}

export interface RelatedBars {
  readonly frame: Frame;
  readonly calendar: BarCalendar;
  readonly notes: readonly string[];
}

/** Where bars come from. Errors are `PluginError`s. */
export interface BarSource {
  /** The name of a symbol at the source. */
  symbolOf(symbol: string): string;
  /** @throws PluginError `invalid_request` for a symbol that the source is sure not to have */
  resolve(symbol: string): FeederSource;
  /** See `Feeder.intervalOf`. */
  intervalOf?(symbol: string, asked?: string): Promise<string | null>;
  /** See `Feeder.checkInterval`. */
  checkInterval?(symbol: string, interval: string): Promise<void>;
  /** What to say about the name of a symbol, in the form of notes. */
  symbolNotes?(asked: string): readonly string[];
  bars(question: BarQuestion): Promise<SourceBars>;
  /** Closed sessions of `symbol` that the rows of `times` may look at. */
  sessions(symbol: string, times: Float64Array, signal?: AbortSignal): Promise<SessionCloses>;
  /** Shorter bars of `symbol` that the rows of `times` may look at. */
  shorter(
    symbol: string,
    interval: '15m' | '30m',
    times: Float64Array,
    signal?: AbortSignal,
  ): Promise<Closes>;
  /** Bars of this or a shorter length; null where those of the question itself are to be taken. */
  related(question: RelatedQuestion, signal?: AbortSignal): Promise<RelatedBars | null>;
}

/** A column by its name, whatever its case. */
export function columnNamed(frame: Frame, name: string): Float64Array | undefined {
  const spelled = frame.spelled(name);
  return spelled === undefined ? undefined : frame.column(spelled);
}

/** Frames of which rows have been left out, by what was left out of them. */
const whole = new WeakMap<Float64Array, WeakMap<Frame, Frame>>();

/** Only the rows that have a value in each of these columns of the frame; the same object for the same question. */
export function withValues(frame: Frame, columns: readonly Float64Array[]): Frame {
  return columns.reduce((rows, column) => {
    const names = [...frame.columns].filter(([, values]) => values === column).map(([name]) => name);
    const [name] = names;
    return name === undefined ? rows : rowsWith(rows, name);
  }, frame);
}

function rowsWith(frame: Frame, name: string): Frame {
  const column = frame.column(name);
  const known = whole.get(column)?.get(frame);
  if (known !== undefined) return known;
  const rows = column.some(Number.isNaN)
    ? Int32Array.from(frame.time.keys()).filter((row) => !Number.isNaN(column[row] ?? NaN))
    : null;
  const pick = (values: Float64Array): Float64Array =>
    Float64Array.from(rows ?? [], (row) => values[row] ?? NaN);
  const made =
    rows === null
      ? frame
      : Frame.of(
          pick(frame.time),
          [...frame.columns].map(([key, values]) => [key, pick(values)] as const),
        );
  const kept = whole.get(column) ?? new WeakMap<Frame, Frame>();
  whole.set(column, kept.set(frame, made));
  return made;
}

/** The close of the last session that had ended when each row began; NaN where none had. Never the running session's. */
export const previousCloses = (
  times: Float64Array,
  { knownFrom, close }: Pick<SessionCloses, 'knownFrom' | 'close'>,
): Float64Array => times.map((time) => close[rowAtOrBefore(knownFrom, time)] ?? NaN);

/**
 * Sessions from bars of any length. Daily and longer bars are sessions themselves and known one length after they began.
 * Shorter ones make the days of their market: its sessions where it closes for hours, else the days of its clock; the
 * running one is left out.
 * @param zone of the market's clock, where the source tells it
 */
export async function sessionsOf(
  time: Float64Array,
  close: Float64Array,
  zone: string | null,
): Promise<Omit<SessionCloses, 'notes'>> {
  const step = usualStep(time);
  // A single bar makes no day, and bars of 7 hours make none without a rest: each is known once it is over.
  if (!dividesInterval(step, '1d') || step >= DAY_MS)
    return { knownFrom: time.map((begin) => begin + (step || DAY_MS)), close };
  const bars = Frame.of(time, [['CLOSE', close]]).dated({ closeOf: null, zone });
  const { frame, knownFrom } = await longerBarsBeside(bars, step, '1d');
  return { knownFrom, close: frame.column('CLOSE') };
}

/** When the third bar after the last is due, by the times of the bars: to find it out takes milliseconds. */
const thirds = new WeakMap<Float64Array, number>();

/** A newest bar that should have been followed by two others by now, sessions minded; null for data that are fresh. */
export function staleText(time: Float64Array, zone: string | null, now: number): string | null {
  const last = time.at(-1);
  if (last === undefined || time.length < 2) return null;
  // Sessions make bars come later, never sooner; finding them out costs milliseconds over a million bars.
  if (now < last + 2 * usualStep(time)) return null;
  const third = thirds.get(time) ?? futureTimes(time, zone)(3);
  thirds.set(time, third);
  return now < third ? null : `the newest bar, ${formatIso(last)}, is more than two bars old`;
}
