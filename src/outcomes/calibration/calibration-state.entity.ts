import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { jsonColumn, utcColumn } from '#libs/database';
import type { SpreadKind } from '#libs/scoring';

/** Values of the bars of a model's latest back-test: `{column: {min, max}}`. */
@Entity('training_ranges')
@Index('ix_training_ranges_updated', ['updatedAt'])
export class TrainingRangesEntity {
  @PrimaryColumn({ type: 'varchar', length: 64 }) digest!: string;
  @Column(jsonColumn()) ranges!: Readonly<Record<string, { readonly min: number; readonly max: number }>>;
  @Column({ type: 'varchar', length: 36 }) backtestId!: string;
  @Column(utcColumn()) updatedAt!: Date;
}

/** What the outcomes of one model, symbol, interval and horizon say of its intervals; lists are by `COVERAGE_LEVELS`. */
@Entity('forecast_calibrations')
@Index('ix_forecast_calibrations_updated', ['updatedAt'])
export class CalibrationStateEntity {
  /** SHA-256 of the columns from `predictor` to `spread`. */
  @PrimaryColumn({ type: 'varchar', length: 64 }) digest!: string;
  @PrimaryColumn({ type: 'integer' }) horizon!: number;
  @Column({ type: 'varchar', length: 100 }) predictor!: string;
  @Column({ type: 'varchar', length: 32 }) predictorVersion!: string;
  @Column({ name: 'model_sha256', type: 'varchar', length: 64, nullable: true }) modelSha256!: string | null;
  @Column({ name: 'parameters_sha256', type: 'varchar', length: 64, nullable: true }) parametersSha256!:
    string | null;
  @Column({ type: 'varchar', length: 32 }) symbol!: string;
  /** Canonical. */
  @Column({ type: 'varchar', length: 8 }) interval!: string;
  /** In small letters. */
  @Column({ type: 'varchar', length: 100 }) targetColumn!: string;
  @Column({ type: 'varchar', length: 16 }) spread!: SpreadKind;

  /** That were counted. */
  @Column({ type: 'integer' }) outcomes!: number;
  /** With which α was moved last; null before the first outcome. */
  @Column({ type: 'double precision', nullable: true }) gamma!: number | null;
  @Column(jsonColumn({ nullable: true })) alphas!: readonly number[] | null;
  /** The latest conformity scores, oldest first. */
  @Column(jsonColumn({ nullable: true })) scores!: readonly number[] | null;
  /** Label of the latest target that was counted: each counts once, in the order of time. */
  @Column(utcColumn({ nullable: true })) lastTargetAt!: Date | null;

  /** The latest back-test, and what split conformal says from it. */
  @Column({ type: 'varchar', length: 36, nullable: true }) backtestId!: string | null;
  @Column({ type: 'integer', nullable: true }) backtestOutcomes!: number | null;
  @Column(jsonColumn({ nullable: true })) backtestStretches!: readonly number[] | null;
  @Column(utcColumn()) updatedAt!: Date;
}
