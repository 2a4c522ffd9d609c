import { AppError, type Clock } from '#libs/kernel';
import {
  type ForecastOutput,
  type ForecastRequest,
  type Frame,
  PluginError,
  type PredictionOutput,
} from '#libs/plugin-sdk';
import {
  barEnds,
  type BaselineMeans,
  baselineRow,
  formatIso,
  futureTimes,
  lastClosedRow,
  lengthText,
  parseTimestamp,
  usualStep,
} from '#libs/timeseries';
import type { PredictorHandle } from './handles.js';

/** What a service decides about the bars that a forecast may see. */
export interface PointInTimeRules {
  readonly clock: Clock;
  /** Where a question does not say it. */
  readonly baselineMeans: BaselineMeans;
  /** Bars of its session that the newest bar may be old in a question about the present; null: any age, with a note. */
  readonly maxDataAge: number | null;
}

/** What a question says of its moment. */
export interface AskedMoment {
  readonly baselineMeans?: BaselineMeans | null;
  /** Epoch ms UTC at which the data must be fresh, for a question about the present. Absent: now, without a baseline. */
  readonly freshAt?: number;
}

/** The bar that a forecast started from, in RFC 3339 UTC. Absent where a predictor reads data of its own. */
export interface UsedBar {
  /** Its label, the moment at which it opened. */
  readonly baseline_bar?: string;
  /** When it was complete, and so known; later than the answer for a running bar that was named. */
  readonly baseline_bar_closed?: string;
  /** Usual distance of the bars, for example `1 h`. */
  readonly bar_length?: string;
}

/** What a predictor was given. */
export interface BarsSeen {
  /** Those after the baseline are among them for one that looks ahead; null when it was asked nothing. */
  readonly input: Frame | null;
  /** Whether the predictor is a test instrument that sees what comes. */
  readonly looksAhead: boolean;
  /** Whether its last bar was the last that had closed when it was asked, as far as the source knew. */
  readonly isPresent: boolean;
}

/** From so many bars on, data about the present are noted as old. */
const NOTED_AGE = 2;

/** Decides for one question which bars the predictor sees, and tells which one the answer started from. */
export class PointInTime {
  readonly #notes = new Set<string>();
  readonly #means: BaselineMeans;
  #seen: { readonly frame: Frame; readonly closeOf: (row: number) => number } | null = null;
  #input: BarsSeen = { input: null, looksAhead: false, isPresent: false };

  constructor(
    private readonly rules: PointInTimeRules,
    private readonly asked: AskedMoment,
  ) {
    this.#means = asked.baselineMeans ?? rules.baselineMeans;
  }

