import { setImmediate } from 'node:timers/promises';
import type { Clock } from '#libs/kernel';
import { keyedUniform } from '#libs/numpy-random';
import type { FeederHandle, PredictorHandle } from '#libs/plugin-host';
import type { BatchedForecast, ForecastBatchRequest } from '#libs/plugin-sdk';
import { formatIso, type Frame } from '#libs/timeseries';
import { type HorizonCalibration, HorizonScores, type ScoreRow } from './horizon-scores.js';
import { checkForLeaks, type LeakCheck } from './leak-check.js';
import type { BacktestQuestion, WalkedForecast } from './question.js';
import { valueRanges, refuseForesight, walkedBars, walkedRows } from './walk-range.js';
import { targetOf, walkedForecast, type WalkTarget } from './walked-forecast.js';

/** Forecasts asked together: more no longer fit the processor's cache (an LSTM with a window of 256 × 8: 32 are fastest). */
const BATCH = 32;
/** Batches under way, so that a model computes while the next windows are cut and the last ones scored. */
const AT_ONCE = 2;
const SEEDS = 2 ** 32;
/** Bars that are made twice to see whether later ones matter. */
const CHECKED = 12;
/** Reasons of refusals that are told apart. */
const MOST_REASONS = 8;

/** Where a walk gets its bars and answers. */
export interface BacktestOptions {
  readonly feeder: FeederHandle;
  readonly predictor: PredictorHandle;
  readonly clock: Clock;
  /** Most forecasts that are taken. */
  readonly maxForecasts: number;
  readonly signal: AbortSignal;
  /** After each batch. */
  readonly progress?: (done: number, total: number) => void;
  /** The forecasts of a batch, in the order of time; awaited before more are asked for. */
  readonly forecasts?: (walked: readonly WalkedForecast[]) => Promise<void> | void;
}

/** What a walk found. */
export interface Backtest {
  readonly predictor: { readonly id: string; readonly version: string };
  readonly modelSha256: string | null;
  readonly mode: string | null;
  readonly feeder: { readonly id: string; readonly version: string };
  readonly targetColumn: string | null;
  /** Length of the bars. */
  readonly interval: string;
  readonly bars: number;
  /** Labels of the first and the last bar that was forecast from, epoch ms UTC. */
  readonly from: number;
  readonly to: number;
  readonly forecasts: number;
  /** Forecasts that the predictor refused, by the reason it gave; those of the first bars mostly lack history. */
  readonly refused: Readonly<Record<string, number>>;
  readonly leakCheck: LeakCheck;
  /** All horizons together, then each. */
  readonly scores: readonly ScoreRow[];
  /** Smallest and largest value of each column, from the first to the last bar that was forecast from. */
  readonly ranges: Readonly<Record<string, { readonly min: number; readonly max: number }>>;
  /** Of each horizon, ascending. */
  readonly calibration: readonly HorizonCalibration[];
  readonly skillByMonth: readonly {
    readonly month: string;
    readonly outcomes: number;
    readonly skill: number | null;
  }[];
  readonly durationMs: number;
}

/**
 * Walks forward through history: at each `stride`-th bar the predictor forecasts from what was known then, and is scored
 * against the bars that followed, beside the random walk. The target of horizon h is the h-th bar behind the baseline.
 * @throws AppError `invalid` naming the field; code `looks_ahead` for a predictor or a source that sees what comes
 */
export async function walkForward(question: BacktestQuestion, options: BacktestOptions): Promise<Backtest> {
  return new BacktestRun(question, options).run();
}

/** One walk. */
class BacktestRun {
  readonly #all: HorizonScores;
  readonly #byHorizon = new Map<number, HorizonScores>();
  readonly #refused = new Map<string, number>();
  readonly #months = new Map<string, { outcomes: number; loss: number; baselineLoss: number }>();
  #first: BatchedForecast | null = null;
  #target: WalkTarget | null = null;

  constructor(
    private readonly question: BacktestQuestion,
    private readonly options: BacktestOptions,
  ) {
    this.#all = new HorizonScores(null, question.symbol);
  }

