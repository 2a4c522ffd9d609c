import PdfKit from 'pdfkit';
import { ISSUER, type InvoiceDocument } from './invoice-document.js';

const MARGIN = 56;
/** Left edges of the columns, in points; A4 is 595 wide. */
const COLUMNS = [MARGIN, 300, 360, 455] as const;
const RIGHT = 595 - MARGIN;
const BOTTOM = 842 - MARGIN;
const LINE = 16;
const SIZE = 9.5;

/** The fonts that every PDF reader has know Western European letters; others become a question mark. */
const UNKNOWN = /[^\x20-\x7e\u00a0-\u00ff€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]/gu;
const known = (text: string): string => text.normalize('NFC').replaceAll(UNKNOWN, '?');

type Pdf = PDFKit.PDFDocument;

/** The invoice as A4 pages. The same invoice makes the same bytes. */
export async function invoicePdf(invoice: InvoiceDocument, issuedAt: Date): Promise<Buffer> {
  const pdf = new PdfKit({
    size: 'A4',
    margin: MARGIN,
    info: { Title: known(invoice.title), Author: ISSUER, CreationDate: issuedAt, ModDate: issuedAt },
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

function head(pdf: Pdf, { title, recipient, facts }: InvoiceDocument): void {
  pdf.font('Helvetica').fontSize(SIZE).text(ISSUER);
  pdf.moveDown().font('Helvetica-Bold').fontSize(18).text(known(title)).moveDown();
  pdf.font('Helvetica').fontSize(SIZE);
  for (const line of recipient) pdf.text(known(line));
  pdf.moveDown();
  for (const [label, value] of facts) pdf.text(`${label}: ${known(value)}`);
  pdf.moveDown(2);
}

function table(pdf: Pdf, { columns, rows, totals }: InvoiceDocument): void {
  let top = row(pdf, columns, pdf.y, 'Helvetica-Bold');
  for (const cells of rows) top = row(pdf, cells, top, 'Helvetica');
  for (const [label, value] of totals) {
    top = row(pdf, [label, '', '', value], top, label === 'Total' ? 'Helvetica-Bold' : 'Helvetica');
  }
}

/** Draws a row, on the next page when there is no room, and a line under it; returns where the next one begins. */
function row(pdf: Pdf, cells: readonly string[], top: number, font: string): number {
  pdf.font(font).fontSize(SIZE);
  const [service = '', ...numbers] = cells;
  const height = Math.max(LINE, pdf.heightOfString(known(service), { width: COLUMNS[1] - MARGIN - 12 }) + 5);
  const isFull = top + height > BOTTOM;
  if (isFull) pdf.addPage();
  const y = isFull ? MARGIN : top;
  pdf.text(known(service), MARGIN, y, { width: COLUMNS[1] - MARGIN - 12 });
  numbers.forEach((text, index) => {
    const left = COLUMNS[index + 1] ?? MARGIN;
    const right = COLUMNS[index + 2] ?? RIGHT;
    pdf.text(known(text), left, y, { width: right - left, align: 'right', lineBreak: false });
  });
  pdf
    .moveTo(MARGIN, y + height - 4)
    .lineTo(RIGHT, y + height - 4)
    .lineWidth(0.5)
    .strokeColor('#d0d7de')
    .stroke();
  return y + height;
}
