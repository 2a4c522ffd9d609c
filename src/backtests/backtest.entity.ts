import { Column, Entity, Index, PrimaryColumn, type ValueTransformer } from 'typeorm';
import type { Backtest, BacktestQuestion } from '#libs/backtest';
import { integerColumn, jsonColumn, utcColumn } from '#libs/database';

export const BACKTEST_STATUSES = ['pending', 'processing', 'completed', 'failed'] as const;
export type BacktestStatus = (typeof BACKTEST_STATUSES)[number];

/** Who answers, by what, and how many forecasts are allowed. */
export interface StoredQuestion extends BacktestQuestion {
  readonly feeder: string;
  readonly predictor: string;
  readonly maxForecasts: number;
}

export interface BacktestFailure {
  readonly code: string;
  readonly message: string;
}

/** A back-test that was asked for, and its scores. */
@Entity('backtests')
@Index('ix_backtests_user', ['userId', 'createdAt'])
@Index('ix_backtests_finished', ['finishedAt'])
export class BacktestEntity {
  @PrimaryColumn({ type: 'varchar', length: 36 }) id!: string;
  @Column({ type: 'integer' }) userId!: number;
  @Column({ type: 'varchar', length: 16 }) status!: BacktestStatus;
  /** As it was asked for. */
  @Column({ type: 'varchar', length: 100 }) model!: string;
  @Column(jsonColumn()) question!: StoredQuestion;
  /** Forecasts made so far, and to be made; 0 before it is known. */
  @Column({ type: 'integer' }) done!: number;
  @Column({ type: 'integer' }) total!: number;
  @Column(jsonColumn({ nullable: true })) result!: Backtest | null;
  @Column(jsonColumn({ nullable: true })) failure!: BacktestFailure | null;
  @Column(utcColumn()) createdAt!: Date;
  @Column(utcColumn({ nullable: true })) finishedAt!: Date | null;
}

/** Base64 of gzip: text is the same on both databases. */
const packed: ValueTransformer = {
  to: (content: Uint8Array) => Buffer.from(content).toString('base64'),
  from: (text: string) => Buffer.from(text, 'base64'),
};

/** Some forecasts of a back-test: lines of NDJSON, packed by gzip. */
@Entity('backtest_parts')
export class BacktestPartEntity {
  @PrimaryColumn({ type: 'varchar', length: 36 }) backtestId!: string;
  @PrimaryColumn({ type: 'integer' }) part!: number;
  @Column(integerColumn()) lines!: number;
  @Column({ type: 'text', transformer: packed }) content!: Uint8Array;
}
