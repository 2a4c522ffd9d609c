import { moneyText } from '#libs/kernel';
import type { InvoiceEntity, InvoiceLineEntity } from './invoice.entity.js';

/** An invoice as it is printed. */
type PrintableInvoice = Omit<InvoiceEntity, 'id' | 'userId'> & {
  readonly lines: readonly Omit<InvoiceLineEntity, 'invoiceId'>[];
};

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

export function invoiceDocument(invoice: PrintableInvoice): InvoiceDocument {
  const { currency, recipient, lines } = invoice;
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

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escaped = (text: string): string =>
  text.replaceAll(/[&<>"']/g, (character) => ESCAPES[character] ?? '');

const STYLE = `
  body { font: 15px/1.5 system-ui, sans-serif; color: #1b1f24; background: #fff; max-width: 46rem; margin: 3rem auto; padding: 0 1rem; }
  table { border-collapse: collapse; width: 100%; margin: 2rem 0 0; }
  th, td { text-align: left; padding: .4rem .6rem; border-bottom: 1px solid #d0d7de; vertical-align: top; }
  .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
  tfoot tr:last-child { font-weight: 600; }
  dl { display: grid; grid-template-columns: max-content auto; gap: 0 1.5rem; }
  dd { margin: 0; }
  @media print { body { margin: 0; } }`;

const cell = (tag: 'td' | 'th', text: string, index: number): string =>
  `<${tag}${index === 0 ? '' : ' class="number"'}>${escaped(text)}</${tag}>`;

const row = (tag: 'td' | 'th', cells: readonly string[]): string =>
  `<tr>${cells.map((text, index) => cell(tag, text, index)).join('')}</tr>`;

/** The invoice as a page that prints well and needs nothing from elsewhere. Every text is escaped. */
export const invoiceHtml = ({
  title,
  recipient,
  facts,
  columns,
  rows,
  totals,
}: InvoiceDocument): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title>
<style>${STYLE}
</style>
</head>
<body>
<p>${escaped(ISSUER)}</p>
<h1>${escaped(title)}</h1>
<address>${recipient.map(escaped).join('<br>')}</address>
<dl>${facts.map(([label, value]) => `<dt>${escaped(label)}</dt><dd>${escaped(value)}</dd>`).join('')}</dl>
<table>
<thead>${row('th', columns)}</thead>
<tbody>
${rows.map((cells) => row('td', cells)).join('\n')}
</tbody>
<tfoot>
${totals.map(([label, value]) => `<tr><td colspan="3">${escaped(label)}</td>${cell('td', value, 3)}</tr>`).join('\n')}
</tfoot>
</table>
</body>
</html>
`;
