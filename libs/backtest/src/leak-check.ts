import { setImmediate } from 'node:timers/promises';
import { AppError } from '#libs/kernel';
import type { BatchedForecast } from '#libs/plugin-sdk';
import { formatIso, Frame } from '#libs/timeseries';

/** How the check went. */
export interface LeakCheck {
  /** Forecasts that were asked for again, with everything after their bar changed. */
  readonly windows: number;
  /** Those whose answer cannot be compared, because it differs although nothing was changed. */
  readonly unrepeatable: number;
}

/** What is asked: answers at these rows of the frame, at least one; the frame goes on behind the last. */
export type AskAt = (frame: Frame, rows: readonly number[]) => Promise<readonly (BatchedForecast | Error)[]>;

/** Rows that are asked together, so that a batch has the chance to read from its neighbours. */
const TOGETHER = 4;

/**
 * Finds answers that depend on bars after the one they start from: forecasts at some bars are made twice, the second time
 * with every value after that bar changed, in the memory behind it, too. Equal answers are equal bit for bit.
 * @param rows bars to look at; `stride` leads to those that are asked beside them
 * @throws AppError `invalid` with code `looks_ahead` that names the predictor and the first bar found
 */
export async function checkForLeaks(
  predictor: string,
  frame: Frame,
  { rows, stride }: { readonly rows: readonly number[]; readonly stride: number },
  ask: AskAt,
): Promise<LeakCheck> {
  const changed = await copyOf(frame);
  let unchangedFrom = frame.length;
  let unrepeatable = 0;
  // From the last one back: what lies behind a later bar is changed already.
  for (const row of rows.toSorted((a, b) => b - a)) {
    const batch = Array.from({ length: TOGETHER }, (_, at) => row + at * stride).filter(
      (one) => one < frame.length - 1,
    );
    const asked = batch.length === 0 ? [row] : batch;
    const [before] = await ask(frame, asked);
    const [again] = await ask(frame, asked);
    change(changed, row + 1, unchangedFrom);
    unchangedFrom = row + 1;
    const [after] = await ask(changed, asked);
    if (told(before) === told(after)) continue;
    if (told(before) !== told(again)) {
      unrepeatable += 1;
      continue;
    }
    throw new AppError(
      'invalid',
      `${predictor} looks ahead: its forecast from the bar of ${formatIso(frame.time[row] ?? NaN)} changed when only bars after it were changed (${difference(before, after)})`,
      { code: 'looks_ahead' },
    );
  }
  return { windows: rows.length, unrepeatable };
}

async function copyOf(frame: Frame): Promise<Frame> {
  const columns: [string, Float64Array][] = [];
  for (const [name, values] of frame.columns) {
    columns.push([name, values.slice()]);
    // A million bars of many columns are copied between other work.
    await setImmediate();
  }
  return frame.slice(0).with(columns);
}

/** Every known value moves by a tenth or more, up and down by turns, so that signs and orders change, too. */
function change(frame: Frame, from: number, to: number): void {
  for (const values of frame.columns.values()) {
    for (let row = from; row < to; row += 1) {
      const value = values[row] ?? NaN;
      values[row] = value + (row % 2 === 0 ? 1 : -1) * (Math.abs(value) * 0.1 + 1e-3) * (1 + (row % 3));
    }
  }
}

const told = (answer: BatchedForecast | Error | undefined): string =>
  answer === undefined || answer instanceof Error
    ? String(answer?.message)
    : JSON.stringify([
        answer.baseline_value,
        answer.predictions,
        answer.uncertainty,
        answer.intervals,
        answer.quantiles,
      ]);

function difference(before: BatchedForecast | Error | undefined, after: typeof before): string {
  if (before === undefined || after === undefined || before instanceof Error || after instanceof Error)
    return `${told(before)} and ${told(after)}`;
  const at = before.predictions.findIndex((value, index) => value !== after.predictions[index]);
  return at < 0
    ? 'its uncertainty'
    : `${before.horizons[at]} ahead: ${before.predictions[at]} and ${after.predictions[at]}`;
}
