import { Injectable } from '@nestjs/common';
import { AppConfig } from '#libs/config';
import { AppError, isRecord } from '#libs/kernel';
import { rangeDistance, rangeOfMoments, type TrainingRange } from '#libs/scoring';
import type { Frame } from '#libs/timeseries';
import type { TrainingDistance } from '../calibration.port.js';
import type { CalibratedForecast, TrainingDistances } from '../outcomes.port.js';
import { calibrationDigest, TRAINING_RANGE } from './calibrated-intervals.js';
import { whoMade } from './calibrate-forecast.service.js';
import { CalibrationRepository } from './calibration.repository.js';

/** A column of a window beside what it was trained on. */
interface SeenColumn extends TrainingRange {
  readonly column: string;
  /** Smallest and largest value of the window. */
  readonly smallest: number;
  readonly largest: number;
}

/** How far a window lies from the values that its model was trained on, or tried on in its back-test. */
@Injectable()
export class MeasureDistance implements TrainingDistances {
  constructor(
    private readonly states: CalibrationRepository,
    private readonly config: AppConfig,
  ) {}

  async of(forecast: CalibratedForecast): Promise<TrainingDistance> {
    const { made } = forecast;
    const metadata = made?.output.metadata ?? {};
    const window = made?.input?.last(countOf(metadata['window_size']) ?? 1) ?? null;
    const limit = numberOf(metadata['abstain_limit']) ?? this.config.abstain_limit;
    const trained = columnsOf(metadata['training_range'], window);
    if (trained.length > 0) return farthest(trained, limit, 'metadata');
    const { model } = whoMade(forecast);
    const ranges = model === null ? null : await this.states.ranges(calibrationDigest(model, TRAINING_RANGE));
    const tried = columnsOf(ranges, window);
    if (tried.length > 0) return farthest(tried, limit, 'backtest');
    throw new AppError(
      'invalid',
      'abstain: nothing tells what values this model was trained on, so nothing can tell whether these are others. A normalisation or training_range in its metadata would, or a back-test of this model on this symbol and interval (POST /api/v1/backtests)',
      { code: 'training_range_unknown' },
    );
  }
}

/** The columns of which both the range and the window are known. */
function columnsOf(stated: unknown, window: Frame | null): readonly SeenColumn[] {
  if (!isRecord(stated)) return [];
  return Object.entries(stated).flatMap(([column, entry]) => {
    const range = rangeOf(entry);
    const seen = range === null ? null : (statedWindow(entry) ?? windowOf(column, window));
    return range === null || seen === null ? [] : [{ column, ...range, ...seen }];
  });
}

function rangeOf(entry: unknown): TrainingRange | null {
  if (!isRecord(entry)) return null;
  const [lower, upper] = [numberOf(entry['min']), numberOf(entry['max'])];
  if (lower !== null && upper !== null) return lower <= upper ? { lower, upper } : null;
  const [mean, sd] = [numberOf(entry['mean']), numberOf(entry['std'])];
  return mean === null || sd === null || sd < 0 ? null : rangeOfMoments(mean, sd);
}

/** What a model says of its own window, whose columns may be no columns of the bars. */
function statedWindow(entry: unknown): Pick<SeenColumn, 'smallest' | 'largest'> | null {
  if (!isRecord(entry)) return null;
  const [smallest, largest] = [numberOf(entry['window_min']), numberOf(entry['window_max'])];
  return smallest === null || largest === null ? null : { smallest, largest };
}

function windowOf(column: string, window: Frame | null): Pick<SeenColumn, 'smallest' | 'largest'> | null {
  const name = window?.spelled(column);
  if (window === null || name === undefined) return null;
  const known = window.column(name).filter((value) => Number.isFinite(value));
  return known.length === 0 ? null : { smallest: Math.min(...known), largest: Math.max(...known) };
}

/** The column that lies farthest out; of several the first by name. */
function farthest(
  columns: readonly SeenColumn[],
  limit: number,
  source: TrainingDistance['source'],
): TrainingDistance {
  const [first] = columns
    .map(({ column, smallest, largest, lower, upper }) => {
      const range = { lower, upper };
      const [below, above] = [rangeDistance(smallest, range), rangeDistance(largest, range)];
      const distance = Math.max(below, above);
      return { distance, limit, column, value: below > above ? smallest : largest, lower, upper, source };
    })
    .toSorted((a, b) => b.distance - a.distance || (a.column < b.column ? -1 : 1));
  if (first === undefined) throw new Error('invariant broken: there is a column');
  return first;
}

const numberOf = (value: unknown): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null;
const countOf = (value: unknown): number | null =>
  Number.isSafeInteger(value) && Number(value) > 0 ? Number(value) : null;
