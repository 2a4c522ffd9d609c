import PdfKit from 'pdfkit';
import { ISSUER, type InvoiceDocument } from './invoice-document.js';
import { useFontFor, type Weight } from './pdf-text.js';

const MARGIN = 56;
/** Left edges of the columns, in points; A4 is 595 wide. */
const COLUMNS = [MARGIN, 300, 360, 455] as const;
const RIGHT = 595 - MARGIN;
const BOTTOM = 842 - MARGIN;
const LINE = 16;
const SIZE = 9.5;

type Pdf = PDFKit.PDFDocument;

/** The invoice as A4 pages. The same invoice makes the same bytes. */
export async function invoicePdf(invoice: InvoiceDocument, issuedAt: Date): Promise<Buffer> {
  const pdf = new PdfKit({
    size: 'A4',
    margin: MARGIN,
    info: { Title: invoice.title, Author: ISSUER, CreationDate: issuedAt, ModDate: issuedAt },
  });
  const chunks: Buffer[] = [];
  const finished = new Promise<void>((resolve, reject) => {
    pdf.on('data', (chunk: Buffer) => chunks.push(chunk));
    pdf.once('end', resolve);
    pdf.once('error', reject);
  });
  head(pdf, invoice);
  table(pdf, invoice);
  pdf.end();
  await finished;
  return Buffer.concat(chunks);
}

const write = (pdf: Pdf, text: string, weight: Weight = 'regular'): Pdf =>
  pdf.text(useFontFor(pdf, text, weight));

function head(pdf: Pdf, { title, recipient, facts }: InvoiceDocument): void {
  write(pdf.fontSize(SIZE), ISSUER).moveDown();
  write(pdf.fontSize(18), title, 'bold').moveDown();
  pdf.fontSize(SIZE);
  for (const line of recipient) write(pdf, line);
  pdf.moveDown();
  for (const [label, value] of facts) write(pdf, `${label}: ${value}`);
  pdf.moveDown(2);
}

function table(pdf: Pdf, { columns, rows, totals }: InvoiceDocument): void {
  let top = row(pdf, columns, pdf.y, 'bold');
  for (const cells of rows) top = row(pdf, cells, top, 'regular');
  for (const [label, value] of totals) {
    top = row(pdf, [label, '', '', value], top, label === 'Total' ? 'bold' : 'regular');
  }
}

/** Draws a row, on the next page when there is no room, and a line under it; returns where the next one begins. */
function row(pdf: Pdf, cells: readonly string[], top: number, weight: Weight): number {
  pdf.fontSize(SIZE);
  const [service = '', ...numbers] = cells;
  const first = useFontFor(pdf, service, weight);
  const height = Math.max(LINE, pdf.heightOfString(first, { width: COLUMNS[1] - MARGIN - 12 }) + 5);
  const isFull = top + height > BOTTOM;
  if (isFull) pdf.addPage();
  const y = isFull ? MARGIN : top;
  pdf.text(first, MARGIN, y, { width: COLUMNS[1] - MARGIN - 12 });
  numbers.forEach((text, index) => {
    const left = COLUMNS[index + 1] ?? MARGIN;
    const right = COLUMNS[index + 2] ?? RIGHT;
    pdf.text(useFontFor(pdf, text, weight), left, y, {
      width: right - left,
      align: 'right',
      lineBreak: false,
    });
  });
  pdf
    .moveTo(MARGIN, y + height - 4)
    .lineTo(RIGHT, y + height - 4)
    .lineWidth(0.5)
    .strokeColor('#d0d7de')
    .stroke();
  return y + height;
}
