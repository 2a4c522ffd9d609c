import { Injectable } from '@nestjs/common';
import { isAdministrator, Page } from '#libs/http';
import { AppError, type Actor } from '#libs/kernel';
import type { OwnPageQuery } from './credit.dto.js';
import { invoiceDocument, invoiceHtml } from './invoice-document.js';
import type { InvoiceDetailOut, InvoiceOut, InvoicesQuery } from './invoice.dto.js';
import { invoicePdf } from './invoice-pdf.js';
import { type InvoiceFilter, InvoiceRepository } from './invoice.repository.js';
import { monthOf } from './issue-invoices.service.js';

/** An invoice to be downloaded. */
export interface InvoiceFile {
  readonly name: string;
  readonly contentType: string;
  readonly body: Buffer;
}

/** Invoices, for the clients that they are for and for administrators. */
@Injectable()
export class ReadInvoices {
  constructor(private readonly invoices: InvoiceRepository) {}

  own({ userId }: Actor, query: OwnPageQuery): Promise<Page<InvoiceOut>> {
    return this.#page({ userId }, query);
  }

  all(query: InvoicesQuery): Promise<Page<InvoiceOut>> {
    const { month, userId } = query;
    const filter = {
      ...(month !== undefined && { periodStart: monthOf(month).start }),
      ...(userId !== undefined && { userId }),
    };
    return this.#page(filter, query);
  }

  /** @throws AppError `not_found`, also for an invoice of somebody else */
  async one(id: number, caller: Actor): Promise<InvoiceDetailOut> {
    const invoice = await this.invoices.findById(id);
    if (invoice === null || (invoice.userId !== caller.userId && !isAdministrator(caller)))
      throw new AppError('not_found', 'Invoice not found', { code: 'invoice_not_found' });
    return { ...invoice, lines: await this.invoices.linesOf(id) };
  }

  /** @throws AppError as {@link one} */
  async html(id: number, caller: Actor): Promise<InvoiceFile> {
    const invoice = await this.one(id, caller);
    return {
      name: `${invoice.invoiceNumber}.html`,
      contentType: 'text/html; charset=utf-8',
      body: Buffer.from(invoiceHtml(invoiceDocument(invoice))),
    };
  }

  /** @throws AppError as {@link one} */
  async pdf(id: number, caller: Actor): Promise<InvoiceFile> {
    const invoice = await this.one(id, caller);
    return {
      name: `${invoice.invoiceNumber}.pdf`,
      contentType: 'application/pdf',
      body: await invoicePdf(invoiceDocument(invoice), invoice.createdAt),
    };
  }

  #page(filter: InvoiceFilter, query: OwnPageQuery): Promise<Page<InvoiceOut>> {
    return Page.counted(query, this.invoices.list(filter, query), this.invoices.count(filter));
  }
}
