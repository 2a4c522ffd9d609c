import { ISSUER, type InvoiceDocument } from './invoice-document.js';

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