  /** The predictor, asked about the bars that were known at the moment of the question. */
  watch(predictor: PredictorHandle): PredictorHandle {
    return {
      ...predictor,
      forecast: (frame, request, limits) => {
        const isAhead = predictor.looksAheadWith(request.modelName ?? null);
        const known = frame.length === 0 ? { frame, request } : this.#known(frame, request, isAhead);
        const { baseline } = known.request;
        const input = isAhead || baseline === null ? known.frame : known.frame.upTo(baseline);
        this.#input = {
          input,
          looksAhead: isAhead,
          isPresent: baseline === null || this.#isLastClosed(baseline),
        };
        return predictor.forecast(known.frame, known.request, limits);
      },
    };
  }

  get input(): BarsSeen {
    return this.#input;
  }

  /** The source of an answer with the bar it started from, and with what is to be said about it. */
  explain(source: PredictionOutput['source'], output: ForecastOutput): PredictionOutput['source'] & UsedBar {
    const notes = [...(source.notes ?? [])];
    const isNoted = (code: string) => notes.some((note) => note.startsWith(code));
    for (const note of this.#notes) if (!isNoted(note.slice(0, note.indexOf(':') + 1))) notes.push(note);
    const label = parseTimestamp(String(output?.baseline_datetime));
    const row = label === null ? -1 : (this.#seen?.frame.exactRow(label) ?? -1);
    const bar =
      row < 0 || this.#seen === null
        ? {}
        : {
            baseline_bar: formatIso(this.#seen.frame.time[row] ?? NaN),
            baseline_bar_closed: formatIso(this.#seen.closeOf(row)),
            ...(this.#seen.frame.length > 1 && { bar_length: lengthText(usualStep(this.#seen.frame.time)) }),
          };
    return { ...source, ...bar, ...(notes.length > 0 && { notes }) };
  }

  /** Whether no bar behind this one had closed by now. */
  #isLastClosed(label: number): boolean {
    if (this.#seen === null) return false;
    const { frame, closeOf } = this.#seen;
    const next = frame.rowAtOrBefore(label) + 1;
    return next >= frame.length || closeOf(next) > this.rules.clock.now();
  }

  #known(frame: Frame, request: ForecastRequest, isAhead: boolean) {
    const closeOf = barEnds(frame, request.interval);
    this.#seen = { frame, closeOf };
    const now = this.rules.clock.now();
    this.#checkAge(frame, this.asked.freshAt ?? (request.baseline === null ? now : null));
    if (request.baseline === null) return { frame: this.#upToNow(frame, closeOf, now), request };
    const row = baselineRow(frame, closeOf, request.baseline, this.#means);
    const first = frame.time[0] ?? NaN;
    // Before all of its data a test instrument starts from its first bar, as it always has.
    if (row < 0 && isAhead && request.baseline < first) return { frame, request };
    if (row < 0) throw nothingKnown(first, request.baseline, closeOf(0));
    if (closeOf(row) > now && this.#means !== 'bar')
      this.#notes.add(`running_bar: the bar of ${formatIso(frame.time[row] ?? NaN)} has not ended`);
    return { frame, request: { ...request, baseline: frame.time[row] ?? NaN } };
  }

  /** Without a baseline nothing that has not ended counts. */
  #upToNow(frame: Frame, closeOf: (row: number) => number, now: number): Frame {
    if (this.#means === 'bar') return frame;
    const last = lastClosedRow(frame, closeOf, now);
    const left = frame.length - 1 - last;
    if (left === 0) return frame;
    const label = formatIso(frame.time[last + 1] ?? NaN);
    if (last < 0) {
      const text = `no bar has ended yet: the first is that of ${label} (is data_timezone right? baseline_means=bar uses running bars)`;
      throw new PluginError('no_data', text);
    }
    if ((frame.time.at(-1) ?? NaN) > now)
      this.#notes.add(
        `future_bars: ${left === 1 ? '1 bar' : `${left} bars`} from ${label} on had not ended and were left out; some begin after now (is data_timezone right?)`,
      );
    else this.#notes.add(`running_bar: the bar of ${label} has not ended and was left out`);
    return frame.slice(0, last + 1);
  }

  #checkAge(frame: Frame, freshAt: number | null): void {
    if (freshAt === null || frame.length < 2) return;
    // A bar that may still run is not old; to find the hours of the market costs milliseconds over a million bars.
    if (freshAt < (frame.time.at(-1) ?? NaN) + usualStep(frame.time)) return;
    const timeAfter = futureTimes(frame.time, frame.calendar.zone);
    const label = formatIso(frame.time.at(-1) ?? NaN);
    const { maxDataAge } = this.rules;
    if (maxDataAge !== null && freshAt >= timeAfter(maxDataAge + 1))
      throw new AppError(
        'unavailable',
        `The newest bar, ${label}, is more than ${maxDataAge === 1 ? '1 bar' : `${maxDataAge} bars`} of its session old, which max_data_age allows`,
        { code: 'stale_data' },
      );
    if (freshAt >= timeAfter(NOTED_AGE + 1))
      this.#notes.add(`stale: the newest bar, ${label}, is more than two bars old`);
  }
}

function nothingKnown(first: number, baseline: number, close: number): PluginError {
  const text =
    baseline < first
      ? `There are no bars at or before the baseline: the first is that of ${formatIso(first)}`
      : `No bar had ended at ${formatIso(baseline)}: the first, of ${formatIso(first)}, closes at ${formatIso(close)} (baseline_means=bar uses running bars)`;
  return new PluginError('no_data', text);
}
