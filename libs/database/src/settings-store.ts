import type { Clock } from '#libs/kernel';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { runSql } from './statements.js';
import type { DatabaseScope, Transaction } from './transaction.js';
import { jsonColumn, utcColumn } from './column-types.js';

/** A setting that was changed while the service ran and holds on from then. */
@Entity('system_configuration')
export class SettingEntity {
  @PrimaryGeneratedColumn({ type: 'integer' }) id!: number;
  @Column({ type: 'varchar', length: 128, unique: true }) key!: string;
  /** Any JSON value. */
  @Column(jsonColumn()) value!: unknown;
  @Column({ type: 'text', nullable: true }) description!: string | null;
  @Column(utcColumn()) updatedAt!: Date;

  /** The user who set it; null when the system did. */
  @Column({ type: 'integer', nullable: true }) updatedBy!: number | null;
}

/** A persisted setting. */
export type StoredSetting = Readonly<Pick<SettingEntity, 'key' | 'value' | 'updatedAt' | 'updatedBy'>>;

/** Settings that outlive the process (table `system_configuration`). */
export class SettingsStore {
  constructor(private readonly clock: Clock) {}

  /** Every setting, by key. */
  all({ manager }: DatabaseScope): Promise<StoredSetting[]> {
    const select = { key: true, value: true, updatedAt: true, updatedBy: true } as const;
    return manager.find(SettingEntity, { select, order: { key: 'ASC' } });
  }

  /** Sets one; the newest value wins. */
  async put(tx: Transaction, key: string, value: unknown, updatedBy: number | null): Promise<void> {
    await runSql(
      tx,
      `INSERT INTO system_configuration ("key", "value", updated_at, updated_by) VALUES (?, ?, ?, ?)
       ON CONFLICT ("key") DO UPDATE
         SET "value" = excluded."value", updated_at = excluded.updated_at, updated_by = excluded.updated_by`,
      [key, JSON.stringify(value), new Date(this.clock.now()).toISOString(), updatedBy],
    );
  }

  /** Forgets one, so that the configured value holds again. */
  async remove(tx: Transaction, key: string): Promise<void> {
    await runSql(tx, 'DELETE FROM system_configuration WHERE "key" = ?', [key]);
  }
}
