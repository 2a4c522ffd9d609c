import { Frame, runConformance, type ConformanceCheck } from '#libs/plugin-sdk';

export const HOUR = 3_600_000;
export const START = Date.UTC(2026, 0, 5);
export const common = { apiVersion: 1, version: '1.0.0', description: 'For tests.', parameters: {} } as const;

/** Hourly bars with two columns that count up. */
export const series = (bars: number): Frame => {
  const time = Float64Array.from({ length: bars }, (_, row) => START + row * HOUR);
  return Frame.of(time, { OPEN: time.map((_, row) => row), CLOSE: time.map((_, row) => row + 1) });
};

/** Names of the checks that fail, with the reason. */
export const failing = async (checks: readonly ConformanceCheck[]): Promise<readonly string[]> =>
  (await runConformance(checks))
    .filter(({ error }) => error !== null)
    .map(({ name, error }) => `${name}: ${error?.message}`);
