import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { integerColumn, utcColumn } from '#libs/database';
import type { Trend } from './standings.port.js';

const Count = (name: string): PropertyDecorator => Column(integerColumn({ name }));
/** Of a column that came when there were rows. */
const LaterCount = (name: string): PropertyDecorator => Column(integerColumn({ name, default: 0 }));
const Sum = (): PropertyDecorator => Column({ type: 'double precision' });

/**
 * Sums over the outcomes of one day. `subject` is `model:NAME`, `evaluator:ID` or `provider:ID`; horizon 0 is all
 * horizons together.
 */
@Entity('score_days')
export class ScoreDayEntity {
  @PrimaryColumn({ type: 'varchar', length: 110 }) subject!: string;
  @PrimaryColumn({ type: 'integer' }) horizon!: number;

  /** UTC, of the bar that came. */
  @PrimaryColumn({ type: 'varchar', length: 10 }) day!: string;
  @PrimaryColumn({ type: 'varchar', length: 32 }) symbol!: string;
  @PrimaryColumn({ type: 'varchar', length: 8 }) interval!: string;

  @Count('outcomes') outcomes!: number;
  @Count('unresolvable') unresolvable!: number;

  /** With a baseline. */
  @Count('scored') scored!: number;
  @Sum() loss!: number;
  @Sum() baselineLoss!: number;
  @Count('points') points!: number;
  @Sum() absoluteError!: number;
  @Sum() squaredError!: number;

  /** Absolute errors over the naive error of one bar. */
  @Count('scaled') scaled!: number;
  @Sum() scaledError!: number;
  @Count('directions') directions!: number;
  @Count('right_directions') rightDirections!: number;
  @Count('stated_50') stated50!: number;
  @Count('covered_50') covered50!: number;
  @Count('stated_80') stated80!: number;
  @Count('covered_80') covered80!: number;
  @Count('stated_90') stated90!: number;
  @Count('covered_90') covered90!: number;
  @Count('stated_95') stated95!: number;
  @Count('covered_95') covered95!: number;
  /** Of the outcomes that were issued with calibrated intervals. */
  @LaterCount('calibrated_stated_50') calibratedStated50!: number;
  @LaterCount('calibrated_covered_50') calibratedCovered50!: number;
  @LaterCount('calibrated_stated_80') calibratedStated80!: number;
  @LaterCount('calibrated_covered_80') calibratedCovered80!: number;
  @LaterCount('calibrated_stated_90') calibratedStated90!: number;
  @LaterCount('calibrated_covered_90') calibratedCovered90!: number;
  @LaterCount('calibrated_stated_95') calibratedStated95!: number;
  @LaterCount('calibrated_covered_95') calibratedCovered95!: number;
  @Count('pit_0') pit0!: number;
  @Count('pit_1') pit1!: number;
  @Count('pit_2') pit2!: number;
  @Count('pit_3') pit3!: number;
  @Count('pit_4') pit4!: number;
  @Count('pit_5') pit5!: number;
  @Count('pit_6') pit6!: number;
  @Count('pit_7') pit7!: number;
  @Count('pit_8') pit8!: number;
  @Count('pit_9') pit9!: number;
}

/** Where a model, evaluator or provider stands, from its last year. */
@Entity('score_standings')
@Index('ix_score_standings_quality', ['kind', 'quality'])
@Index('ix_score_standings_updated', ['updatedAt'])
export class ScoreStandingEntity {
  @PrimaryColumn({ type: 'varchar', length: 110 }) subject!: string;
  @Column({ type: 'varchar', length: 16 }) kind!: string;
  @Column(integerColumn()) outcomes!: number;
  @Column({ type: 'double precision' }) effectiveCount!: number;
  @Column({ type: 'double precision', nullable: true }) skill!: number | null;
  @Column({ type: 'double precision', nullable: true }) skillLower!: number | null;
  @Column({ type: 'double precision', nullable: true }) quality!: number | null;
  /** Null for models, which promise no time. */
  @Column({ type: 'double precision', nullable: true }) onTimeRate!: number | null;
  @Column({ type: 'double precision', nullable: true }) reputation!: number | null;
  @Column({ type: 'varchar', length: 9, nullable: true }) trend!: Trend | null;
  @Column(utcColumn()) updatedAt!: Date;
}
