import type { BatchedForecast } from '#libs/plugin-sdk';
import { scaleAt, scoreForecast } from '#libs/scoring';
import type { Frame } from '#libs/timeseries';
import type { WalkedForecast } from './question.js';
import { questionFault } from './walk-range.js';

/** The column that is forecast. */
export interface WalkTarget {
  readonly name: string;
  readonly values: Float64Array;
}

/** @throws AppError `invalid` for a target that is no column of the bars */
export function targetOf(frame: Frame, column: string): WalkTarget {
  const name = frame.spelled(column);
  if (name !== undefined) return { name, values: frame.column(name) };
  const text = `what is forecast, ${column}, is no column of the bars (${frame.names.join(', ')}), so no bar can say whether it came true`;
  throw questionFault('target_column', text, column);
}

/** A forecast from a bar beside what came, scored as live ones are. */
export function walkedForecast(
  frame: Frame,
  row: number,
  answer: BatchedForecast,
  { name, values }: WalkTarget,
): WalkedForecast {
  if (name.toLowerCase() !== answer.target_column.toLowerCase())
    throw questionFault(
      'target_column',
      `${answer.target_column} was forecast at one bar and ${name} at another`,
      name,
    );
  const baseline = frame.time[row] ?? NaN;
  const scale = scaleAt(values, row);
  const walk = scale && { baselineValue: values[row] ?? NaN, volatility: scale.volatility };
  const stated = {
    horizons: answer.horizons,
    points: answer.predictions,
    deviations: answer.uncertainty,
    intervals: answer.intervals ?? [],
    quantiles: answer.quantiles ?? {},
  };
  const came = answer.horizons.map((horizon) => {
    const value = values[row + horizon] ?? NaN;
    return Number.isFinite(value) ? value : null;
  });
  const scores = came.map((value, at) =>
    value === null
      ? null
      : scoreForecast(stated, at, value, { walk, key: `${baseline}:${answer.horizons[at]}` }),
  );
  return {
    ...stated,
    baseline,
    baselineValue: answer.baseline_value,
    volatility: scale?.volatility ?? null,
    naiveMae: scale?.naiveMae ?? null,
    seed: answer.seed ?? null,
    targetTimes: answer.horizons.map((horizon) => frame.time[row + horizon] ?? null),
    values: came,
    losses: scores.map((one) => one?.loss ?? null),
    baselineLosses: scores.map((one) => one?.baselineLoss ?? null),
    pits: scores.map((one) => one?.pit ?? null),
    covered: scores.map((one) => one?.covered ?? null),
  };
}
