import { Injectable, Module, type OnModuleInit } from '@nestjs/common';
import { countsOf, Database, KeptFigures, SealStore } from '#libs/database';
import { JobEngine } from '#libs/jobs';
import { Clock, MICROS_PER_UNIT, MINUTE_MS, OutageError, systemClock, within } from '#libs/kernel';
import { Telemetry } from '#libs/telemetry';
import { MarketplaceFigures } from '../../marketplace/marketplace-statistics.port.js';
import { MarketplaceModule } from '../../marketplace/marketplace.module.js';
import { CHAINS } from '../anchors.js';
import { type DatabaseSeries, Metrics } from './metrics.js';

/** Whoever collects figures waits some seconds. */
const LIMIT_MS = 1_500;
const LEASES = ['jobs', 'jobs_oldest_wait_seconds', 'leases_expired', 'orders_oldest_wait_seconds'] as const;

/** The series that are read from the database. Each is a look-up of kept figures or by an index, bounded in rows. */
@Injectable()
export class DatabaseFigures implements DatabaseSeries, OnModuleInit {
  constructor(
    private readonly metrics: Metrics,
    private readonly telemetry: Telemetry,
    private readonly database: Database,
    private readonly kept: KeptFigures,
    private readonly jobs: JobEngine,
    private readonly orders: MarketplaceFigures,
    private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.metrics.watchRows(this);
  }

  /** Measures anew what answers in time; of what does not, nothing is told. */
  async measure(): Promise<void> {
    await Promise.all([
      this.#part(LEASES, () => this.#leases()),
      this.#part(['predictions'], () => this.#standing('predictions')),
      this.#part(['orders'], () => this.#standing('orders')),
      this.#part(['ledger_balance'], () => this.#ledger()),
      this.#part(['seal_lag_seconds', 'sealed_rows'], () => this.#seals()),
    ]);
  }

  /** @param read reads first and then returns what sets the series at once, so that two who ask do not mix */
  async #part(
    names: readonly Parameters<Telemetry['clear']>[0][],
    read: () => Promise<() => void>,
  ): Promise<void> {
    const late = new OutageError('Figures could not be read in time', { code: 'database_unavailable' });
    const set = await within(systemClock, LIMIT_MS, read(), () => late).catch((error: unknown) => {
      if (error instanceof OutageError) return () => undefined; // `database_up` tells it
      throw error;
    });
    for (const name of names) this.telemetry.clear(name);
    set();
  }

  async #leases(): Promise<() => void> {
    const now = this.clock.now();
    const kinds = await this.jobs.figures();
    const orders = await this.orders.pulse(new Date(now - MINUTE_MS));
    return () => {
      for (const { kind, queued, planned, running, oldestWaitMs } of kinds) {
        this.telemetry.set('jobs', { kind, status: 'queued' }, queued);
        this.telemetry.set('jobs', { kind, status: 'planned' }, planned);
        this.telemetry.set('jobs', { kind, status: 'running' }, running);
        this.telemetry.set('jobs_oldest_wait_seconds', { kind }, oldestWaitMs / 1000);
      }
      const expired = kinds.reduce((sum, kind) => sum + kind.expired, 0);
      this.telemetry.set('leases_expired', { of: 'jobs' }, expired);
      this.telemetry.set('leases_expired', { of: 'orders' }, orders.expiredLeases);
      const { oldestPending } = orders;
      const waitedMs = oldestPending === null ? 0 : Math.max(0, now - oldestPending.getTime());
      this.telemetry.set('orders_oldest_wait_seconds', {}, waitedMs / 1000);
    };
  }

  async #standing(source: 'predictions' | 'orders'): Promise<() => void> {
    const counts = countsOf(await this.kept.standing(source), 'status:');
    return () => {
      for (const [status, rows] of Object.entries(counts)) this.telemetry.set(source, { status }, rows);
    };
  }

  async #ledger(): Promise<() => void> {
    const balances = await this.kept.standing('money');
    return () => {
      for (const [name, { amount }] of balances) {
        const [account = '', currency = ''] = name.split(':');
        this.telemetry.set('ledger_balance', { account, currency }, amount / MICROS_PER_UNIT);
      }
    };
  }

  async #seals(): Promise<() => void> {
    const chains = await Promise.all(
      CHAINS.map(async (table) => {
        const store = new SealStore(this.database, table);
        return { chain: table.chain, head: await store.head(), oldest: await store.oldestUnsealed() };
      }),
    );
    const now = this.clock.now();
    return () => {
      for (const { chain, head, oldest } of chains) {
        const lagMs = oldest === null ? 0 : Math.max(0, now - oldest.getTime());
        this.telemetry.set('seal_lag_seconds', { chain }, lagMs / 1000);
        this.telemetry.set('sealed_rows', { chain }, head?.rowCount ?? 0);
      }
    };
  }
}

@Module({ imports: [MarketplaceModule], providers: [DatabaseFigures] })
export class MetricsModule {}
