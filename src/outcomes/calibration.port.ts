import type { SpreadKind, StatedInterval } from '#libs/scoring';

/** `adaptive_conformal` from the model's own outcomes; `split_conformal` from its latest back-test. */
export const CALIBRATION_METHODS = ['adaptive_conformal', 'split_conformal'] as const;
export type CalibrationMethod = (typeof CALIBRATION_METHODS)[number];

/** What the intervals of one horizon were calibrated with; lists are by the levels of 50, 80, 90 and 95 %. */
export interface CalibratedHorizon {
  readonly horizon: number;
  /** Null where no calibration was available. */
  readonly method: CalibrationMethod | null;
  /** Outcomes that it stands on; without a method, those that there are. */
  readonly outcomes: number;
  /** What the stretches are multiples of. */
  readonly spread: SpreadKind | null;
  /** α of each level; empty without a method. */
  readonly alphas: readonly number[];
  /** Spreads from the point to either end, of each level; empty without a method. */
  readonly stretches: readonly number[];
}

/** All that is needed to make calibrated intervals again from the numbers of a forecast. */
export interface UsedCalibration {
  readonly gamma: number;
  /** Outcomes that a method needs. */
  readonly needed: number;
  readonly horizons: readonly CalibratedHorizon[];
}

/** Why a horizon has no calibrated interval, for people and programs. */
export interface CalibrationWarning {
  readonly code: string;
  readonly field: string;
  readonly message: string;
}

/** A calibration as it is pinned, and what is to be said of it. */
export interface IssuedCalibration {
  readonly used: UsedCalibration;
  /** Null where no horizon could be calibrated: the forecast was issued as the model made it. */
  readonly intervals: readonly StatedInterval[] | null;
  /** As the answer tells it. */
  readonly shown: CalibrationText;
}

/** One level of one horizon: as the model made it, and calibrated; null where there is none. */
export interface CalibratedLevel {
  readonly level: number;
  readonly raw_lower: number | null;
  readonly raw_upper: number | null;
  readonly lower: number | null;
  readonly upper: number | null;
  readonly alpha: number | null;
  readonly stretch: number | null;
}

/** What a back-test found. */
export interface BacktestFindings {
  readonly calibration: readonly BacktestedHorizon[];
  /** Smallest and largest value of each column over its bars. */
  readonly ranges: Readonly<Record<string, { readonly min: number; readonly max: number }>>;
}

/** Where the range that a window is measured against comes from. */
export const RANGE_SOURCES = ['metadata', 'backtest'] as const;

/** How far the window of a forecast lies beyond what its model was trained on. */
export interface TrainingDistance {
  /** In widths of the range; 0 within. */
  readonly distance: number;
  /** Beyond it the service abstains. */
  readonly limit: number;
  /** The column that lies farthest out. */
  readonly column: string;
  /** Its value in the window. */
  readonly value: number;
  readonly lower: number;
  readonly upper: number;
  readonly source: (typeof RANGE_SOURCES)[number];
}

/** A calibration in the words of the API, as it is stored with the answer. */
export interface CalibrationText {
  /** Whether any horizon has calibrated intervals. */
  readonly issued: 'raw' | 'calibrated';
  readonly gamma: number;
  readonly horizons: readonly (Pick<CalibratedHorizon, 'horizon' | 'method' | 'outcomes' | 'spread'> & {
    readonly intervals: readonly CalibratedLevel[];
  })[];
  readonly notes: readonly CalibrationWarning[];
}

/** Who made the forecasts of a back-test, and about what. */
export interface BacktestedModel {
  readonly predictor: { readonly id: string; readonly version: string };
  readonly modelSha256: string | null;
  /** Those of the predictor, as they were in effect. */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly symbol: string;
  readonly interval: string;
  readonly targetColumn: string;
}

/** Whose intervals are calibrated. */
export interface CalibratedModel {
  readonly predictor: string;
  readonly predictorVersion: string;
  readonly modelSha256: string | null;
  readonly parametersSha256: string | null;
  readonly symbol: string;
  readonly interval: string;
  readonly targetColumn: string;
}

/** What a back-test found of one horizon. */
export interface BacktestedHorizon {
  readonly horizon: number;
  readonly spread: SpreadKind;
  readonly outcomes: number;
  /** Spreads that hold the values, of each level. */
  readonly stretches: readonly number[];
}
