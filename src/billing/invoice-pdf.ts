import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { WorkerThreads } from '#libs/kernel';
import { ISSUER, type InvoiceDocument } from './invoice-document.js';

const MARGIN = 56;
/** Left edges of the columns, in points; A4 is 595 wide. */
const COLUMNS = [MARGIN, 300, 360, 455] as const;
const RIGHT = 595 - MARGIN;
const BOTTOM = 842 - MARGIN;
const LINE = 16;
const SIZE = 9.5;

type Pdf = PDFKit.PDFDocument;

/** An invoice to be drawn. */
export interface InvoiceDrawing {
  readonly invoice: InvoiceDocument;
  readonly issuedAt: Date;
}

/** The first invoice takes 0.3 s, its fonts and compression are 1.5 MB of code; so the thread stays a while for the next. */
const threads = new WorkerThreads<InvoiceDrawing, Uint8Array>(
  new URL('./invoice-pdf-worker.js', import.meta.url),
  {
    maxThreads: 1,
    idleMs: 30_000,
  },
);

/**
 * The invoice as A4 pages. The same invoice makes the same bytes. Drawn in a thread of its own, because one of 200 lines, or with
 * letters beyond Western Europe's, takes 40 to 70 ms; without a build by the calling thread.
 */
export async function invoicePdf(invoice: InvoiceDocument, issuedAt: Date): Promise<Buffer> {
  const drawing = { invoice, issuedAt };
  return Buffer.from(await (threads.isBuilt ? threads.run(drawing) : drawInvoice(drawing)));
}

export async function drawInvoice({ invoice, issuedAt }: InvoiceDrawing): Promise<Uint8Array> {
  const { default: PdfKit } = await import('pdfkit');
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
  return new Uint8Array(Buffer.concat(chunks));
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

type Weight = 'regular' | 'bold';

/** Fonts that every PDF reader has: they cost nothing, and know Western European letters. */
const BUILT_IN: Readonly<Record<Weight, string>> = { regular: 'Helvetica', bold: 'Helvetica-Bold' };
const BEYOND_BUILT_IN = /[^\x20-\x7e\u00a0-\u00ff€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]/u;

const require = createRequire(import.meta.url);
/** Fonts that travel inside of the file: Greek, Cyrillic, Armenian, Georgian, Hebrew, Arabic and more. */
const EMBEDDED: Readonly<Record<Weight, string>> = {
  regular: require.resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf'),
  bold: require.resolve('dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf'),
};
const files = new Map<Weight, Buffer>();

function fontFile(weight: Weight): Buffer {
  const file = files.get(weight) ?? readFileSync(EMBEDDED[weight]);
  files.set(weight, file);
  return file;
}

/**
 * Chooses the font for a text and returns the text as it is to be drawn: a letter that no font here has (Chinese,
 * Japanese and Korean ones) becomes a question mark, and words that are read from the right stand in that order.
 */
function useFontFor(pdf: Pdf, text: string, weight: Weight): string {
  const composed = text.normalize('NFC');
  if (!BEYOND_BUILT_IN.test(composed)) {
    pdf.font(BUILT_IN[weight]);
    return composed;
  }
  pdf.registerFont(EMBEDDED[weight], fontFile(weight)).font(EMBEDDED[weight]);
  const { font } = (pdf as unknown as { _font: { font: { hasGlyphForCodePoint(point: number): boolean } } })
    ._font;
  const known = [...composed].map((letter) =>
    font.hasGlyphForCodePoint(letter.codePointAt(0) ?? 0) ? letter : '?',
  );
  return inVisualOrder(known.join(''));
}

const FROM_THE_RIGHT = /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Nko}]/u;

/** Spaces that do not end what the font's layout puts in order by itself, letters and words. */
const JOINT = '\u00a0';

/**
 * A line from left to right: one that begins with a word read from the right is read from the right as a whole. The
 * layout turns around each stretch between spaces, the space at its end too; hence the joint at its beginning.
 */
function inVisualOrder(line: string): string {
  if (!FROM_THE_RIGHT.test(line)) return line;
  const runs: { readonly fromTheRight: boolean; readonly words: string[] }[] = [];
  for (const word of line.split(' ')) {
    const fromTheRight = FROM_THE_RIGHT.test(word);
    const last = runs.at(-1);
    if (last?.fromTheRight === fromTheRight) last.words.push(word);
    else runs.push({ fromTheRight, words: [word] });
  }
  const ordered = runs[0]?.fromTheRight === true ? runs.toReversed() : runs;
  return ordered
    .map(({ fromTheRight, words }) => (fromTheRight ? JOINT + words.join(JOINT) : words.join(' ')))
    .join(' ');
}
