import { Injectable, type OnModuleInit } from '@nestjs/common';
import {
  AppConfig,
  checkRuntimeSettings,
  isRouteGroup,
  isRuntimeKey,
  type RuntimeKey,
  type RuntimeValues,
} from '#libs/config';
import {
  Database,
  Notifications,
  SettingsStore,
  type StoredSetting,
  TransactionRunner,
} from '#libs/database';
import { PeriodicService } from '#libs/jobs';
import { Clock, SECOND_MS } from '#libs/kernel';
import type { ChangeableSettings, ChangedSetting, RuntimeChange } from './runtime-settings.port.js';

/** Behind the notifications, which may be lost with their connection: how often stored settings are read anyway. */
const REFRESH_MS = SECOND_MS;
const CHANNEL = 'prediction_provider_settings';

/**
 * {@link ChangeableSettings} over the table `system_configuration`. A change holds at once in this process and, told by
 * PostgreSQL, some milliseconds later in others, which also look again every second. Stored values that the declarations no longer allow are
 * skipped with a warning; the configured ones hold instead.
 */
@Injectable()
export class PersistedRuntimeSettings extends PeriodicService implements ChangeableSettings, OnModuleInit {
  readonly #listeners: (() => Promise<void>)[] = [];
  #stored: Readonly<Partial<RuntimeValues>> = {};
  #changed: readonly ChangedSetting[] = [];

  constructor(
    private readonly store: SettingsStore,
    private readonly database: Database,
    private readonly transactions: TransactionRunner,
    private readonly notifications: Notifications,
    clock: Clock,
    private readonly config: AppConfig,
  ) {
    super(clock, { everyMs: REFRESH_MS });
  }

  get<K extends RuntimeKey>(key: K): RuntimeValues[K] {
    const stored = this.#stored[key];
    return stored === undefined ? this.config[key] : (stored as RuntimeValues[K]);
  }

  get changed(): readonly ChangedSetting[] {
    return this.#changed;
  }

  /** Calls `listener` after every change that this process learns of. */
  onChange(listener: () => Promise<void>): void {
    this.#listeners.push(listener);
  }

  async change(change: RuntimeChange, userId: number | null): Promise<void> {
    await this.transactions.run(async (tx) => {
      for (const [key, value] of Object.entries(change)) {
        if (value === null) await this.store.remove(tx, key);
        else await this.store.put(tx, key, value, userId);
      }
      await this.notifications.tell(tx, CHANNEL);
    });
    await this.refresh();
  }

  /** Reads what is stored; listeners hear of it when it differs. */
  async refresh(): Promise<void> {
    const rows = (await this.store.all(this.database.read)).filter(({ key }) => isRuntimeKey(key));
    const before = JSON.stringify(this.#stored);
    this.#stored = this.#checked(rows);
    this.#changed = rows.flatMap((row) =>
      isRuntimeKey(row.key) && row.key in this.#stored
        ? [{ key: row.key, updatedAt: row.updatedAt, updatedBy: row.updatedBy }]
        : [],
    );
    if (JSON.stringify(this.#stored) === before) return;
    for (const listener of this.#listeners) await listener();
  }

  async onModuleInit(): Promise<void> {
    this.notifications.on(CHANNEL, () => this.look());
    await this.refresh();
  }

  protected turn(): Promise<void> {
    return this.refresh();
  }

  protected override failed(error: unknown): void {
    this.logger.warn({ error }, 'stored settings could not be read');
  }

  #checked(rows: readonly StoredSetting[]): Partial<RuntimeValues> {
    const values: Partial<RuntimeValues> = {};
    for (const { key, value } of rows) {
      const checked = checkRuntimeSettings({ [key]: key === 'rate_limits' ? ofKnownGroups(value) : value });
      if (checked.faults.length === 0) Object.assign(values, checked.values);
      else this.logger.warn(`a stored setting is skipped: ${checked.faults.join('; ')}`);
    }
    return values;
  }
}

/** Version 0.1.0 stored any name; without this, one that is no group would switch the limits of the others off. */
const ofKnownGroups = (limits: unknown): unknown =>
  typeof limits === 'object' && limits !== null
    ? Object.fromEntries(Object.entries(limits).filter(([group]) => isRouteGroup(group)))
    : limits;
