import { Injectable } from '@nestjs/common';
import {
  Database,
  type Later,
  placeholders,
  readSql,
  runSql,
  type Transaction,
  writeSql,
} from '#libs/database';
import type { PageWindow } from '#libs/http';
import { assertPresent } from '#libs/kernel';
import { IsNull, LessThanOrEqual, type SelectQueryBuilder } from 'typeorm';
import type { CreditGrant, Currency, Micros } from './billing.port.js';
import { CreditEntity } from './credit.entity.js';

/** What is left of an expiring credit. */
export interface OpenCredit {
  readonly id: number;
  readonly expiresAt: Date;
  readonly amount: Micros;
  readonly used: Micros;
}

/** A credit that an order used, with how much of it. */
export interface CreditOfOrder extends OpenCredit {
  readonly byOrder: Micros;
}

/** A credit with what was used of it, for its owner. */
export interface ListedCredit extends CreditEntity {
  /** Null for credits without expiry, which are not told apart when they are spent. */
  readonly usedMicros: number | null;
}

/** What was used of credit `c`. */
export const USED_OF_CREDIT = `COALESCE((SELECT u.used_after_micros FROM credit_uses u WHERE u.credit_id = c.id
  ORDER BY u.transaction_id DESC LIMIT 1), 0)`;

interface OpenCreditRow {
  readonly id: number;
  readonly expires_at: string;
  readonly amount_micros: number | string;
  readonly used: number | string;
}

/** Credits that were given, and what was used of those that expire. */
@Injectable()
export class CreditRepository {
  constructor(private readonly database: Database) {}

  async add(
    tx: Transaction,
    { userId, type, amount, currency, expiresAt = null }: CreditGrant,
    transactionId: Later,
    now: Date,
  ): Promise<number> {
    const [row] = await runSql<{ id: number }>(
      tx,
      `INSERT INTO credits (user_id, credit_type, amount_micros, currency, source_transaction_id, expires_at, created_at)
       VALUES (${placeholders(7)}) RETURNING id`,
      [userId, type, amount, currency, transactionId, expiresAt?.toISOString() ?? null, now.toISOString()],
    );
    return assertPresent(row, 'an insert returns its row').id;
  }

  /** Expiring credits that are not closed, those that expire first in front. */
  async openOf(tx: Transaction, userId: number, currency: Currency): Promise<OpenCredit[]> {
    const rows = await readSql<OpenCreditRow>(
      tx,
      `SELECT c.id, c.expires_at, c.amount_micros, ${USED_OF_CREDIT} AS used FROM credits c
       WHERE c.user_id = ? AND c.currency = ? AND c.expires_at IS NOT NULL AND c.closed_at IS NULL
       ORDER BY c.expires_at, c.id`,
      [userId, currency],
    );
    return rows.map(openCredit);
  }

  /** Open credits that transactions of this order used, with how much of each; those that expire last in front. */
  async usedBy(tx: Transaction, orderId: string): Promise<CreditOfOrder[]> {
    const rows = await readSql<OpenCreditRow & { by_order: number | string }>(
      tx,
      `SELECT c.id, c.expires_at, c.amount_micros, ${USED_OF_CREDIT} AS used, SUM(j.amount_micros) AS by_order
       FROM transactions t JOIN credit_uses j ON j.transaction_id = t.id JOIN credits c ON c.id = j.credit_id
       WHERE t.prediction_id = ? AND c.closed_at IS NULL
       GROUP BY c.id, c.expires_at, c.amount_micros ORDER BY c.expires_at DESC, c.id DESC`,
      [orderId],
    );
    return rows.map((row) => ({ ...openCredit(row), byOrder: Number(row.by_order) }));
  }

  /** Adds a use (or below zero a return) of a credit. */
  addUse(tx: Transaction, credit: OpenCredit, transactionId: Later, amount: Micros): void {
    writeSql(
      tx,
      `INSERT INTO credit_uses (credit_id, transaction_id, amount_micros, used_after_micros)
       VALUES (${placeholders(4)})`,
      [credit.id, transactionId, amount, credit.used + amount],
    );
  }

  async close(tx: Transaction, id: number, now: Date): Promise<void> {
    await tx.manager.update(CreditEntity, { id, closedAt: IsNull() }, { closedAt: now });
  }

  /** Whose credits are due to be taken back, at most `limit` users and currencies. */
  async ownersOfDue(now: Date, limit: number): Promise<{ userId: number; currency: Currency }[]> {
    return this.database.read.manager
      .createQueryBuilder(CreditEntity, 'c')
      .select('c.userId', 'userId')
      .addSelect('c.currency', 'currency')
      .where({ closedAt: IsNull(), expiresAt: LessThanOrEqual(now) })
      .groupBy('c.userId')
      .addGroupBy('c.currency')
      .orderBy('c.userId')
      .limit(limit)
      .getRawMany();
  }

  /** Newest first. */
  list(userId: number, { limit, offset }: PageWindow): Promise<ListedCredit[]> {
    return this.#listed((query) =>
      query.where('c.userId = :userId', { userId }).orderBy('c.id', 'DESC').limit(limit).offset(offset),
    );
  }

  /** Null for an unknown id. */
  async find(id: number): Promise<ListedCredit | null> {
    const [credit] = await this.#listed((query) => query.where('c.id = :id', { id }));
    return credit ?? null;
  }

  count(userId: number): Promise<number> {
    return this.database.readApart.manager.countBy(CreditEntity, { userId });
  }

  async #listed(
    narrow: (query: SelectQueryBuilder<CreditEntity>) => SelectQueryBuilder<CreditEntity>,
  ): Promise<ListedCredit[]> {
    const query = this.database.readApart.manager
      .createQueryBuilder(CreditEntity, 'c')
      .addSelect(USED_OF_CREDIT, 'used');
    const { entities, raw } = await narrow(query).getRawAndEntities<{ used: number | string }>();
    return entities.map((credit, index) => ({
      ...credit,
      usedMicros: credit.expiresAt === null ? null : Number(raw[index]?.used ?? 0),
    }));
  }
}

const openCredit = (row: OpenCreditRow): OpenCredit => ({
  id: row.id,
  expiresAt: new Date(row.expires_at),
  amount: Number(row.amount_micros),
  used: Number(row.used),
});
