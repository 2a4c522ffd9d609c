import { Injectable, Module } from '@nestjs/common';
import { AppConfig, secretKeysOf } from '#libs/config';
import {
  Database,
  isNewestKey,
  type RenewedColumn,
  renewHiddenTexts,
  retireFormerKeys,
  TransactionRunner,
} from '#libs/database';
import { PeriodicService } from '#libs/jobs';
import { Clock, HOUR_MS, type SecretKeys } from '#libs/kernel';

/** A walk that found texts of before is followed by another; a process that still writes such may keep it busy. */
const MAX_WALKS = 5;

/** What {@link renewUntilClean} did. */
export interface Renewal {
  /** What was found, column by column: all that was renewed, and what the last walk could not read. */
  readonly columns: readonly RenewedColumn[];
  /** The last walk found nothing under a key of before. */
  readonly isClean: boolean;
}

/** Walks over all encrypted texts until one finds nothing to renew. */
export async function renewUntilClean(
  database: Database,
  transactions: TransactionRunner,
  keys: SecretKeys,
  signal?: AbortSignal,
): Promise<Renewal> {
  const total = new Map<string, RenewedColumn>();
  for (let walk = 1; walk <= MAX_WALKS; walk += 1) {
    const found = await renewHiddenTexts(database, transactions, keys, signal);
    for (const one of found) {
      const name = columnName(one);
      total.set(name, { ...one, renewed: one.renewed + (total.get(name)?.renewed ?? 0) });
    }
    const columns = [...total.values()];
    if (found.every(({ renewed }) => renewed === 0)) return { columns, isClean: true };
  }
  return { columns: [...total.values()], isClean: false };
}

/** `webhook_secrets.secret` */
export const columnName = ({ column }: RenewedColumn): string => `${column.table}.${column.column}`;

/**
 * With `previous_secret_keys`, brings what they encrypted under `secret_key`: at the start and every hour, because another
 * process may still write under the key of before while processes are exchanged. Only the key that came into use last is
 * brought to all texts, so that processes of both sides do not undo each other's work.
 */
@Injectable()
export class RenewSecrets extends PeriodicService {
  readonly #keys: SecretKeys;

  constructor(
    private readonly database: Database,
    private readonly transactions: TransactionRunner,
    private readonly clock: Clock,
    config: AppConfig,
  ) {
    super(clock, { everyMs: HOUR_MS, firstMs: 0 });
    this.#keys = secretKeysOf(config);
  }

  override onApplicationBootstrap(): void {
    if (this.#keys.length > 1) super.onApplicationBootstrap();
  }

  protected async turn(signal: AbortSignal): Promise<void> {
    if (!(await isNewestKey(this.database, this.#keys))) {
      this.logger.warn(
        'nothing is encrypted anew under secret_key: another one came into use after it; if this is to be the one, run secrets rotate',
      );
      return;
    }
    const { columns, isClean } = await renewUntilClean(this.database, this.transactions, this.#keys, signal);
    for (const one of columns) {
      if (one.renewed > 0)
        this.logger.log(`${columnName(one)}: ${one.renewed} values were encrypted anew under secret_key`);
      if (one.unreadable > 0)
        this.logger.warn(
          `${columnName(one)}: ${one.unreadable} values cannot be read with any secret key given`,
        );
    }
    if (!isClean) return;
    const retired = await retireFormerKeys(this.transactions, this.#keys, new Date(this.clock.now()));
    if (retired.length > 0)
      this.logger.log(
        `nothing is encrypted under the previous secret keys (${retired.join(', ')}) any more; they are needed for login tokens and repeats of the last day only`,
      );
  }
}

@Module({ providers: [RenewSecrets] })
export class SecretKeysModule {}
