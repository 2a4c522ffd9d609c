import type { StreamableFile } from '@nestjs/common';
import type { Transaction } from '#libs/database';
import type { PictureFormat } from '#libs/forecast-chart';
import type { Forecast } from '#libs/plugin-host';
import type { StatedNumbers } from '#libs/scoring';
import type {
  BacktestedModel,
  BacktestFindings,
  IssuedCalibration,
  TrainingDistance,
} from './calibration.port.js';

export type ForecastSource = 'prediction' | 'order';

/**
 * What a pinned forecast is worth as evidence: `live` counts; `hindcast` was made when its targets were over, so that its
 * outcomes are shown and count nowhere; `looks_ahead` was made with bars of the future; `not_a_value` forecasts
 * something else than the values of a column, or nothing of it can be read.
 */
export const PIN_STANDINGS = ['live', 'hindcast', 'looks_ahead', 'not_a_value'] as const;
export type PinStanding = (typeof PIN_STANDINGS)[number];

export type OutcomeStatus = 'resolved' | 'unresolvable';

/** Why a target has no outcome. */
export const UNRESOLVABLE_REASONS = [
  'no_bar_within_limit',
  'no_data',
  'no_baseline',
  'known_at_issue',
] as const;
export type UnresolvableReason = (typeof UNRESOLVABLE_REASONS)[number];

/**
 * Why a forecast has no baseline: the source has no closed bar of before, or is away for too long (`no_data`); or it adjusts its prices, and
 * answered so long after the forecast that they may be on another scale (`too_late`).
 */
export const BASELINE_REASONS = ['no_data', 'too_late'] as const;
export type BaselineReason = (typeof BASELINE_REASONS)[number];

/** The numbers of a forecast with the bars that they are about. */
export interface StatedForecast extends StatedNumbers {
  /** Label of each forecast bar, epoch ms UTC. */
  readonly targetTimes: readonly (number | null)[];
}

/** A forecast at the moment of its completion. */
export interface IssuedForecast {
  readonly source: ForecastSource;
  /** Id of the prediction or order. */
  readonly subjectId: string;
  /** The model as it is asked for and priced. */
  readonly model: string;
  readonly symbol: string;
  readonly interval: string;
  readonly feeder: string;
  readonly predictor: string;
  readonly issuedAt: Date;
  readonly providerId: number | null;
  readonly evaluatorId: number | null;
  /** What was asked for, in the words of the API; nothing of who asked. */
  readonly request: Readonly<Record<string, unknown>>;
  readonly stated: StatedForecast;
  /** Null for the answer of an evaluator elsewhere: of how it was made, this service knows nothing. */
  readonly made: Forecast | null;
  /** Where calibrated intervals were asked for. */
  readonly calibration?: IssuedCalibration | null;
}

/** `pending`: its time has not come, or its bar is not there yet; `not_resolved`: of an excluded forecast. */
export const TARGET_STATUSES = ['pending', 'resolved', 'unresolvable', 'not_resolved'] as const;

/** A value that the source said later. */
export interface RevisedOutcome {
  readonly value: number | null;
  readonly rescaledBy: number | null;
  readonly barAt: Date | null;
  readonly dataSha256: string | null;
  readonly resolvedAt: Date;
}

/** One horizon of a pinned forecast and what became of it; null where there is nothing yet. */
export interface TargetOutcome {
  readonly horizon: number;
  readonly targetAt: Date | null;
  readonly closesAt: Date | null;
  readonly status: (typeof TARGET_STATUSES)[number];
  readonly reason: UnresolvableReason | null;
  readonly point: number | null;
  readonly deviation: number | null;
  readonly value: number | null;
  /** What the source's number was multiplied by to give `value`; null for nothing. */
  readonly rescaledBy: number | null;
  /** Value − point. */
  readonly error: number | null;
  readonly barAt: Date | null;
  readonly source: string | null;
  readonly dataSha256: string | null;
  readonly resolvedAt: Date | null;
  readonly lossKind: string | null;
  readonly loss: number | null;
  /** Of the random walk. */
  readonly baselineLoss: number | null;
  /** 1 − loss / baseline loss. */
  readonly skill: number | null;
  readonly pit: number | null;
  /** By level in percent; null where the forecast stated none. */
  readonly covered: Readonly<Record<string, boolean | null>>;
  /** The same of the calibrated intervals. */
  readonly calibratedCovered: Readonly<Record<string, boolean | null>>;
  readonly revisions: readonly RevisedOutcome[];
}

