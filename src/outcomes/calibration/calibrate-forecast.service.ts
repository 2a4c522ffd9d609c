import { Injectable } from '@nestjs/common';
import { AppConfig } from '#libs/config';
import type { Transaction } from '#libs/database';
import { Clock } from '#libs/kernel';
import {
  ADAPTIVE_START,
  type AdaptiveState,
  adaptiveStep,
  adaptiveStretches,
  conformityScore,
  COVERAGE_LEVELS,
  intervalCoverage,
  spreadOf,
  type SpreadKind,
} from '#libs/scoring';
import type {
  BacktestedModel,
  BacktestFindings,
  CalibratedHorizon,
  CalibratedModel,
  CalibrationWarning,
  IssuedCalibration,
} from '../calibration.port.js';
import type { ForecastPinEntity } from '../forecast-pin.entity.js';
import type { ForecastCalibrations, CalibratedForecast } from '../outcomes.port.js';
import { canonicalInterval } from '#libs/timeseries';
import { groupedBy } from '../group.js';
import type { NewOutcome } from '../outcomes.repository.js';
import { makingOf } from '../pin-forecast.service.js';
import { jsonDigest } from '../pinned-window.js';
import {
  calibratedIntervals,
  calibrationDigest,
  calibrationText,
  MOST_CALIBRATED,
  TRAINING_RANGE,
} from './calibrated-intervals.js';
import type { CalibrationStateEntity } from './calibration-state.entity.js';
import { type CalibrationKey, CalibrationRepository } from './calibration.repository.js';

/** Digits of a score that are kept: some hundred of them are read with each forecast. */
const SCORE_DIGITS = 6;
/** Horizons that one warning names. */
const MOST_NAMED = 10;

/** What one outcome says of its model's intervals. */
interface Lesson {
  readonly key: CalibrationKey;
  /** Label of the target, epoch ms UTC. */
  readonly target: number;
  readonly pinId: number;
  readonly score: number;
  /** Of each level whether the interval that was issued held; null where none was issued by α. */
  readonly held: readonly boolean[] | null;
}

