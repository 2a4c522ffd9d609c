import { Injectable } from '@nestjs/common';
import { Database, rowsOf, runSql, type Transaction } from '#libs/database';
import type { PageWindow } from '#libs/http';
import type { Currency, Micros } from './billing.port.js';
import { InvoiceEntity, InvoiceLineEntity } from './invoice.entity.js';

/** First moments of a month and of the next one, UTC. */
export interface Month {
  readonly start: Date;
  readonly end: Date;
}

/** Who is to be billed for a month, and in which currency. */
export interface Billable {
  readonly clientId: number;
  readonly currency: Currency;
}

/** Settled orders of one kind at one price. */
export interface BilledGroup {
  readonly description: string | null;
  readonly modelName: string;
  readonly unitMicros: Micros;
  readonly quantity: number;
}

export type NewInvoice = Omit<InvoiceEntity, 'id'>;
export type NewInvoiceLine = Omit<InvoiceLineEntity, 'invoiceId'>;

/** Which invoices a list shows; absent means any. */
export interface InvoiceFilter {
  readonly userId?: number;
  readonly periodStart?: Date;
}

/** Invoices: issued and read, nothing else. */
@Injectable()
export class InvoiceRepository {
  constructor(private readonly database: Database) {}

  /** Clients with settled orders in the month that have no invoice for it. */
  async notInvoiced({ start, end }: Month): Promise<Billable[]> {
    const month = [start.toISOString(), end.toISOString()];
    const billable = await runSql<Billable>(
      this.database.read,
      `SELECT r.client_id AS "clientId", r.currency FROM (
         SELECT client_id, currency FROM billing_records WHERE timestamp >= ? AND timestamp < ?
         UNION ALL
         SELECT client_id, currency FROM score_holds WHERE settled_at >= ? AND settled_at < ? AND earned_micros > 0) AS r
       WHERE NOT EXISTS (SELECT 1 FROM invoices i WHERE i.user_id = r.client_id AND i.currency = r.currency
                         AND i.billing_period_start = ?)
       GROUP BY r.client_id, r.currency`,
      [...month, ...month, start.toISOString()],
    );
    return billable.toSorted((a, b) => a.clientId - b.clientId || (a.currency < b.currency ? -1 : 1));
  }

  /** What the client's orders of the month cost, by kind and price, and then what scores earned in it of earlier answers. */
  async billedGroups(
    tx: Transaction,
    { clientId, currency }: Billable,
    { start, end }: Month,
  ): Promise<BilledGroup[]> {
    const rows = await runSql<BilledGroup>(
      tx,
      `SELECT description, model_name AS "modelName", cost_micros AS "unitMicros", COUNT(*) AS quantity FROM billing_records
       WHERE client_id = ? AND currency = ? AND timestamp >= ? AND timestamp < ?
       GROUP BY description, model_name, cost_micros ORDER BY model_name, description, cost_micros`,
      [clientId, currency, start.toISOString(), end.toISOString()],
    );
    const scored = await runSql<BilledGroup>(
      tx,
      `SELECT r.description, r.model_name AS "modelName", h.earned_micros AS "unitMicros", COUNT(*) AS quantity
       FROM score_holds h JOIN billing_records r ON r.prediction_id = h.prediction_id
       WHERE h.client_id = ? AND h.currency = ? AND h.settled_at >= ? AND h.settled_at < ? AND h.earned_micros > 0
       GROUP BY r.description, r.model_name, h.earned_micros ORDER BY r.model_name, r.description, h.earned_micros`,
      [clientId, currency, start.toISOString(), end.toISOString()],
    );
    const byScore = scored.map((row) => ({
      ...row,
      description: `Paid by score: ${row.description ?? 'Prediction'}`,
    }));
    return [...rows, ...byScore].map((row) => ({
      ...row,
      unitMicros: Number(row.unitMicros),
      quantity: Number(row.quantity),
    }));
  }

  exists(tx: Transaction, { clientId, currency }: Billable, { start }: Month): Promise<boolean> {
    return tx.manager.existsBy(InvoiceEntity, { userId: clientId, currency, periodStart: start });
  }

  countOfMonth(tx: Transaction, { start }: Month): Promise<number> {
    return tx.manager.countBy(InvoiceEntity, { periodStart: start });
  }

  async add(tx: Transaction, invoice: NewInvoice, lines: readonly NewInvoiceLine[]): Promise<void> {
    const { id } = await tx.manager.save(tx.manager.create(InvoiceEntity, invoice));
    for (const line of lines) await tx.manager.insert(InvoiceLineEntity, { ...line, invoiceId: id });
  }

  /** Newest first. */
  list(filter: InvoiceFilter, { limit, offset }: PageWindow): Promise<InvoiceEntity[]> {
    return rowsOf(this.database.readApart, InvoiceEntity, {
      where: { ...filter },
      order: { id: 'DESC' },
      limit,
      offset,
    });
  }

  count(filter: InvoiceFilter): Promise<number> {
    return this.database.readApart.manager.countBy(InvoiceEntity, { ...filter });
  }

  findById(id: number): Promise<InvoiceEntity | null> {
    return this.database.read.manager.findOneBy(InvoiceEntity, { id });
  }

  linesOf(id: number): Promise<InvoiceLineEntity[]> {
    return this.database.read.manager.find(InvoiceLineEntity, {
      where: { invoiceId: id },
      order: { position: 'ASC' },
    });
  }
}
