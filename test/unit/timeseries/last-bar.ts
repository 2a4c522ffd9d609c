import { expect } from '@jest/globals';
import { formatIso, loadCsv, type CsvOptions, type LoadedCsv } from '#libs/timeseries';

/** Ten hourly bars from 2024-01-02 20:00 to 2024-01-03 05:00; the last close is 1.1092. */
export const hourly = (line: (date: string, time: string, prices: readonly string[]) => string): string =>
  Array.from({ length: 10 }, (_, row) => {
    const [date = '', time = ''] = formatIso(Date.UTC(2024, 0, 2, 20 + row))
      .slice(0, 19)
      .split('T');
    const prices = [0, 0.0005, -0.0005, 0.0002].map((more) => (1.1 + row / 1000 + more).toFixed(4));
    return line(date, time, prices);
  }).join('\n');

/** `2024.01.30` */
export const dotted = (date: string): string => date.replaceAll('-', '.');
/** `30.01.2024` with this sign */
export const reversed = (date: string, sign: string): string => date.split('-').toReversed().join(sign);

/** What is right of the last bar. */
export interface Right {
  /** Of the last bar. */
  readonly time: string;
  readonly close: number;
  readonly column?: string;
}

/** The last of the {@link hourly} bars. */
export const hours: Right = { time: '2024-01-03T05:00:00Z', close: 1.1092 };
/** The bar of 2024-01-31. */
export const day = (close: number, column = 'CLOSE'): Right => ({
  time: '2024-01-31T00:00:00Z',
  close,
  column,
});

async function lastBar(file: LoadedCsv, column: string) {
  const { frame } = file;
  return {
    time: formatIso(frame.time.at(-1) ?? NaN),
    close: frame.column(frame.spelled(column) ?? column).at(-1),
  };
}

/** Loads a file and expects this last bar and no bad row. */
export async function expectLast(
  path: string,
  options: Partial<CsvOptions>,
  { time, close, column = 'CLOSE' }: Right,
): Promise<void> {
  const file = await loadCsv(path, { dateColumn: 'DATE_TIME', ...options });
  expect(await lastBar(file, column)).toEqual({ time, close });
  expect(file.badRowCount).toBe(0);
}
