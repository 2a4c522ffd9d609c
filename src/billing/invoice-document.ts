import { moneyText } from '#libs/kernel';
import type { PrintableInvoice } from './invoice.view.js';

/** Who issues the invoices. */
export const ISSUER = 'Prediction Provider';

/** An invoice in words, in the order of the page: the same for every format. */
export interface InvoiceDocument {
  readonly title: string;
  readonly recipient: readonly string[];
  /** Label and value. */
  readonly facts: readonly (readonly [string, string])[];
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly totals: readonly (readonly [string, string])[];
}

const dayOf = (moment: Date): string => moment.toISOString().slice(0, 10);

export function invoiceDocument({ invoice, lines }: PrintableInvoice): InvoiceDocument {
  const { currency, recipient } = invoice;
  const lastDay = new Date(invoice.periodEnd.getTime() - 1);
  return {
    title: `Invoice ${invoice.invoiceNumber}`,
    recipient: [recipient.name, ...recipient.address],
    facts: [
      ['Date', dayOf(invoice.createdAt)],
      ['Period', `${dayOf(invoice.periodStart)} to ${dayOf(lastDay)}`],
      ['Payment due', dayOf(invoice.paymentDueDate)],
    ],
    columns: ['Service', 'Quantity', 'Unit price', 'Amount'],
    rows: lines.map((line) => [
      line.description,
      String(line.quantity),
      moneyText(line.unitMicros, currency),
      moneyText(line.amountMicros, currency),
    ]),
    totals: [
      ['Subtotal', moneyText(invoice.subtotalMicros, currency)],
      ['Tax', moneyText(invoice.taxMicros, currency)],
      ['Total', moneyText(invoice.totalMicros, currency)],
    ],
  };
}
