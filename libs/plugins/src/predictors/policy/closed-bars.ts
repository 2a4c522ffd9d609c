import { createHash } from 'node:crypto';
import { pythonJson } from '#libs/kernel';
import { type Frame, PluginError } from '#libs/plugin-sdk';
import { formatNaiveIso } from '#libs/timeseries';

/** Features of the newest bars, in the order of the artifacts. */
export const POLICY_FEATURES = [
  'return_1',
  'return_2',
  'return_3',
  'return_5',
  'return_10',
  'ema_ratio_5_20',
  'ema_ratio_10_50',
  'volatility_5',
  'volatility_20',
  'range_fraction_1',
  'volume_z20',
] as const;

/** Complete bars that the features are made of. */
export const POLICY_BARS = 51;
const FEATURE_CONTRACT = 'prediction_provider.closed_bars.linear.v1';
const PRICES = ['OPEN', 'HIGH', 'LOW', 'CLOSE', 'VOLUME'] as const;
type Price = (typeof PRICES)[number];
/** Share of the price by which a close may lie outside of its bar, from rounding. */
const TOLERANCE = 1e-9;
/** Least deviation that a volume is divided by, so that equal volumes give 0. */
const LEAST_DEVIATION = 1e-12;

/** What a policy is asked about. */
export interface ClosedBars {
  /** In the order of {@link POLICY_FEATURES}. */
  readonly features: readonly number[];
  /** Of the last bar. */
  readonly close: number;
  /** Label of the last bar, as the original writes it: `2026-01-02T00:00:00+00:00`. */
  readonly lastBar: string;
  /** SHA-256 of the features and the bar's label. */
  readonly inputSha256: string;
}

/**
 * Features of the 51 bars up to and including `row`, which must be complete; later ones are never read. Log returns over 1, 2,
 * 3, 5 and 10 bars; EMA 5 / EMA 20 - 1 and EMA 10 / EMA 50 - 1 over the last 50 closes (α = 2/(n + 1), begun with the first);
 * population deviation of the last 5 and 20 returns; (high - low) / close; (volume - mean) / deviation of the last 20 volumes.
 * @throws PluginError `invalid_request` for missing columns, `no_data` for fewer bars or bars that are none
 */
export function closedBars(frame: Frame, row: number): ClosedBars {
  if (row + 1 < POLICY_BARS) {
    throw new PluginError(
      'no_data',
      `the policy looks at ${POLICY_BARS} complete bars; there are ${row + 1}`,
    );
  }
  const bars = lastBars(frame, row);
  const closes = bars.CLOSE;
  const volumes = bars.VOLUME.slice(-20);
  const returns = closes.slice(1).map((close, at) => Math.log(close / (closes[at] ?? NaN)));
  const recent = closes.slice(1);
  const close = closes.at(-1) ?? NaN;
  const features = [
    ...[1, 2, 3, 5, 10].map((count) => sum(returns.slice(-count))),
    ema(recent, 5) / ema(recent, 20) - 1,
    ema(recent, 10) / ema(recent, 50) - 1,
    deviation(returns.slice(-5)),
    deviation(returns.slice(-20)),
    ((bars.HIGH.at(-1) ?? NaN) - (bars.LOW.at(-1) ?? NaN)) / close,
    ((volumes.at(-1) ?? NaN) - sum(volumes) / 20) / Math.max(deviation(volumes), LEAST_DEVIATION),
  ];
  const lastBar = pythonTime(frame.time[row] ?? NaN);
  const fact = {
    feature_contract: FEATURE_CONTRACT,
    last_closed_bar: lastBar,
    features: Object.fromEntries(POLICY_FEATURES.map((name, at) => [name, features[at] ?? NaN])),
  };
  return { features, close, lastBar, inputSha256: digestOf(fact) };
}

/** SHA-256 of what Python's `json.dumps(fact, sort_keys=True, separators=(",", ":"))` writes, where all numbers are floats. */
export const digestOf = (fact: object): string =>
  createHash('sha256')
    .update(pythonJson(fact, { asFloats: true, compact: true }))
    .digest('hex');

function lastBars(frame: Frame, row: number): Readonly<Record<Price, readonly number[]>> {
  const missing = PRICES.filter((name) => frame.spelled(name) === undefined);
  if (missing.length > 0) {
    const present = frame.names.join(', ');
    throw new PluginError(
      'invalid_request',
      `the policy needs ${missing.join(', ')}; the data has ${present}`,
    );
  }
  const first = row - POLICY_BARS + 1;
  const bars = Object.fromEntries(
    PRICES.map((name) => [name, [...frame.column(frame.spelled(name) ?? name).subarray(first, row + 1)]]),
  ) as Record<Price, number[]>;
  for (let at = 0; at < POLICY_BARS; at += 1) {
    const time = frame.time[first + at] ?? NaN;
    const fault =
      faultOf(bars, at) ??
      (time > (frame.time[first + at - 1] ?? -Infinity) ? null : 'has the time of the bar before');
    if (fault !== null) throw new PluginError('no_data', `the bar of ${formatNaiveIso(time)} ${fault}`);
  }
  return bars;
}

function faultOf(bars: Readonly<Record<Price, readonly number[]>>, at: number): string | null {
  const empty = PRICES.find((name) => !Number.isFinite(bars[name][at]));
  if (empty !== undefined) return `has no ${empty}`;
  const [high, low, close] = [bars.HIGH[at] ?? NaN, bars.LOW[at] ?? NaN, bars.CLOSE[at] ?? NaN];
  const room = Math.max(Math.abs(close), 1) * TOLERANCE;
  if (low <= 0) return `has a low of ${low}; prices must be above 0`;
  return close < low - room || close > high + room
    ? `closes at ${close}, outside of ${low} to ${high}`
    : null;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

function ema(values: readonly number[], bars: number): number {
  const alpha = 2 / (bars + 1);
  return values.reduce((average, value) => alpha * value + (1 - alpha) * average);
}

function deviation(values: readonly number[]): number {
  const mean = sum(values) / values.length;
  return Math.sqrt(sum(values.map((value) => (value - mean) ** 2)) / values.length);
}

/** Python's `datetime.isoformat()` in UTC. */
function pythonTime(time: number): string {
  const [seconds = '', fraction = ''] = new Date(time).toISOString().slice(0, -1).split('.');
  return `${seconds}${fraction === '000' ? '' : `.${fraction}000`}+00:00`;
}
