import { checkFinite, checkList, unscorable } from './check.js';
import { checkQuantiles, crpsQuantile, crpsSample, type QuantileSet } from './distribution-scores.js';
import { normalCdf, normalDensity, normalQuantile } from './distributions.js';
import { randomWalkForecast } from './random-walk.js';
import { statedAt, type StatedNumbers, type WalkStart } from './score-forecast.js';

/** Outcome and forecast are looked at so many standard deviations of the random walk to either side of where it stands. */
export const PAY_BOUND = 2;
/** What a forecast is paid that is as good as the random walk. */
const PAY_OF_WALK = 0.5;
/** Numbers further away than so many of those deviations say nothing more. */
const FARTHEST = 1e6;
/** A spread below so many of them is none. */
const NARROWEST = 1e-9;

/** What was forecast for one horizon; a normal distribution without spread is a point. */
export type PaidForecast =
  | { readonly kind: 'normal'; readonly mean: number; readonly sd: number }
  | ({ readonly kind: 'quantiles' } & QuantileSet)
  | { readonly kind: 'samples'; readonly samples: ArrayLike<number> };

/** What a forecast is paid for one horizon. Losses and scale are in the unit of the value. */
export interface ScorePay {
  /** CRPS of the forecast, and of the random walk in the same form, both within the bounds. */
  readonly loss: number;
  readonly baselineLoss: number;
  /** What their difference is divided by: the smallest number with which no value brings less than nothing or more than all. */
  readonly scale: number;
  /** 1/2 + (baselineLoss − loss) / scale: 0 to 1. */
  readonly fraction: number;
}

/**
 * The part of a held amount that a forecast earns, for one horizon. Outcome and forecast are first moved into bounds that were
 * known when the forecast was made: {@link PAY_BOUND} standard deviations of the random walk to either side of its last
 * value. The CRPS of what was moved is the CRPS weighted by the bounds' indicator: proper, and bounded. So the pay is a
 * straight line of a proper score and needs no cut of its own, which would make it worth while to state other numbers than one believes.
 * Gneiting and Ranjan (2011), J. Bus. Econ. Stat. 29, 411–422, equations 11 and 14.
 * @param value what came
 * @param walk last known value and its volatility of one bar, > 0, as known at issue
 * @param horizon bars ahead, at least 1
 */
export function scorePay(
  value: number,
  forecast: PaidForecast,
  { baselineValue, volatility }: WalkStart,
  horizon: number,
): ScorePay {
  checkFinite('value', value);
  const { mean, sd } = randomWalkForecast(baselineValue, volatility, horizon);
  if (!(sd > 0)) throw unscorable(`volatility must be above 0, not ${volatility}`);
  const own = inUnits(forecast, mean, sd);
  const form = formOf(own);
  const y = within((value - mean) / sd);
  const [loss, baselineLoss] = [lossOf(y, own), lossOf(y, form.walk)];
  // the bounds are exact; what rounding adds to them is taken off
  const fraction = Math.min(1, Math.max(0, PAY_OF_WALK + (baselineLoss - loss) / form.scale));
  return { loss: sd * loss, baselineLoss: sd * baselineLoss, scale: sd * form.scale, fraction };
}

/**
 * The pay of one horizon of a forecast, in the form in which `scoreForecast` scores it: its standard deviation, else its
 * quantiles and the ends of its intervals, else its point.
 * @param at index of the horizon
 * @returns null where the forecast has no point there
 */
export function scorePayOf(
  stated: StatedNumbers,
  at: number,
  value: number,
  walk: WalkStart,
): ScorePay | null {
  const one = statedAt(stated, at);
  if (one === null) return null;
  const { horizon, point, sd, quantiles } = one;
  const isSet = sd === null && quantiles.levels.length > 1;
  const forecast: PaidForecast = isSet
    ? { kind: 'quantiles', ...quantiles }
    : { kind: 'normal', mean: point, sd: sd ?? 0 };
  return scorePay(value, forecast, walk, horizon);
}

const within = (z: number): number => Math.min(PAY_BOUND, Math.max(-PAY_BOUND, z));

