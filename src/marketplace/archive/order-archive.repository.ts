import { Injectable } from '@nestjs/common';
import { Database, entityOf, lockName, placeholders, rowsOf, runSql, type Transaction } from '#libs/database';
import { AppError, isUuid } from '#libs/kernel';
import { In } from 'typeorm';
import { OrderClaimEntity } from '../order-claim.entity.js';
import { OrderFileEntity } from '../order-file.entity.js';
import { OrderEntity } from '../order.entity.js';
import { ArchivedOrderEntity, OrderArchiveEntity } from './order-archive.entity.js';

/** Orders that go in one transaction: each has 30 index entries. About 5 ms of SQLite's event loop. */
const ORDERS_A_DROP = { sqlite: 10, postgres: 200 } as const;
const ENDED = `status IN ('completed', 'failed', 'cancelled')`;
const PAID = `COALESCE(score_state, '') <> 'held'`;

/** An order with all that belongs to it alone. */
export interface WholeOrder {
  readonly order: OrderEntity;
  readonly claims: readonly OrderClaimEntity[];
  readonly files: readonly OrderFileEntity[];
}

/** An archived order, and the name of its file. */
export type ArchivedOrder = ArchivedOrderEntity & { readonly file: string };

/** Which orders are in archives; the deletion of these and no others. */
@Injectable()
export class OrderArchiveRepository {
  constructor(private readonly database: Database) {}

  /** Ids of orders that ended before then, those that ended first in front; without those of which money is held still. */
  async endedBefore(moment: Date, limit: number): Promise<string[]> {
    const rows = await runSql<{ id: string }>(
      this.database.readApart,
      `SELECT id FROM prediction_jobs WHERE completed_at < ? AND ${ENDED} AND ${PAID} ORDER BY completed_at, created_at, id LIMIT ?`,
      [moment.toISOString(), limit],
    );
    return rows.map(({ id }) => id);
  }

  /** In the order of their ids as given. At most 1,000 a call. */
  async whole(ids: readonly string[]): Promise<WholeOrder[]> {
    const { readApart } = this.database;
    const all = { limit: Number.MAX_SAFE_INTEGER, offset: 0 };
    const orders = await rowsOf(readApart, OrderEntity, { where: { id: In([...ids]) }, order: {}, ...all });
    const where = { orderId: In([...ids]) };
    const claims = await rowsOf(readApart, OrderClaimEntity, { where, order: { leaseEpoch: 'ASC' }, ...all });
    const files = await rowsOf(readApart, OrderFileEntity, { where, order: { id: 'ASC' }, ...all });
    return ids.flatMap((id) =>
      orders
        .filter((order) => order.id === id)
        .map((order) => ({
          order,
          claims: claims.filter(({ orderId }) => orderId === id),
          files: files.filter(({ orderId }) => orderId === id),
        })),
    );
  }

  /** The last one; null before the first. */
  async last(): Promise<OrderArchiveEntity | null> {
    const { read } = this.database;
    const [last] = await rowsOf(read, OrderArchiveEntity, {
      where: {},
      order: { id: 'DESC' },
      limit: 1,
      offset: 0,
    });
    return last ?? null;
  }

  /** Adds a record; false when another process archives, or has done so meanwhile. */
  async record(
    tx: Transaction,
    archive: Omit<OrderArchiveEntity, 'id' | 'droppedOrders'>,
    ids: readonly string[],
  ): Promise<boolean> {
    await lockName(tx, 'orders:archive');
    const last = await this.last();
    if (last !== null && last.droppedOrders < last.orders) return false;
    const [there] = await runSql<{ orders: number | string }>(
      tx,
      `SELECT COUNT(*) AS orders FROM prediction_jobs WHERE id IN (${placeholders(ids.length)}) AND ${ENDED}`,
      ids,
    );
    if (Number(there?.orders) !== ids.length) return false;
    await tx.manager.insert(OrderArchiveEntity, { ...archive, droppedOrders: 0 });
    return true;
  }

  /**
   * Deletes the next orders of an archive and keeps what stays of them; returns whether more are left.
   * @param ids all orders of the archive, in their order
   */
  async drop(tx: Transaction, { id, orders }: OrderArchiveEntity, ids: readonly string[]): Promise<boolean> {
    await lockName(tx, 'orders:archive');
    const [archive] = await runSql<{ dropped: number | string }>(
      tx,
      'SELECT dropped_orders AS dropped FROM order_archives WHERE id = ?',
      [id],
    );
    const dropped = Number(archive?.dropped ?? orders);
    const some = ids.slice(dropped, dropped + ORDERS_A_DROP[this.database.kind]);
    if (some.length === 0) return false;
    const these = `IN (${placeholders(some.length)})`;
    const kept = await runSql<{ id: string }>(
      tx,
      `INSERT INTO archived_orders (id, user_id, evaluator_id, status, ended_at, archive_id)
       SELECT id, user_id, claimed_by, status, completed_at, CAST(? AS integer) FROM prediction_jobs
       WHERE id ${these} AND ${ENDED} RETURNING id`,
      [id, ...some],
    );
    if (kept.length !== some.length)
      throw new AppError('internal', `of ${some.length} archived orders only ${kept.length} are there`);
    await runSql(tx, `DELETE FROM prediction_files WHERE prediction_id ${these}`, some);
    await runSql(tx, `DELETE FROM prediction_claims WHERE prediction_id ${these}`, some);
    await runSql(tx, `DELETE FROM prediction_jobs WHERE id ${these}`, some);
    const through = dropped + some.length;
    await runSql(tx, 'UPDATE order_archives SET dropped_orders = ? WHERE id = ?', [through, id]);
    return through < orders;
  }

  /** Null for an order that is in no archive. */
  async find(orderId: string): Promise<ArchivedOrder | null> {
    if (!isUuid(orderId)) return null;
    const { read } = this.database;
    const [row] = await runSql<{ readonly file: string }>(
      read,
      `SELECT o.*, a.file FROM archived_orders o JOIN order_archives a ON a.id = o.archive_id WHERE o.id = ?`,
      [orderId.toLowerCase()],
    );
    if (row === undefined) return null;
    return { ...entityOf(read, ArchivedOrderEntity, row), file: row.file };
  }
}
