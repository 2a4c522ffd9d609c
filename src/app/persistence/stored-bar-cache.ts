import { BarStore, type Database, type TransactionRunner } from '#libs/database';
import type { Bar, BarCache } from '#libs/plugin-sdk';

/** Feeders' bars in the table `time_series_data`. */
export class StoredBarCache implements BarCache {
  readonly #store = new BarStore();

  constructor(
    private readonly database: Database,
    private readonly transactions: TransactionRunner,
  ) {}

  async read(symbol: string, interval: string, from: number, to: number): Promise<readonly Bar[]> {
    const bars = await this.#store.readBars(this.database.read, { ticker: symbol, interval, from, to });
    return bars.map((bar) => ({ ...bar, volume: bar.volume ?? 0 }));
  }

  write(symbol: string, interval: string, bars: readonly Bar[]): Promise<void> {
    return this.transactions.run((tx) => this.#store.upsertBars(tx, { ticker: symbol, interval }, bars));
  }
}
