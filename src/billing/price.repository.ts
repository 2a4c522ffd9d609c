import { Injectable } from '@nestjs/common';
import {
  columnsOf,
  Database,
  entityOf,
  placeholders,
  readSql,
  rowsOf,
  type Transaction,
} from '#libs/database';
import type { PageWindow } from '#libs/http';
import { ProviderPriceEntity } from './provider-price.entity.js';

export type NewPrice = Pick<ProviderPriceEntity, 'providerId' | 'modelName' | 'priceMicros' | 'currency'> &
  Partial<Pick<ProviderPriceEntity, 'scoreShare'>>;

/** Which prices a list shows; absent means any. */
export interface PriceFilter {
  readonly providerId?: number;
  readonly isActive?: true;
}

/** Provider prices, version by version. */
@Injectable()
export class PriceRepository {
  constructor(private readonly database: Database) {}

  /** Makes this the active price of the provider for the model. The caller holds the pair's lock. */
  async replaceActive(tx: Transaction, price: NewPrice, now: Date): Promise<ProviderPriceEntity> {
    const { providerId, modelName } = price;
    await tx.manager.update(
      ProviderPriceEntity,
      { providerId, modelName, isActive: true },
      { isActive: false, updatedAt: now },
    );
    return tx.manager.save(
      tx.manager.create(ProviderPriceEntity, { ...price, isActive: true, createdAt: now, updatedAt: now }),
    );
  }

  /** By model, the earlier version first. */
  list(filter: PriceFilter, { limit, offset }: PageWindow): Promise<ProviderPriceEntity[]> {
    return rowsOf(this.database.readApart, ProviderPriceEntity, {
      where: { ...filter },
      order: { modelName: 'ASC', id: 'ASC' },
      limit,
      offset,
    });
  }

  count(filter: PriceFilter): Promise<number> {
    return this.database.readApart.manager.countBy(ProviderPriceEntity, { ...filter });
  }

  /** Active prices for models, the cheapest first, the oldest first among equals. At most 1,000 models. */
  async activeFor(...models: readonly string[]): Promise<ProviderPriceEntity[]> {
    if (models.length === 0) return [];
    const { read } = this.database;
    const rows = await readSql(
      read,
      `SELECT ${columnsOf(read, ProviderPriceEntity)} FROM provider_pricing
       WHERE model_name ${models.length === 1 ? '= ?' : `IN (${placeholders(models.length)})`} AND is_active
       ORDER BY price_micros, id`,
      models,
    );
    return rows.map((row) => entityOf(read, ProviderPriceEntity, row));
  }

  /** Models with an active price, in the order of their names. */
  async models(except: readonly string[], { limit, offset }: PageWindow): Promise<string[]> {
    const rows = await readSql<{ model_name: string }>(
      this.database.readApart,
      `SELECT DISTINCT model_name FROM provider_pricing
       WHERE is_active ${except.length === 0 ? '' : `AND model_name NOT IN (${placeholders(except.length)})`}
       ORDER BY model_name LIMIT ? OFFSET ?`,
      [...except, limit, offset],
    );
    return rows.map(({ model_name }) => model_name);
  }
}
