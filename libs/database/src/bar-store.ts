import { Column, Entity, PrimaryColumn } from 'typeorm';
import { runSql } from './statements.js';
import type { DatabaseScope, Transaction } from './transaction.js';
import { integerColumn, utcColumn } from './column-types.js';

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

/** One bar; `time` is its beginning, epoch ms UTC. Prices are finite; `volume` is null where the market tells none. */
export interface StoredBar {
  readonly time: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number | null;
}

/** Which bars: `from` and `to` are epoch ms, both included. */
export interface BarRange {
  readonly ticker: string;
  readonly interval: string;
  readonly from?: number;
  readonly to?: number;
}

interface BarRow extends Omit<StoredBar, 'time' | 'volume'> {
  readonly timestamp: string;
  readonly volume: number | string | null;
}

/** Rows of one INSERT at most: 8 values each stay far below SQLite's limit of 32,766 parameters. */
const LARGEST_CHUNK = 512;
/** Sorts before and after every moment that has a four-digit year. */
const BEGINNING = '0';
const END = '9999-12-31T23:59:59.999Z';

/** Bars that were fetched before (table `time_series_data`). */
export class BarStore {
  /** Adds bars; one that is there already is replaced, since markets correct their last bars. */
  async upsertBars(
    tx: Transaction,
    series: { readonly ticker: string; readonly interval: string },
    bars: readonly StoredBar[],
  ): Promise<void> {
    for (let start = 0; start < bars.length;) {
      const size = chunkSize(bars.length - start);
      await this.#upsert(tx, series, bars.slice(start, start + size));
      start += size;
    }
  }

  /** Deletes all bars of a series and adds these, which were made on another base than those. */
  async replaceBars(
    tx: Transaction,
    series: { readonly ticker: string; readonly interval: string },
    bars: readonly StoredBar[],
  ): Promise<void> {
    const { ticker, interval } = series;
    await runSql(tx, 'DELETE FROM time_series_data WHERE ticker = ? AND "interval" = ?', [ticker, interval]);
    await this.upsertBars(tx, series, bars);
  }

  /** The bars of a range, oldest first. */
  async readBars(scope: DatabaseScope, { ticker, interval, from, to }: BarRange): Promise<StoredBar[]> {
    const rows = await runSql<BarRow>(
      scope,
      `SELECT "timestamp", "open", high, low, "close", volume FROM time_series_data
       WHERE ticker = ? AND "interval" = ? AND "timestamp" >= ? AND "timestamp" <= ? ORDER BY "timestamp"`,
      [
        ticker,
        interval,
        from === undefined ? BEGINNING : new Date(from).toISOString(),
        to === undefined ? END : new Date(to).toISOString(),
      ],
    );
    return rows.map(({ timestamp, volume, ...prices }) => ({
      time: Date.parse(timestamp),
      ...prices,
      volume: volume === null ? null : Number(volume),
    }));
  }

  async #upsert(
    tx: Transaction,
    { ticker, interval }: { readonly ticker: string; readonly interval: string },
    bars: readonly StoredBar[],
  ): Promise<void> {
    const rows = bars.map(() => '(?, ?, ?, ?, ?, ?, ?, ?)').join(', ');
    await runSql(
      tx,
      `INSERT INTO time_series_data (ticker, "interval", "timestamp", "open", high, low, "close", volume)
       VALUES ${rows} ON CONFLICT (ticker, "interval", "timestamp") DO UPDATE SET "open" = excluded."open",
         high = excluded.high, low = excluded.low, "close" = excluded."close", volume = excluded.volume`,
      bars.flatMap((bar) => [
        ticker,
        interval,
        new Date(bar.time).toISOString(),
        bar.open,
        bar.high,
        bar.low,
        bar.close,
        bar.volume,
      ]),
    );
  }
}

/** The largest power of two that fits: ten different statements serve every count, so that they stay prepared. */
const chunkSize = (count: number): number => Math.min(LARGEST_CHUNK, 2 ** Math.floor(Math.log2(count)));
