import { Column, Entity, PrimaryColumn } from 'typeorm';
import { integerColumn, utcColumn } from '../column-types.js';

/** A bar of market data that a feeder fetched before. */
@Entity('time_series_data')
export class BarEntity {
  @PrimaryColumn({ type: 'varchar', length: 32 }) ticker!: string;

  /** Length of the bar as the feeder names it: an hour's and a day's bar may begin at the same moment. */
  @PrimaryColumn({ type: 'varchar', length: 8 }) interval!: string;
  @PrimaryColumn({ ...utcColumn(), nullable: false }) timestamp!: Date;
  @Column({ type: 'double precision' }) open!: number;
  @Column({ type: 'double precision' }) high!: number;
  @Column({ type: 'double precision' }) low!: number;
  @Column({ type: 'double precision' }) close!: number;
  @Column(integerColumn({ nullable: true })) volume!: number | null;
}