  async run(): Promise<Backtest> {
    const { predictor, feeder, clock, progress } = this.options;
    const startedAt = clock.monotonic();
    refuseForesight(this.question, predictor, feeder);
    const { frame, interval } = await walkedBars(this.question, this.options);
    const rows = walkedRows(this.question, frame, this.options.maxForecasts);
    const leakCheck = await this.#checkLeaks(frame, interval, rows);
    const batches = Array.from({ length: Math.ceil(rows.length / BATCH) }, (_, at) =>
      rows.slice(at * BATCH, (at + 1) * BATCH),
    );
    const asked: Promise<readonly (BatchedForecast | Error)[]>[] = [];
    const ask = (at: number): void => {
      const batch = batches[at];
      if (batch === undefined) return;
      const answer = this.#ask(frame, interval, batch);
      // An answer that is no longer waited for, because an earlier one failed, must not end the process.
      answer.catch(() => undefined);
      asked.push(answer);
    };
    for (let at = 0; at < AT_ONCE; at += 1) ask(at);
    for (const [at, batch] of batches.entries()) {
      const answers = (await asked[at]) ?? [];
      ask(at + AT_ONCE);
      const walked = this.#score(frame, batch, answers);
      await this.options.forecasts?.(walked);
      progress?.(Math.min(rows.length, (at + 1) * BATCH), rows.length);
      await setImmediate();
      this.options.signal.throwIfAborted();
    }
    const stamp = ({ id, version }: PredictorHandle | FeederHandle) => ({ id, version });
    return {
      predictor: stamp(predictor),
      modelSha256: textOf(
        this.#first?.metadata?.['model_sha256'] ?? this.#first?.metadata?.['artifact_sha256'],
      ),
      mode: this.#first?.mode ?? null,
      feeder: stamp(feeder),
      targetColumn: this.#first?.target_column ?? null,
      interval,
      bars: frame.length,
      from: frame.time[rows[0] ?? 0] ?? NaN,
      to: frame.time[rows.at(-1) ?? 0] ?? NaN,
      forecasts: rows.length - [...this.#refused.values()].reduce((sum, count) => sum + count, 0),
      refused: Object.fromEntries(this.#refused),
      leakCheck,
      scores: this.#scores(),
      ranges: valueRanges(frame.slice(rows[0] ?? 0, (rows.at(-1) ?? -1) + 1)),
      calibration: this.#sorted().flatMap((scores) => scores.calibration() ?? []),
      skillByMonth: [...this.#months].map(([month, { outcomes, loss, baselineLoss }]) => ({
        month,
        outcomes,
        skill: baselineLoss > 0 ? 1 - loss / baselineLoss : null,
      })),
      durationMs: clock.monotonic() - startedAt,
    };
  }

  #checkLeaks(frame: Frame, interval: string, rows: readonly number[]): Promise<LeakCheck> {
    // The first bars of a file mostly lack history, and a refusal reads nothing.
    const count = Math.min(CHECKED, rows.length);
    const sample = Array.from(
      { length: count },
      (_, at) => rows[Math.floor(((at + 1) * (rows.length - 1)) / count)] ?? 0,
    );
    return checkForLeaks(
      this.options.predictor.id,
      frame,
      { rows: [...new Set(sample)], stride: this.question.stride },
      (bars, asked) => this.#ask(bars, interval, asked),
    );
  }

  #ask(
    frame: Frame,
    interval: string,
    rows: readonly number[],
  ): Promise<readonly (BatchedForecast | Error)[]> {
    const { symbol, horizons, modelName, samples, seed, targetColumn } = this.question;
    const baselines = rows.map((row) => frame.time[row] ?? NaN);
    const request: ForecastBatchRequest = {
      symbol,
      interval,
      horizons,
      horizon: null,
      baselines,
      dateColumn: null,
      targetColumn,
      modelName,
      samples,
      seeds: baselines.map((label) => Math.floor(keyedUniform(seed, label) * SEEDS)),
      signal: this.options.signal,
    };
    return this.options.predictor.forecastBatch(frame.slice(0, (rows.at(-1) ?? 0) + 1), request);
  }

  #score(
    frame: Frame,
    rows: readonly number[],
    answers: readonly (BatchedForecast | Error)[],
  ): readonly WalkedForecast[] {
    const walked: WalkedForecast[] = [];
    for (const [at, row] of rows.entries()) {
      const answer = answers[at];
      if (answer === undefined || answer instanceof Error) this.#refuse(answer);
      else {
        this.#first ??= answer;
        this.#target ??= targetOf(frame, answer.target_column);
        walked.push(walkedForecast(frame, row, answer, this.#target));
      }
    }
    for (const one of walked) this.#gather(one);
    return walked;
  }

  /** Reasons are counted by their text without its numbers and dates, so that few are told apart. */
  #refuse(error: Error | undefined): void {
    const text = (error?.message ?? 'no answer').replaceAll(/\d[\d:.TZ-]*/g, 'N');
    const reason = this.#refused.has(text) || this.#refused.size < MOST_REASONS ? text : 'other reasons';
    this.#refused.set(reason, (this.#refused.get(reason) ?? 0) + 1);
  }

  #gather(one: WalkedForecast): void {
    for (const [at, horizon] of one.horizons.entries()) {
      const own = this.#byHorizon.get(horizon) ?? new HorizonScores(horizon, this.question.symbol);
      this.#byHorizon.set(horizon, own);
      own.add(one, at);
      this.#all.add(one, at);
      const [loss, baselineLoss] = [one.losses[at] ?? null, one.baselineLosses[at] ?? null];
      if (loss === null || baselineLoss === null) continue;
      const month = formatIso(one.targetTimes[at] ?? one.baseline).slice(0, 7);
      const known = this.#months.get(month) ?? { outcomes: 0, loss: 0, baselineLoss: 0 };
      known.outcomes += 1;
      known.loss += loss;
      known.baselineLoss += baselineLoss;
      this.#months.set(month, known);
    }
  }

  #scores(): readonly ScoreRow[] {
    return [this.#all.row(), ...this.#sorted().map((scores) => scores.row())];
  }

  #sorted(): readonly HorizonScores[] {
    return [...this.#byHorizon].toSorted(([a], [b]) => a - b).map(([, scores]) => scores);
  }
}

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);