/** Calibrates forecasts by what became of those before them. */
@Injectable()
export class CalibrateForecast implements ForecastCalibrations {
  constructor(
    private readonly states: CalibrationRepository,
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {}

  async calibrate(forecast: CalibratedForecast): Promise<IssuedCalibration> {
    const { stated } = forecast;
    const { model, volatility } = whoMade(forecast);
    const spreads = stated.horizons.map((_, at) =>
      at < MOST_CALIBRATED ? spreadOf(stated, at, volatility) : null,
    );
    const digestOf = (kind: SpreadKind): string => (model === null ? '' : calibrationDigest(model, kind));
    const kinds = [...new Set(spreads.flatMap((spread) => (spread === null ? [] : [spread.kind])))];
    const digests = new Map(model === null ? [] : kinds.map((kind) => [kind, digestOf(kind)]));
    const states = await this.states.find([...digests.values()], stated.horizons.slice(0, MOST_CALIBRATED));
    const horizons = stated.horizons.map((horizon, at) => {
      const kind = spreads[at]?.kind ?? null;
      const digest = kind === null ? undefined : digests.get(kind);
      const state = states.find((one) => one.digest === digest && one.horizon === horizon);
      return this.#horizon(horizon, kind, state);
    });
    const used = {
      gamma: this.config.calibration_gamma,
      needed: this.config.calibration_outcomes,
      horizons,
    };
    const intervals = calibratedIntervals(stated, volatility, used);
    const shown = calibrationText(stated, used, intervals, this.#warnings(horizons, forecast));
    return { used, intervals, shown };
  }

  /** Adds outcomes to the states of their models, in the transaction that writes them. */
  async learn(
    tx: Transaction,
    written: readonly { readonly pin: ForecastPinEntity; readonly outcome: NewOutcome }[],
  ): Promise<void> {
    const lessons = groupedBy(
      written.flatMap(({ pin, outcome }) => lessonOf(pin, outcome) ?? []),
      ({ key }) => key.digest,
    );
    // in the order of their names, so that two who learn at once never wait for each other
    for (const [digest, some] of [...lessons].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
      await this.states.lock(tx, digest);
      const byHorizon = groupedBy(some, ({ key }) => key.horizon);
      const known = await this.states.find([digest], [...byHorizon.keys()], tx);
      for (const [horizon, own] of byHorizon)
        this.#step(tx, own, known.find((state) => state.horizon === horizon) ?? null);
    }
  }

  async keepBacktest(
    tx: Transaction,
    backtestId: string,
    { predictor, parameters, ...about }: BacktestedModel,
    { calibration: found, ranges }: BacktestFindings,
  ): Promise<void> {
    const now = new Date(this.clock.now());
    const model = {
      ...about,
      predictor: predictor.id,
      predictorVersion: predictor.version,
      parametersSha256: jsonDigest(parameters),
    };
    this.states.keepRanges(tx, calibrationDigest(model, TRAINING_RANGE), ranges, backtestId, now);
    const some = found.slice(0, MOST_CALIBRATED);
    for (const spread of new Set(some.map((one) => one.spread)))
      await this.states.lock(tx, calibrationDigest(model, spread));
    for (const { horizon, spread, outcomes, stretches } of some) {
      const key = keyOf(model, horizon, spread);
      const state = { backtestId, backtestOutcomes: outcomes, backtestStretches: stretches };
      this.states.keepBacktest(tx, key, state, now);
    }
  }

  #horizon(
    horizon: number,
    spread: SpreadKind | null,
    state: CalibrationStateEntity | undefined,
  ): CalibratedHorizon {
    const needed = this.config.calibration_outcomes;
    const outcomes = state?.outcomes ?? 0;
    const learnt = stateOf(state ?? null);
    if (learnt.scores.length >= needed)
      return {
        horizon,
        method: 'adaptive_conformal',
        outcomes,
        spread,
        alphas: learnt.alphas,
        stretches: adaptiveStretches(learnt),
      };
    const backtested = state?.backtestOutcomes ?? 0;
    if (backtested >= needed && state?.backtestStretches)
      return {
        horizon,
        method: 'split_conformal',
        outcomes: backtested,
        spread,
        alphas: COVERAGE_LEVELS.map((level) => 1 - level),
        stretches: state.backtestStretches,
      };
    return {
      horizon,
      method: null,
      outcomes: Math.max(outcomes, backtested),
      spread,
      alphas: [],
      stretches: [],
    };
  }

  /** One for each reason. */
  #warnings(
    horizons: readonly CalibratedHorizon[],
    forecast: CalibratedForecast,
  ): readonly CalibrationWarning[] {
    const needed = this.config.calibration_outcomes;
    const without = horizons.flatMap(({ horizon, method, outcomes, spread }, at) => {
      if (method !== null) return [];
      const why =
        at >= MOST_CALIBRATED
          ? `only the first ${MOST_CALIBRATED} horizons of a forecast are calibrated`
          : spread === null
            ? 'the forecast states no spread there, and the volatility of its bars is not known'
            : `${outcomes} of ${needed} outcomes of this model are known (calibration_outcomes), and no back-test has as many`;
      const isHelped = at < MOST_CALIBRATED && spread !== null;
      return [{ horizon, why, isHelped }];
    });
    return [...groupedBy(without, ({ why }) => why)].map(([why, some]) => {
      const named = some.slice(0, MOST_NAMED).map(({ horizon }) => horizon);
      const more = some.length > MOST_NAMED ? ` and ${some.length - MOST_NAMED} more` : '';
      const help = some[0]?.isHelped === true ? helpFor(forecast, named) : '';
      const message = `No calibrated interval for horizon ${named.join(', ')}${more}: ${why}${help}`;
      return { code: 'calibration_unavailable', field: 'calibrate', message };
    });
  }

  /** A target counts once, and in the order of time: one that comes after a later one is left out. */
  #step(tx: Transaction, lessons: readonly Lesson[], known: CalibrationStateEntity | null): void {
    const options = { gamma: this.config.calibration_gamma, window: this.config.calibration_window };
    let state = stateOf(known);
    let last = known?.lastTargetAt?.getTime() ?? -Infinity;
    const before = last;
    for (const { target, score, held } of lessons.toSorted(inOrder)) {
      if (target <= last) continue;
      state = adaptiveStep(state, score, held, options);
      last = target;
    }
    const [first] = lessons;
    if (first === undefined || last === before) return;
    const { gamma } = options;
    const learnt = { ...state, gamma, lastTargetAt: new Date(last) };
    this.states.learn(tx, first.key, learnt, new Date(this.clock.now()));
  }
}

