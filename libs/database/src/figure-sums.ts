import { HOUR_MS, DAY_MS } from '#libs/kernel';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { integerColumn, serialColumn } from './column-types.js';

/** The owner of the sums over all owners. */
export const EVERYBODY = -2;

/**
 * Of every owner, found by the text of the period, which decorators can't declare: the migration `FigureMonths` has them. An index on the
 * column itself is what PostgreSQL takes for one owner's figures of a few hours, and it has those of all owners then.
 */
const OF_EVERY_OWNER = { synchronize: false } as const;

/** How often something happened or is there (`events`), and the sum of what belongs to it (`amount`). */
@Entity('figures')
@Index('ix_figures_period', OF_EVERY_OWNER)
export class FigureEntity {
  @PrimaryColumn({ type: 'varchar', length: 16 }) source!: string;
  /** A user; 0 for nobody or the platform, -2 for everybody. */
  @PrimaryColumn({ type: 'integer' }) ownerId!: number;
  /** The hour in UTC as `2026-11-28T13`; empty for all time. */
  @PrimaryColumn({ type: 'varchar', length: 13 }) period!: string;
  @PrimaryColumn({ type: 'varchar', length: 64 }) name!: string;
  @Column(integerColumn()) events!: number;
  @Column(integerColumn()) amount!: number;
}

/** The sum of a day's figures, kept by triggers of `figures` (see the migration `FigureDays`). */
@Entity('figure_days')
@Index('ix_figure_days_day', OF_EVERY_OWNER)
export class FigureDayEntity {
  @PrimaryColumn({ type: 'varchar', length: 16 }) source!: string;
  @PrimaryColumn({ type: 'integer' }) ownerId!: number;
  /** In UTC, as `2026-11-28`. */
  @PrimaryColumn({ type: 'varchar', length: 10 }) day!: string;
  @PrimaryColumn({ type: 'varchar', length: 64 }) name!: string;
  @Column(integerColumn()) events!: number;
  @Column(integerColumn()) amount!: number;
}

/** The sum of a month's figures, kept by triggers of `figure_days` (see the migration `FigureMonths`). */
@Entity('figure_months')
@Index('ix_figure_months_month', OF_EVERY_OWNER)
export class FigureMonthEntity {
  @PrimaryColumn({ type: 'varchar', length: 16 }) source!: string;
  @PrimaryColumn({ type: 'integer' }) ownerId!: number;
  /** In UTC, as `2026-11`. */
  @PrimaryColumn({ type: 'varchar', length: 7 }) month!: string;
  @PrimaryColumn({ type: 'varchar', length: 64 }) name!: string;
  @Column(integerColumn()) events!: number;
  @Column(integerColumn()) amount!: number;
}

/** A change of a figure that is not added up yet: rows that nobody else writes, so that no writer waits for another. */
@Entity('figure_changes')
@Index('ix_figure_changes_owner', ['source', 'ownerId'])
export class FigureChangeEntity {
  @PrimaryColumn(serialColumn()) id!: number;
  @Column({ type: 'varchar', length: 16 }) source!: string;
  @Column({ type: 'integer' }) ownerId!: number;
  @Column({ type: 'varchar', length: 13 }) period!: string;
  @Column({ type: 'varchar', length: 64 }) name!: string;
  @Column(integerColumn()) events!: number;
  @Column(integerColumn()) amount!: number;
}

/** The end of the last year whose names sort like its moments: a later one would begin with a sign. */
const END_OF_YEARS = Date.UTC(9999, 11, 31) + DAY_MS;
/** Sorts after each hour, day and month that figures name. */
const AFTER_ALL = '9999-12-32';
const nameOf = (moment: number, length: number): string =>
  moment < END_OF_YEARS ? new Date(moment).toISOString().slice(0, length) : AFTER_ALL;

/** The hour of a moment as figures name it. */
export const hourOf = (moment: Date): string => nameOf(moment.getTime(), 13);

/** A table of sums. */
interface Sums {
  readonly table: string;
  /** Names the hour, day or month. */
  readonly column: string;
  readonly length: number;
  /** The beginning of that in which a moment lies, or of one after it. */
  readonly beginning: (moment: number, more?: number) => number;
}

const every =
  (ms: number) =>
  (moment: number, more = 0): number =>
    (Math.floor(moment / ms) + more) * ms;
const HOURS: Sums = { table: 'figures', column: 'period', length: 13, beginning: every(HOUR_MS) };
const DAYS: Sums = { table: 'figure_days', column: 'day', length: 10, beginning: every(DAY_MS) };
const MONTHS: Sums = {
  table: 'figure_months',
  column: 'month',
  length: 7,
  beginning: (moment, more = 0) => {
    const day = new Date(moment);
    return Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + more);
  },
};

/** A statement with its values. */
export interface Kept {
  readonly sql: string;
  readonly values: readonly (string | number)[];
}

/** Whose figures: a condition on `source`, `owner_id` and `name`. */
export interface Whose extends Kept {
  /** Of no single owner. */
  readonly ofMany?: true;
}

/** Sums of one table from one moment up to another. */
interface Part {
  readonly of: Sums;
  readonly from: number;
  /** Infinity for no end. */
  readonly to: number;
}

/** A range in the largest sums that fit, and in smaller ones before the first and after the last of them. */
function partsOf(from: number, to: number, [largest, ...smaller]: readonly [Sums, ...Sums[]]): Part[] {
  const [next, ...rest] = smaller;
  if (next === undefined) return [{ of: largest, from, to }];
  const within = largest.beginning(from);
  const first = within === from ? from : largest.beginning(from, 1);
  const end = to === Infinity ? to : largest.beginning(to);
  if (first >= end) return partsOf(from, to, [next, ...rest]);
  return [
    ...(from < first ? partsOf(from, first, [next, ...rest]) : []),
    { of: largest, from: first, to: end },
    ...(end < to ? partsOf(end, to, [next, ...rest]) : []),
  ];
}

/**
 * What is added up of the hours from that of `from` on, up to that of `to`: months, days before the first whole month and after
 * the last one, and hours before the first whole day and after the last one.
 */
export function keptWithin(columns: string, whose: Whose, from: Date, to?: Date): Kept {
  const start = HOURS.beginning(from.getTime());
  const end = to === undefined ? Infinity : HOURS.beginning(to.getTime());
  const parts = partsOf(start, end, [MONTHS, DAYS, HOURS]);
  const isOpen = (part: Part): boolean => part.to === Infinity;
  return {
    sql: parts
      .map((part) => {
        const { table, length } = part.of;
        const column = whose.ofMany === true ? `substr(${part.of.column}, 1, ${length})` : part.of.column;
        return `SELECT ${columns} FROM ${table} WHERE ${whose.sql} AND ${column} >= ?${isOpen(part) ? '' : ` AND ${column} < ?`}`;
      })
      .join(' UNION ALL '),
    values: parts.flatMap((part) => [
      ...whose.values,
      ...(isOpen(part) ? [part.from] : [part.from, part.to]).map((one) => nameOf(one, part.of.length)),
    ]),
  };
}
