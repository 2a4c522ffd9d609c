import { COVERAGE_LEVELS, coverageOf } from '#libs/scoring';
import type { ForecastPinEntity } from './forecast-pin.entity.js';
import type { NewOutcome } from './outcomes.repository.js';
import type { ScoreDayEntity } from './score-day.entity.js';

/** Bins of the kept PIT histogram. */
export const PIT_BINS = 10;
/** The horizon under which all horizons are kept together. */
export const ALL_HORIZONS = 0;

type SumKey = 'subject' | 'horizon' | 'day' | 'symbol' | 'interval';
export type SumName = Exclude<keyof ScoreDayEntity, SumKey>;
export type ScoreSums = Readonly<Record<SumName, number>>;
export type ScoreKey = Pick<ScoreDayEntity, SumKey>;

const LEVEL_NAMES = ['50', '80', '90', '95'] as const;
const BINS = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'] as const;

/** Every sum, in the order of the table. */
export const SUM_NAMES: readonly SumName[] = [
  'outcomes',
  'unresolvable',
  'scored',
  'loss',
  'baselineLoss',
  'points',
  'absoluteError',
  'squaredError',
  'scaled',
  'scaledError',
  'directions',
  'rightDirections',
  ...LEVEL_NAMES.flatMap((level) => [`stated${level}`, `covered${level}`] as const),
  ...LEVEL_NAMES.flatMap((level) => [`calibratedStated${level}`, `calibratedCovered${level}`] as const),
  ...BINS.map((bin) => `pit${bin}` as const),
];

export const noSums = (): Record<SumName, number> =>
  Object.fromEntries(SUM_NAMES.map((name) => [name, 0])) as Record<SumName, number>;

export function addSums(total: Record<SumName, number>, sums: ScoreSums, weight = 1): void {
  for (const name of SUM_NAMES) total[name] += weight * sums[name];
}

/** What one outcome adds. */
function sumsOf(pin: ForecastPinEntity, outcome: NewOutcome): ScoreSums {
  const sums = noSums();
  if (outcome.status === 'unresolvable') return { ...sums, unresolvable: 1 };
  sums.outcomes = 1;
  if (outcome.loss !== null && outcome.baselineLoss !== null) {
    sums.scored = 1;
    sums.loss = outcome.loss;
    sums.baselineLoss = outcome.baselineLoss;
  }
  const point = pin.points[pin.horizons.indexOf(outcome.horizon)] ?? null;
  if (point !== null && outcome.value !== null) addErrors(sums, point, outcome.value, outcome);
  const [raw, calibrated] = [coverageOf(outcome.covered), coverageOf(outcome.calibratedCovered)];
  for (const [bit, level] of LEVEL_NAMES.entries()) {
    sums[`stated${level}`] = raw[bit] == null ? 0 : 1;
    sums[`covered${level}`] = raw[bit] === true ? 1 : 0;
    sums[`calibratedStated${level}`] = calibrated[bit] == null ? 0 : 1;
    sums[`calibratedCovered${level}`] = calibrated[bit] === true ? 1 : 0;
  }
  if (outcome.pit !== null) {
    const bin = BINS[Math.min(Math.floor(outcome.pit * PIT_BINS), PIT_BINS - 1)];
    if (bin !== undefined) sums[`pit${bin}`] = 1;
  }
  return sums;
}

function addErrors(
  sums: Record<SumName, number>,
  point: number,
  value: number,
  { naiveMae, baselineValue }: NewOutcome,
): void {
  const error = Math.abs(value - point);
  sums.points = 1;
  sums.absoluteError = error;
  sums.squaredError = error ** 2;
  if (naiveMae !== null && naiveMae > 0) {
    sums.scaled = 1;
    sums.scaledError = error / naiveMae;
  }
  if (baselineValue === null) return;
  const [moved, foretold] = [Math.sign(value - baselineValue), Math.sign(point - baselineValue)];
  if (moved === 0 || foretold === 0) return;
  sums.directions = 1;
  sums.rightDirections = moved === foretold ? 1 : 0;
}

export interface KeyedSums {
  readonly key: ScoreKey;
  readonly sums: Record<SumName, number>;
}

/** Who is judged by a forecast. */
export function subjectsOf({ model, evaluatorId, providerId }: ForecastPinEntity): string[] {
  return [
    `model:${model}`,
    ...(evaluatorId === null ? [] : [`evaluator:${evaluatorId}`]),
    ...(providerId === null ? [] : [`provider:${providerId}`]),
  ];
}

/**
 * What outcomes add to the days of everybody who is judged by them, those of one key together, in the order of the
 * keys: so that two who add at once never wait for each other. Only first outcomes of live forecasts count.
 */
export function dailySums(
  written: readonly { readonly pin: ForecastPinEntity; readonly outcome: NewOutcome }[],
): readonly KeyedSums[] {
  const days = new Map<string, KeyedSums>();
  for (const { pin, outcome } of written) {
    if (pin.standing !== 'live' || outcome.revision > 0) continue;
    const own = sumsOf(pin, outcome);
    const day = (outcome.barAt ?? outcome.targetAt).toISOString().slice(0, 10);
    for (const subject of subjectsOf(pin)) {
      for (const horizon of [outcome.horizon, ALL_HORIZONS]) {
        const key = { subject, horizon, day, symbol: pin.symbol, interval: pin.interval };
        const name = JSON.stringify(Object.values(key));
        const known = days.get(name) ?? { key, sums: noSums() };
        addSums(known.sums, own);
        days.set(name, known);
      }
    }
  }
  return [...days].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, sums]) => sums);
}

/** Of the values of each level how many lay in the intervals as the model made them and, where there were some, calibrated. */
export const coverageSums = (sums: ScoreSums) =>
  COVERAGE_LEVELS.map((level, at) => {
    const name = LEVEL_NAMES[at] ?? '50';
    return {
      level,
      raw: { hits: sums[`covered${name}`], count: sums[`stated${name}`] },
      calibrated: { hits: sums[`calibratedCovered${name}`], count: sums[`calibratedStated${name}`] },
    };
  });

export const pitSums = (sums: ScoreSums): number[] => BINS.map((bin) => sums[`pit${bin}`]);
