import { Injectable } from '@nestjs/common';
import { isAdministrator, Page } from '#libs/http';
import { AppError, type Actor } from '#libs/kernel';
import { invoiceDocument } from './invoice-document.js';
import type { InvoiceDetailOut, InvoiceMonth, InvoiceOut, InvoicesQuery, IssuedOut } from './invoice.dto.js';
import { invoiceHtml } from './invoice-html.js';
import { invoicePdf } from './invoice-pdf.js';
import { type InvoiceFilter, InvoiceRepository } from './invoice.repository.js';
import { presentDetail, presentInvoice, type PrintableInvoice } from './invoice.view.js';
import { IssueInvoices, monthOf } from './issue-invoices.service.js';
import type { OwnPageQuery } from './credit.dto.js';

/** An invoice to be downloaded. */
export interface InvoiceFile {
  readonly name: string;
  readonly contentType: string;
  readonly body: Buffer;
}

/** Invoices, for the clients that they are for and for administrators. */
@Injectable()
export class ReadInvoices {
  constructor(
    private readonly invoices: InvoiceRepository,
    private readonly issuing: IssueInvoices,
  ) {}

  /** @throws AppError `conflict` for a month that is not over */
  async issue({ month }: InvoiceMonth): Promise<IssuedOut> {
    return { month, issued: await this.issuing.issue(monthOf(month)) };
  }

  own({ userId }: Actor, query: OwnPageQuery): Promise<Page<InvoiceOut>> {
    return this.#page({ userId }, query);
  }

  all({ month, user_id, limit, offset }: InvoicesQuery): Promise<Page<InvoiceOut>> {
    const filter = {
      ...(month !== undefined && { periodStart: monthOf(month).start }),
      ...(user_id !== undefined && { userId: user_id }),
    };
    return this.#page(filter, { limit, offset });
  }

  /** @throws AppError `not_found`, also for an invoice of somebody else */
  async one(id: number, caller: Actor): Promise<InvoiceDetailOut> {
    return presentDetail(await this.#printable(id, caller));
  }

  /** @throws AppError as {@link one} */
  async html(id: number, caller: Actor): Promise<InvoiceFile> {
    const printable = await this.#printable(id, caller);
    return {
      name: `${printable.invoice.invoiceNumber}.html`,
      contentType: 'text/html; charset=utf-8',
      body: Buffer.from(invoiceHtml(invoiceDocument(printable))),
    };
  }

  /** @throws AppError as {@link one} */
  async pdf(id: number, caller: Actor): Promise<InvoiceFile> {
    const printable = await this.#printable(id, caller);
    return {
      name: `${printable.invoice.invoiceNumber}.pdf`,
      contentType: 'application/pdf',
      body: await invoicePdf(invoiceDocument(printable), printable.invoice.createdAt),
    };
  }

  async #printable(id: number, caller: Actor): Promise<PrintableInvoice> {
    const invoice = await this.invoices.findById(id);
    if (invoice === null || (invoice.userId !== caller.userId && !isAdministrator(caller)))
      throw new AppError('not_found', 'Invoice not found', { code: 'invoice_not_found' });
    return { invoice, lines: await this.invoices.linesOf(id) };
  }

  async #page(filter: InvoiceFilter, query: OwnPageQuery): Promise<Page<InvoiceOut>> {
    const [rows, total] = await Promise.all([this.invoices.list(filter, query), this.invoices.count(filter)]);
    return new Page(rows.map(presentInvoice), query, query.offset + rows.length < total, total);
  }
}