/** Which intervals a forecast was issued with. */
export const ISSUED_INTERVALS = ['raw', 'calibrated'] as const;

/** A pinned forecast with what became of it. */
export interface ForecastOutcome {
  readonly standing: PinStanding;
  readonly model: string;
  readonly symbol: string;
  readonly interval: string;
  readonly targetColumn: string | null;
  readonly issuedAt: Date;
  readonly baselineAt: Date | null;
  readonly baselineClosedAt: Date | null;
  readonly baselineValue: number | null;
  readonly baselineTakenAt: Date | null;
  readonly baselineReason: BaselineReason | null;
  readonly naiveMae: number | null;
  readonly volatility: number | null;
  readonly sampleCount: number | null;
  readonly predictor: string;
  readonly predictorVersion: string | null;
  readonly modelSha256: string | null;
  readonly seed: number | null;
  readonly parametersSha256: string | null;
  readonly windowSha256: string | null;
  readonly windowBars: number | null;
  /** `calibrated`: with intervals that were calibrated; `raw`: as the model made it. */
  readonly issued: (typeof ISSUED_INTERVALS)[number];
  readonly targets: readonly TargetOutcome[];
}

/** What became of forecasts. Who may see one is decided by the domain that it belongs to. */
export abstract class ForecastOutcomes {
  /** Null for one that was not pinned: it has not completed, or is older than pins are, or was imported. */
  abstract of(source: ForecastSource, subjectId: string): Promise<ForecastOutcome | null>;
}

/** What the answer to an order earns by its outcomes, as a part of what is held of it. */
export interface ForecastPay {
  /** Mean over all horizons, each 0 to 1; a horizon that cannot be scored earns nothing. */
  readonly fraction: number;
  /** Horizons that were scored. */
  readonly scored: number;
  /** Why not all of them could be: `UnresolvableReason`, a standing, `own_report`, `no_scale` or `not_pinned`. */
  readonly reason: string | null;
  /** When the next outcome is looked for; null when there is nothing more to wait for. */
  readonly nextAt: Date | null;
}

/** What answers to orders earn. */
export abstract class ForecastPays {
  /** Of each of these orders. @param now epoch ms */
  abstract of(orderIds: readonly string[], now: number): Promise<ReadonlyMap<string, ForecastPay>>;
}

/** Forecasts drawn beside what came. Who may see one is decided by the domain that it belongs to. */
export abstract class OutcomePictures {
  /** @throws AppError `not_found` (`nothing_to_draw`) for one without times or values */
  abstract forecast(
    source: ForecastSource,
    subjectId: string,
    outcome: ForecastOutcome,
    format: PictureFormat,
  ): Promise<StreamableFile>;
}

/** Signed receipts of forecasts. Who may see one is decided by the domain that the forecast belongs to. */
export abstract class ForecastReceipts {
  /**
   * The receipt as canonical JSON; null for a forecast that has none: it has not completed, or is older than receipts are.
   * @throws AppError `unavailable` (`receipt_key_unreadable`) when it cannot be signed
   */
  abstract of(source: ForecastSource, subjectId: string): Promise<string | null>;
}

/** Keeps forecasts as they were made. */
export abstract class ForecastPins {
  /** Pins the forecast in the transaction that completes it: both or neither. It adds no round trip on PostgreSQL. */
  abstract pin(tx: Transaction, forecast: IssuedForecast): void;
}

/** What a calibration needs to know of a forecast. */
export type CalibratedForecast = Pick<IssuedForecast, 'symbol' | 'interval' | 'stated' | 'made'>;

/** Intervals that hold as often as they say. */
export abstract class ForecastCalibrations {
  /** Calibrates a forecast that is about to be issued: one read by the primary key. */
  abstract calibrate(forecast: CalibratedForecast): Promise<IssuedCalibration>;
  /** Keeps what a back-test found, in the transaction that completes it; the latest back-test stands. */
  abstract keepBacktest(
    tx: Transaction,
    backtestId: string,
    model: BacktestedModel,
    found: BacktestFindings,
  ): Promise<void>;
}

/** Whether a model has seen anything like this. */
export abstract class TrainingDistances {
  /** @throws AppError `invalid` (`training_range_unknown`) where nothing tells the range */
  abstract of(forecast: CalibratedForecast): Promise<TrainingDistance>;
}
