import { drawInvoice, type InvoiceDrawing } from './invoice-pdf.js';

/** The worker thread's entry: draws one invoice. */
export default function drawInThread(drawing: InvoiceDrawing): Promise<Uint8Array> {
  return drawInvoice(drawing);
}
