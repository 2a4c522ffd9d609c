import { Frame } from '#libs/plugin-sdk';

/** Only the rows that have a value in every column: the first rows of indicators have none. */
export function completeRows(frame: Frame): Frame {
  const columns = [...frame.columns.values()];
  const isComplete = (row: number) => columns.every((values) => !Number.isNaN(values[row] ?? NaN));
  let first = 0;
  while (first < frame.length && !isComplete(first)) first += 1;
  const rest = frame.slice(first);
  const rows = Int32Array.from(rest.time.keys()).filter((row) => isComplete(first + row));
  if (rows.length === rest.length) return rest;
  const pick = (values: Float64Array) => Float64Array.from(rows, (row) => values[row] ?? NaN);
  return Frame.of(
    pick(rest.time),
    [...rest.columns].map(([name, values]) => [name, pick(values)] as const),
  );
}
