import { AppError } from '#libs/kernel';
import { type DieboldMariano, dieboldMariano } from '#libs/scoring';
import type { ScoredLine } from './forecast-line.js';

/** Two models at one horizon, on the targets that both were scored on. */
export interface ComparedHorizon extends Pick<DieboldMariano, 'statistic' | 'pValue'> {
  readonly horizon: number;
  readonly targets: number;
  /** Mean losses. */
  readonly lossA: number;
  readonly lossB: number;
}

/**
 * Compares forecasts on shared targets, horizon by horizon.
 * Diebold and Mariano (1995) with the correction of Harvey, Leybourne and Newbold (1997); see `dieboldMariano` of libs/scoring.
 * @throws AppError `invalid` (code `nothing_shared`) without a horizon that has two targets more than twice its bars
 */
export function compareForecasts(
  a: readonly ScoredLine[],
  b: readonly ScoredLine[],
): readonly ComparedHorizon[] {
  const known = new Map(
    b.flatMap(({ baseline, horizons, losses }) =>
      horizons.map((horizon, at) => [`${baseline}:${horizon}`, losses[at] ?? null] as const),
    ),
  );
  const shared = new Map<number, { a: number[]; b: number[] }>();
  for (const { baseline, horizons, losses } of a.toSorted((one, other) => one.baseline - other.baseline)) {
    for (const [at, horizon] of horizons.entries()) {
      const [own, other] = [losses[at] ?? null, known.get(`${baseline}:${horizon}`) ?? null];
      if (own === null || other === null) continue;
      const pairs = shared.get(horizon) ?? { a: [], b: [] };
      pairs.a.push(own);
      pairs.b.push(other);
      shared.set(horizon, pairs);
    }
  }
  const enough = [...shared].filter(([horizon, { a: own }]) => own.length >= 2 * horizon + 2);
  if (enough.length === 0)
    throw new AppError('invalid', 'The two back-tests share too few targets to be compared', {
      code: 'nothing_shared',
    });
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  return enough
    .toSorted(([one], [other]) => one - other)
    .map(([horizon, pairs]) => {
      const { statistic, pValue } = dieboldMariano(pairs.a, pairs.b, { horizon });
      return {
        horizon,
        targets: pairs.a.length,
        lossA: mean(pairs.a),
        lossB: mean(pairs.b),
        statistic,
        pValue,
      };
    });
}
