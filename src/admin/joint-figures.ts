import type { RowActivity } from '#libs/database';

/** Two activities as one: counts add up, means weigh as much as was completed. */
export const jointActivity = (one: RowActivity, other: RowActivity): RowActivity => ({
  created: one.created + other.created,
  createdAndCompleted: one.createdAndCompleted + other.createdAndCompleted,
  completed: one.completed + other.completed,
  failed: one.failed + other.failed,
  cancelled: one.cancelled + other.cancelled,
  meanProcessingMs: jointMean(
    [one.meanProcessingMs, one.completed],
    [other.meanProcessingMs, other.completed],
  ),
  meanWaitMs: jointMean([one.meanWaitMs, one.completed], [other.meanWaitMs, other.completed]),
});

type Weighted = readonly [mean: number | null, weight: number];

function jointMean(...parts: readonly Weighted[]): number | null {
  const known = parts.filter(([mean]) => mean !== null);
  const weight = known.reduce((sum, [, count]) => sum + count, 0);
  return weight === 0 ? null : known.reduce((sum, [mean, count]) => sum + (mean ?? 0) * count, 0) / weight;
}

type Counts = Readonly<Record<string, number>>;

/** Two maps of counts as one, without what nobody counted. */
export function jointCounts(one: Counts, other: Counts): Counts {
  const names = [...new Set([...Object.keys(one), ...Object.keys(other)])];
  return Object.fromEntries(
    names.map((name) => [name, (one[name] ?? 0) + (other[name] ?? 0)] as const).filter(([, sum]) => sum > 0),
  );
}
