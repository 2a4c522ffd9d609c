import { createHash } from 'node:crypto';
import { formatNaiveIso, Frame } from '#libs/timeseries';

/** Hourly bars with all three actions of {@link ARTIFACT} in them. */
export const POLICY_ROWS = 90;
const START = Date.UTC(2024, 0, 1);
const closeAt = (row: number) => 100.5 + ((row * 7) % 13) / 4 + ((row * 5) % 3) / 8;
const highAt = (row: number) => 103 + ((row * 7) % 13) / 4;
const lowAt = (row: number) => 99 + ((row * 7) % 13) / 4;
const volumeAt = (row: number) => 1000 + ((row * 37) % 101);
export const COLUMNS: Readonly<Record<string, (row: number) => number>> = {
  OPEN: (row) => 100 + ((row * 7) % 13) / 4,
  HIGH: highAt,
  LOW: lowAt,
  CLOSE: closeAt,
  VOLUME: volumeAt,
};

export const policyTime = (row: number): number => START + row * 3_600_000;
export const policyFrame = (columns = COLUMNS, rows = POLICY_ROWS): Frame =>
  Frame.of(
    Float64Array.from({ length: rows }, (_, row) => policyTime(row)),
    Object.entries(columns).map(
      ([name, valueAt]) => [name, Float64Array.from({ length: rows }, (_, row) => valueAt(row))] as const,
    ),
  );
export const policyCsv = (rows = POLICY_ROWS): string => {
  const lines = Array.from({ length: rows }, (_, row) =>
    [formatNaiveIso(policyTime(row)), ...Object.values(COLUMNS).map((valueAt) => valueAt(row))].join(),
  );
  return `DATE_TIME,${Object.keys(COLUMNS).join()}\n${lines.join('\n')}\n`;
};

const NAMES =
  'return_1 return_2 return_3 return_5 return_10 ema_ratio_5_20 ema_ratio_10_50 volatility_5 volatility_20 range_fraction_1 volume_z20';
export const ARTIFACT = {
  schema: 'prediction_provider.live_linear_policy.v1',
  model_id: 'test-v1',
  asset_id: 'fx:EURUSD',
  timeframe: '1h',
  feature_names: NAMES.split(' '),
  means: NAMES.split(' ').map((_, at) => 0.001 * at),
  scales: NAMES.split(' ').map((_, at) => 0.01 + 0.002 * at),
  coefficients: [0.5, -0.3, 0.2, -0.1, 0.4, 0.3, -0.2, 0.1, 0.2, -0.4, 0.01],
  intercept: 0.05,
  probability_threshold: 0.55,
};
export const digestOfText = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The probability of a rise after a bar, written from the formulas alone. */
export function policyProbability(row: number, columns = COLUMNS): number {
  const of = (name: string, at: number): number => columns[name]?.(at) ?? NaN;
  const returnOver = (bars: number) => Math.log(of('CLOSE', row) / of('CLOSE', row - bars));
  const ema = (bars: number) => {
    let average = of('CLOSE', row - 49);
    for (let at = row - 48; at <= row; at += 1) average += (2 / (bars + 1)) * (of('CLOSE', at) - average);
    return average;
  };
  const moments = (count: number, valueAt: (at: number) => number) => {
    let [total, squares] = [0, 0];
    for (let at = row - count + 1; at <= row; at += 1) total += valueAt(at) / count;
    for (let at = row - count + 1; at <= row; at += 1) squares += (valueAt(at) - total) ** 2 / count;
    return { mean: total, std: Math.sqrt(squares) };
  };
  const change = (at: number) => Math.log(of('CLOSE', at)) - Math.log(of('CLOSE', at - 1));
  const volumes = moments(20, (at) => of('VOLUME', at));
  const features = [
    ...[1, 2, 3, 5, 10].map(returnOver),
    ema(5) / ema(20) - 1,
    ema(10) / ema(50) - 1,
    moments(5, change).std,
    moments(20, change).std,
    (of('HIGH', row) - of('LOW', row)) / of('CLOSE', row),
    volumes.std === 0 ? 0 : (of('VOLUME', row) - volumes.mean) / volumes.std,
  ];
  let score = ARTIFACT.intercept;
  for (const [at, value] of features.entries()) {
    score +=
      ((ARTIFACT.coefficients[at] ?? NaN) * (value - (ARTIFACT.means[at] ?? NaN))) /
      (ARTIFACT.scales[at] ?? NaN);
  }
  return 1 / (1 + Math.exp(-score));
}

export const policyAction = (probability: number): string =>
  probability >= 0.55 ? 'long' : probability <= 1 - 0.55 ? 'short' : 'hold';
