import type { Frame } from '#libs/plugin-sdk';
import { logShift, shiftedLog } from '#libs/timeseries';

/** Columns whose logarithm the original's feature file has. */
const LOGGED = ['MACD', 'MACD_Signal', 'Stochastic_%D', 'ADX', 'ATR'] as const;

/**
 * The logarithm of those columns.
 * @param shifts what is added before, by column; from training data
 * @param looksAhead whether columns without an entry take the shift of all their bars, as the original does
 */
export const logged =
  (shifts: Readonly<Record<string, number>>, looksAhead: boolean) =>
  (frame: Frame): Frame =>
    frame.with(
      LOGGED.flatMap((name) => {
        if (!frame.has(name)) return [];
        const values = frame.column(name);
        const shift = shifts[name] ?? (looksAhead ? logShift(values) : undefined);
        return shift === undefined ? [] : [[name, shiftedLog(values, shift)] as const];
      }),
    );

/** Below this a column counts as constant, and stays as it is. */
const LEAST_DEVIATION = 1e-9;

/** Columns less their mean, divided by their standard deviation (that of a population), over all bars at hand. */
export const standardised =
  (names: readonly string[]) =>
  (frame: Frame): Frame =>
    frame.with(
      names.map((name) => {
        const values = frame.column(name);
        const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
        const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
        const deviation = Math.sqrt(squares / values.length);
        return [
          name,
          deviation < LEAST_DEVIATION ? values : values.map((value) => (value - mean) / deviation),
        ] as const;
      }),
    );
