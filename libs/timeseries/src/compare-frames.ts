import { type Frame, exactRow } from './frame.js';

/** How one column differs from the reference, over the rows of equal time that have a value in both. */
export interface ColumnComparison {
  readonly column: string;
  readonly rows: number;
  readonly maxDifference: number;
  readonly meanDifference: number;
  readonly withinTolerance: boolean;
}

export interface FrameComparison {
  /** Whether there are common rows and columns, and every column lies within the tolerance. */
  readonly passed: boolean;
  readonly tolerance: number;
  readonly commonRows: number;
  readonly columns: readonly ColumnComparison[];
  /** Columns of the reference that the data do not have. */
  readonly missingColumns: readonly string[];
}

/**
 * Compares data with a reference, row by row of the same time and column by column of the same name (in any case).
 * @param tolerance greatest difference that is no difference, plus as much of the reference's size when `relative`
 */
export function compareFrames(
  frame: Frame,
  reference: Frame,
  { tolerance, relative = false, skipRows = 0 }: { tolerance: number; relative?: boolean; skipRows?: number },
): FrameComparison {
  const pairs = Array.from(reference.time, (time, row) => [exactRow(frame.time, time), row] as const)
    .slice(skipRows)
    .filter(([own]) => own >= 0);
  const columns = reference.names.flatMap((column): ColumnComparison[] => {
    const spelled = frame.spelled(column);
    if (spelled === undefined) return [];
    const [own, other] = [frame.column(spelled), reference.column(column)];
    let [rows, sum, most, isWithin] = [0, 0, 0, true];
    for (const [ownRow, otherRow] of pairs) {
      const expected = other[otherRow] ?? NaN;
      const difference = Math.abs((own[ownRow] ?? NaN) - expected);
      if (Number.isNaN(difference)) continue;
      rows += 1;
      sum += difference;
      most = Math.max(most, difference);
      if (difference > tolerance * (1 + (relative ? Math.abs(expected) : 0))) isWithin = false;
    }
    return [
      {
        column,
        rows,
        maxDifference: most,
        meanDifference: rows === 0 ? NaN : sum / rows,
        withinTolerance: isWithin && rows > 0,
      },
    ];
  });
  return {
    passed: pairs.length > 0 && columns.length > 0 && columns.every((one) => one.withinTolerance),
    tolerance,
    commonRows: pairs.length,
    columns,
    missingColumns: reference.names.filter((name) => frame.spelled(name) === undefined),
  };
}
