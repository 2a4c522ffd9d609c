import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { rowIdColumn, serialColumn, utcColumn } from '#libs/database';
import type { LossKind } from '#libs/scoring';
import type { OutcomeStatus, UnresolvableReason } from './outcomes.port.js';

/** The realised value of one target of a pinned forecast, and what the forecast was worth. Never changed. */
@Entity('forecast_outcomes')
@Index('uq_forecast_outcomes_target', ['pinId', 'horizon', 'revision'], { unique: true })
export class ForecastOutcomeEntity {
  @PrimaryColumn(serialColumn()) id!: number;
  @Column(rowIdColumn()) pinId!: number;

  /** Bars ahead, as in the pin. */
  @Column({ type: 'integer' }) horizon!: number;

  /** 0 for the outcome that counts; 1 and more where the source said something else later. */
  @Column({ type: 'integer' }) revision!: number;
  @Column({ type: 'varchar', length: 16 }) status!: OutcomeStatus;
  @Column({ type: 'varchar', length: 32, nullable: true }) reason!: UnresolvableReason | null;
  @Column(utcColumn()) targetAt!: Date;

  /** Label of the bar whose value it is: that of the target, or the next one. */
  @Column(utcColumn({ nullable: true })) barAt!: Date | null;
  @Column({ type: 'double precision', nullable: true }) value!: number | null;

  /** What the source's number was multiplied by to give `value`, because its prices were adjusted since the issue; null for nothing. */
  @Column({ type: 'double precision', nullable: true }) rescaledBy!: number | null;
  @Column({ type: 'varchar', length: 32, nullable: true }) source!: string | null;

  /** Of the bar, in the form of `windowDigest`. */
  @Column({ name: 'data_sha256', type: 'varchar', length: 64, nullable: true }) dataSha256!: string | null;
  @Column(utcColumn()) resolvedAt!: Date;

  /** What the losses were measured with: the pin's, or of the bars before it where the pin has none. */
  @Column({ type: 'double precision', nullable: true }) baselineValue!: number | null;
  @Column({ type: 'double precision', nullable: true }) naiveMae!: number | null;
  @Column({ type: 'double precision', nullable: true }) volatility!: number | null;
  @Column({ type: 'varchar', length: 16, nullable: true }) lossKind!: LossKind | null;
  @Column({ type: 'double precision', nullable: true }) loss!: number | null;
  @Column({ type: 'double precision', nullable: true }) baselineLoss!: number | null;

  /** Probability integral transform, 0 to 1. */
  @Column({ type: 'double precision', nullable: true }) pit!: number | null;

  /** For 50, 80, 90 and 95 % one bit each whether that interval held the value, then one each whether it was stated. */
  @Column({ type: 'integer', nullable: true }) covered!: number | null;

  /** The same of the calibrated intervals; null where none were issued. */
  @Column({ type: 'integer', nullable: true }) calibratedCovered!: number | null;
}

/** The value of a bar as somebody sent it in. */
@Entity('reported_values')
@Index('ix_reported_values_bar', ['symbol', 'interval', 'targetColumn', 'barAt', 'authority', 'revision'])
@Index('uq_reported_values_bar', ['symbol', 'interval', 'targetColumn', 'reporterId', 'barAt', 'revision'], {
  unique: true,
})
export class ReportedValueEntity {
  @PrimaryColumn(serialColumn()) id!: number;
  @Column({ type: 'varchar', length: 32 }) symbol!: string;
  @Column({ type: 'varchar', length: 8 }) interval!: string;
  @Column({ type: 'varchar', length: 100 }) targetColumn!: string;

  /** User id. */
  @Column({ type: 'integer' }) reporterId!: number;
  @Column(utcColumn()) barAt!: Date;
  @Column({ type: 'integer' }) revision!: number;
  @Column({ type: 'double precision' }) value!: number;

  /** `administrator`: for all forecasts; `evaluator`: for those of the reporter. */
  @Column({ type: 'varchar', length: 16 }) authority!: 'administrator' | 'evaluator';
  @Column(utcColumn()) reportedAt!: Date;
}
