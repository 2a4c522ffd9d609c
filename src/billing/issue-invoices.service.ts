import { Injectable } from '@nestjs/common';
import { lockName, type Transaction, TransactionRunner } from '#libs/database';
import { AppError, Clock, DAY_MS, HOUR_MS } from '#libs/kernel';
import { type Payer, TradingParties } from '../accounts/accounts.port.js';
import type { InvoiceRecipient } from './invoice.entity.js';
import {
  type BilledGroup,
  type Billable,
  InvoiceRepository,
  type Month,
  type NewInvoiceLine,
} from './invoice.repository.js';

/** A settlement that began in the old month is committed long before: transactions may last 30 s. */
const CLOSING_MS = HOUR_MS;
const PAYMENT_DAYS = 30;
const LONGEST_LINE = 255;

/** `2026-10` → that month. */
export function monthOf(text: string): Month {
  const [year = 0, month = 0] = text.split('-').map(Number);
  return { start: new Date(Date.UTC(year, month - 1, 1)), end: new Date(Date.UTC(year, month, 1)) };
}

/** The month of a moment, `before` months earlier. */
export function monthBefore(moment: Date, before: number): Month {
  const [year, month] = [moment.getUTCFullYear(), moment.getUTCMonth() - before];
  return { start: new Date(Date.UTC(year, month, 1)), end: new Date(Date.UTC(year, month + 1, 1)) };
}

/** Writes the invoices of closed months: one a client and currency, numbered without gaps, final. */
@Injectable()
export class IssueInvoices {
  constructor(
    private readonly invoices: InvoiceRepository,
    private readonly transactions: TransactionRunner,
    private readonly parties: TradingParties,
    private readonly clock: Clock,
  ) {}

  isClosed({ end }: Month): boolean {
    return this.clock.now() >= end.getTime() + CLOSING_MS;
  }

  /**
   * Issues what is missing for the month; returns how many.
   * @throws AppError `conflict` while orders of the month may still be settled
   */
  async issue(month: Month): Promise<number> {
    if (!this.isClosed(month)) {
      throw new AppError('conflict', 'Invoices are issued when the month is over', { code: 'month_open' });
    }
    let issued = 0;
    for (const billable of await this.invoices.notInvoiced(month)) {
      const recipient = recipientOf(await this.parties.payer(billable.clientId), billable.clientId);
      const isNew = await this.transactions.run((tx) => this.#issueOne(tx, billable, month, recipient));
      if (isNew) issued += 1;
    }
    return issued;
  }

  async #issueOne(
    tx: Transaction,
    billable: Billable,
    month: Month,
    recipient: InvoiceRecipient,
  ): Promise<boolean> {
    await lockName(tx, 'billing:invoices');
    if (await this.invoices.exists(tx, billable, month)) return false;
    const lines = (await this.invoices.billedGroups(tx, billable, month)).map(lineOf);
    const total = lines.reduce((sum, line) => sum + line.amountMicros, 0);
    const serial = (await this.invoices.countOfMonth(tx, month)) + 1;
    const createdAt = new Date(this.clock.now());
    const invoice = {
      userId: billable.clientId,
      invoiceNumber: `INV-${month.start.toISOString().slice(0, 7).replace('-', '')}-${String(serial).padStart(6, '0')}`,
      periodStart: month.start,
      periodEnd: month.end,
      currency: billable.currency,
      subtotalMicros: total,
      taxMicros: 0,
      totalMicros: total,
      recipient,
      paymentDueDate: new Date(createdAt.getTime() + PAYMENT_DAYS * DAY_MS),
      createdAt,
    };
    await this.invoices.add(tx, invoice, lines);
    return true;
  }
}

const lineOf = (
  { description, modelName, unitMicros, quantity }: BilledGroup,
  index: number,
): NewInvoiceLine => ({
  position: index + 1,
  description: `${description ?? 'Prediction'}, model ${modelName}`.slice(0, LONGEST_LINE),
  quantity,
  unitMicros,
  amountMicros: unitMicros * quantity,
});

const recipientOf = (payer: Payer | null, clientId: number): InvoiceRecipient => ({
  name: payer?.username ?? `Client ${clientId}`,
  address: Object.values(payer?.billingAddress ?? {}),
});