/** In standard deviations of the random walk from where it stands, and within the bounds. */
function inUnits(forecast: PaidForecast, mean: number, sd: number): PaidForecast {
  const moved = (list: ArrayLike<number>) => Float64Array.from(list, (one) => within((one - mean) / sd));
  if (forecast.kind === 'samples') {
    checkList('samples', forecast.samples, 2);
    return { kind: 'samples', samples: moved(forecast.samples) };
  }
  if (forecast.kind === 'quantiles') {
    checkQuantiles(forecast);
    return { kind: 'quantiles', levels: forecast.levels, values: moved(forecast.values) };
  }
  checkFinite('mean', forecast.mean);
  checkFinite('sd', forecast.sd);
  if (forecast.sd < 0) throw unscorable(`sd must not be below 0, not ${forecast.sd}`);
  const distance = (forecast.mean - mean) / sd;
  return {
    kind: 'normal',
    mean: Math.min(FARTHEST, Math.max(-FARTHEST, distance)),
    sd: Math.min(FARTHEST, forecast.sd / sd),
  };
}

/** How a form of forecast is paid, whatever its numbers: the random walk in this form, and the scale. */
interface PayForm {
  readonly walk: PaidForecast;
  readonly scale: number;
}

const NORMAL_WALK: PaidForecast = { kind: 'normal', mean: 0, sd: 1 };
/** Found with the first payment: it would take 6 ms of every start. */
let normalForm: PayForm | null = null;

function formOf(forecast: PaidForecast): PayForm {
  if (forecast.kind !== 'quantiles')
    return (normalForm ??= { walk: NORMAL_WALK, scale: scaleOf(NORMAL_WALK) });
  const { levels } = forecast;
  const values = Float64Array.from(levels, (level) => within(normalQuantile(level)));
  const walk: PaidForecast = { kind: 'quantiles', levels, values };
  return { walk, scale: scaleOf(walk) };
}

/**
 * The difference to the random walk is largest at one of the bounds: for whoever knew it, and for whoever was sure of the
 * other bound. Both distances are 1/2 of what is paid at the most.
 */
function scaleOf(walk: PaidForecast): number {
  const widest = [PAY_BOUND, -PAY_BOUND].map((y) => {
    const base = lossOf(y, walk);
    const wrong: PaidForecast =
      walk.kind === 'quantiles'
        ? { ...walk, values: Float64Array.from(walk.levels, () => -y) }
        : { kind: 'normal', mean: -y, sd: 0 };
    return Math.max(base / (1 - PAY_OF_WALK), (lossOf(y, wrong) - base) / PAY_OF_WALK);
  });
  return Math.max(...widest);
}

/** CRPS within the bounds, of what is in units. */
function lossOf(y: number, forecast: PaidForecast): number {
  if (forecast.kind === 'samples') return crpsSample(y, forecast.samples);
  if (forecast.kind === 'quantiles') return crpsQuantile(y, forecast);
  const { mean, sd } = forecast;
  if (sd < NARROWEST) return Math.abs(y - within(mean));
  return below(y, mean, sd) + below(-y, -mean, sd);
}

/**
 * ∫ F(x)² dx of a normal distribution from the lower bound to y. Its antiderivative in z = (x − mean)/sd is
 * sd·(zΦ² + 2Φφ − Φ(√2 z)/√π); what grows with z is taken apart, so that nothing large cancels.
 */
function below(y: number, mean: number, sd: number): number {
  const length = Math.max(0, y - Math.max(-PAY_BOUND, mean));
  return length + sd * (bend((y - mean) / sd) - bend((-PAY_BOUND - mean) / sd));
}

/** zΦ(z)² + 2Φ(z)φ(z) − Φ(√2 z)/√π − max(z, 0). */
function bend(z: number): number {
  const area = normalCdf(z);
  const straight = z > 0 ? z * (area ** 2 - 1) : z * area ** 2;
  return straight + 2 * area * normalDensity(z) - normalCdf(Math.SQRT2 * z) / Math.sqrt(Math.PI);
}
