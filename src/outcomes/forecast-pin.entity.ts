import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { integerColumn, jsonColumn, serialColumn, utcColumn } from '#libs/database';
import type { StatedInterval } from '#libs/scoring';
import type { UsedCalibration } from './calibration.port.js';
import type { BaselineReason, ForecastSource, PinStanding } from './outcomes.port.js';

type Numbers = readonly (number | null)[];

/**
 * A forecast as it was made. The database refuses every change but that of `dueAt`, and that of the baseline once, where it was not
 * known with the forecast. Lists are in the order of `horizons`.
 */
@Entity('forecast_pins')
@Index('uq_forecast_pins_subject', ['source', 'subjectId'], { unique: true })
@Index('ix_forecast_pins_due', ['dueAt'], { where: '"due_at" IS NOT NULL' })
@Index('ix_forecast_pins_baseline', ['baselineLookAt'], { where: '"baseline_look_at" IS NOT NULL' })
export class ForecastPinEntity {
  @PrimaryColumn(serialColumn()) id!: number;
  @Column({ type: 'varchar', length: 16 }) source!: ForecastSource;

  /** Id of the core prediction or the order, as text. */
  @Column({ type: 'varchar', length: 36 }) subjectId!: string;
  @Column({ type: 'varchar', length: 16 }) standing!: PinStanding;
  @Column({ type: 'varchar', length: 100 }) model!: string;

  /** User ids of an order's provider and evaluator; null for a core prediction. */
  @Column({ type: 'integer', nullable: true }) providerId!: number | null;
  @Column({ type: 'integer', nullable: true }) evaluatorId!: number | null;
  @Column({ type: 'varchar', length: 32 }) symbol!: string;
  @Column({ type: 'varchar', length: 8 }) interval!: string;
  @Column({ type: 'varchar', length: 100 }) feeder!: string;
  @Column({ type: 'varchar', length: 100, nullable: true }) targetColumn!: string | null;
  @Column(utcColumn()) issuedAt!: Date;

  /** Bars ahead. */
  @Column(jsonColumn()) horizons!: readonly number[];
  /** Labels of the bars that are forecast, epoch ms UTC. */
  @Column(jsonColumn()) targetTimes!: Numbers;
  @Column(jsonColumn()) points!: Numbers;
  @Column(jsonColumn()) deviations!: Numbers;
  @Column(jsonColumn()) intervals!: readonly StatedInterval[];
  @Column(jsonColumn()) quantiles!: Readonly<Record<string, Numbers>>;
  @Column({ type: 'integer', nullable: true }) sampleCount!: number | null;

  /** The last closed bar: its label, when it closed, its value. Null until it is known, and where it never will be. */
  @Column(utcColumn({ nullable: true })) baselineAt!: Date | null;
  @Column(utcColumn({ nullable: true })) baselineClosedAt!: Date | null;
  @Column({ type: 'double precision', nullable: true }) baselineValue!: number | null;

  /** Close of that bar, beside a target that is another column: shows whether the source adjusted its prices since. */
  @Column({ type: 'double precision', nullable: true }) baselinePrice!: number | null;

  /** The scale at issue: mean absolute and root mean square one-bar change of the bars before. */
  @Column({ type: 'double precision', nullable: true }) naiveMae!: number | null;
  @Column({ type: 'double precision', nullable: true }) volatility!: number | null;
  @Column({ type: 'varchar', length: 100 }) predictor!: string;
  @Column({ type: 'varchar', length: 32, nullable: true }) predictorVersion!: string | null;
  @Column({ name: 'model_sha256', type: 'varchar', length: 64, nullable: true }) modelSha256!: string | null;
  @Column(integerColumn({ nullable: true })) seed!: number | null;
  @Column({ name: 'parameters_sha256', type: 'varchar', length: 64, nullable: true }) parametersSha256!:
    string | null;
  @Column({ name: 'window_sha256', type: 'varchar', length: 64, nullable: true }) windowSha256!:
    string | null;
  @Column({ type: 'integer', nullable: true }) windowBars!: number | null;

  /** With what it was calibrated; null where nobody asked for it. */
  @Column(jsonColumn({ nullable: true })) calibration!: UsedCalibration | null;

  /** By level; with them it was issued. Null where it was issued as the model made it. */
  @Column(jsonColumn({ nullable: true })) calibratedIntervals!: readonly StatedInterval[] | null;

  /** When the last closed bar is looked for that was not known with the forecast; null when there is nothing to look for. */
  @Column(utcColumn({ nullable: true })) baselineLookAt!: Date | null;

  /** When that was found; null where it was known with the forecast, and where there is none. */
  @Column(utcColumn({ nullable: true })) baselineTakenAt!: Date | null;

  /** Why there is none. */
  @Column({ type: 'varchar', length: 32, nullable: true }) baselineReason!: BaselineReason | null;

  /** When its next target is looked for; null when there is nothing left to look for. */
  @Column(utcColumn({ nullable: true })) dueAt!: Date | null;
}

/** Parameters of a plugin by the SHA-256 of their canonical JSON: thousands of forecasts share one set. */
@Entity('pinned_parameters')
export class PinnedParametersEntity {
  @PrimaryColumn({ type: 'varchar', length: 64 }) sha256!: string;
  @Column(jsonColumn()) parameters!: Readonly<Record<string, unknown>>;
}