/** The back-test that gives as many outcomes at once; nothing for an answer that was computed elsewhere. */
function helpFor({ made, symbol, interval }: CalibratedForecast, horizons: readonly number[]): string {
  if (made === null) return '';
  const model = made.question.modelName ?? made.plugins.predictor.id;
  const asked = { model, symbol, interval: canonicalInterval(interval) ?? interval, horizons };
  return `. A back-test over past bars helps at once: POST /api/v1/backtests ${JSON.stringify(asked)}`;
}

const stateOf = (row: CalibrationStateEntity | null): AdaptiveState => ({
  alphas: row?.alphas ?? ADAPTIVE_START.alphas,
  outcomes: row?.outcomes ?? 0,
  scores: row?.scores ?? [],
});

/** Of several forecasts of a target the one whose interval was issued by α speaks, then the first. */
const inOrder = (a: Lesson, b: Lesson): number =>
  a.target - b.target || Number(a.held === null) - Number(b.held === null) || a.pinId - b.pinId;

/** Nobody, for an answer that was computed elsewhere. */
export function whoMade({ made, symbol, interval }: CalibratedForecast): {
  readonly model: CalibratedModel | null;
  readonly volatility: number | null;
} {
  if (made === null) return { model: null, volatility: null };
  const { predictorVersion, modelSha256, targetColumn, parameters, scale } = makingOf(made);
  const volatility = scale?.volatility ?? null;
  if (predictorVersion === null || targetColumn === null) return { model: null, volatility };
  const model = {
    predictor: made.plugins.predictor.id,
    predictorVersion,
    modelSha256,
    parametersSha256: parameters === null ? null : jsonDigest(parameters),
    symbol,
    interval,
    targetColumn,
  };
  return { model, volatility };
}

function keyOf(model: CalibratedModel, horizon: number, spread: SpreadKind): CalibrationKey {
  const { predictor, predictorVersion, modelSha256, parametersSha256, symbol, interval } = model;
  const targetColumn = model.targetColumn.toLowerCase();
  return {
    digest: calibrationDigest(model, spread),
    horizon,
    predictor,
    predictorVersion,
    modelSha256,
    parametersSha256,
    symbol,
    interval,
    targetColumn,
    spread,
  };
}

function lessonOf(pin: ForecastPinEntity, outcome: NewOutcome): Lesson | null {
  const { predictorVersion, targetColumn } = pin;
  const { value, horizon, revision, targetAt } = outcome;
  if (pin.standing !== 'live' || revision > 0 || value === null) return null;
  if (predictorVersion === null || targetColumn === null) return null;
  const at = pin.horizons.indexOf(horizon);
  const [spread, point] = [spreadOf(pin, at, pin.volatility), pin.points[at] ?? null];
  if (spread === null || point === null || at >= MOST_CALIBRATED) return null;
  const score = Number(conformityScore(value, point, spread).toPrecision(SCORE_DIGITS));
  const key = keyOf({ ...pin, predictorVersion, targetColumn }, horizon, spread.kind);
  return { key, target: targetAt.getTime(), pinId: pin.id, score, held: heldOf(pin, at, value) };
}

/** An interval from a back-test was not issued by α, and does not move it. */
function heldOf(pin: ForecastPinEntity, at: number, value: number): readonly boolean[] | null {
  const used = pin.calibration?.horizons.find(({ horizon }) => horizon === pin.horizons[at]);
  if (used?.method !== 'adaptive_conformal' || pin.calibratedIntervals === null) return null;
  return pin.calibratedIntervals.map(({ lower, upper }) => {
    const [low, high] = [lower[at] ?? null, upper[at] ?? null];
    return low !== null && high !== null && intervalCoverage(value, { lower: low, upper: high });
  });
}
