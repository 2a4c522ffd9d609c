import { moneyOf, unitPriceOf } from '#libs/kernel';
import type { InvoiceDetailOut, InvoiceOut } from './invoice.dto.js';
import type { InvoiceEntity, InvoiceLineEntity } from './invoice.entity.js';

/** An invoice as it is printed. */
export interface PrintableInvoice {
  readonly invoice: InvoiceEntity;
  readonly lines: readonly InvoiceLineEntity[];
}

export const presentInvoice = (invoice: InvoiceEntity): InvoiceOut => ({
  id: invoice.id,
  user_id: invoice.userId,
  invoice_number: invoice.invoiceNumber,
  billing_period_start: invoice.periodStart,
  billing_period_end: invoice.periodEnd,
  currency: invoice.currency,
  subtotal: moneyOf(invoice.subtotalMicros),
  tax_amount: moneyOf(invoice.taxMicros),
  total_amount: moneyOf(invoice.totalMicros),
  total_amount_micros: invoice.totalMicros,
  payment_due_date: invoice.paymentDueDate,
  created_at: invoice.createdAt,
});

export const presentDetail = ({ invoice, lines }: PrintableInvoice): InvoiceDetailOut => ({
  ...presentInvoice(invoice),
  recipient: { name: invoice.recipient.name, address: [...invoice.recipient.address] },
  lines: lines.map((line) => ({
    position: line.position,
    description: line.description,
    quantity: line.quantity,
    unit_price: unitPriceOf(line.unitMicros),
    amount: moneyOf(line.amountMicros),
  })),
});
