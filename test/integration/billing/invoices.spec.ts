import { beforeAll, expect, it } from '@jest/globals';
import { invoiceDocument, invoiceHtml } from '../../../src/billing/invoice-document.js';
import { invoicePdf } from '../../../src/billing/invoice-pdf.js';
import { InvoiceRepository } from '../../../src/billing/invoice.repository.js';
import { IssueInvoices, monthBefore, monthOf } from '../../../src/billing/issue-invoices.service.js';
import { BillingBench, USD } from './billing-bench.js';
import { textOf } from './pdf-reader.js';
import { describeOnDatabases } from '../../harness/databases.js';

const DAY = 86_400_000;
const HOUR = 3_600_000;
/** The fake clock begins on 5 January 2026. */
const UNTIL_FEBRUARY = 27 * DAY;

describeOnDatabases('invoices', (database) => {
  let bench: BillingBench;
  let invoices: InvoiceRepository;
  let issuing: IssueInvoices;
  const january = monthOf('2026-01');

  beforeAll(async () => {
    bench = new BillingBench(database());
    const { database: opened, transactions } = database();
    invoices = new InvoiceRepository(opened);
    const parties = {
      ...bench.parties,
      payer: async (id: number) => ({
        username: id === 2 ? '<b>Ωmega</b> & Söhne' : `client ${id}`,
        email: 'x@example.com',
        billingAddress: { street: '1 Market Street', city: 'London' },
      }),
    };
    issuing = new IssueInvoices(invoices, transactions, parties, bench.clock);
    for (const client of [1, 2, 2, 2]) await bench.complete(await bench.submit(client));
    await bench.complete(await bench.submit(2, { predictionType: 'long_term' }));
    await bench.cancel(await bench.submit(3));
  });

  it('are issued an hour after the month is over, when nothing of it can still be settled', async () => {
    bench.clock.jump(UNTIL_FEBRUARY + HOUR - 1);
    await expect(issuing.issue(january)).rejects.toMatchObject({ kind: 'conflict', code: 'month_open' });
    await bench.complete(await bench.submit(1));
    bench.clock.jump(1);
    const issued = await Promise.all([
      issuing.issue(january),
      issuing.issue(january),
      issuing.issue(january),
    ]);
    expect(issued.reduce((sum, count) => sum + count, 0)).toBe(2);
    const all = await invoices.list({}, { limit: 10, offset: 0 });
    expect(all.map(({ userId, invoiceNumber, totalMicros }) => [userId, invoiceNumber, totalMicros])).toEqual(
      [
        [2, 'INV-202601-000002', 27 * USD],
        [1, 'INV-202601-000001', 5 * USD],
      ],
    );
    await expect(bench.verify()).resolves.toEqual([]);
  });

  it('begin their numbers anew with each month', async () => {
    bench.clock.jump(28 * DAY);
    await expect(issuing.issue(monthBefore(new Date(bench.clock.now()), 1))).resolves.toBe(1);
    const [last] = await invoices.list({}, { limit: 1, offset: 0 });
    expect(last).toMatchObject({ userId: 1, invoiceNumber: 'INV-202602-000001' });
    expect(last?.paymentDueDate.getTime()).toBe(bench.clock.now() + 30 * DAY);
  });

  it('bill what a score earned in the month in which it came, and what returned never', async () => {
    const price = { providerId: 41, modelName: 'scored', priceMicros: 4 * USD, currency: 'USD' };
    await bench.prices.switchTo({ ...price, scoreShare: 1_000_000 });
    const orders = [
      await bench.submit(7, { modelName: 'scored' }),
      await bench.submit(7, { modelName: 'scored' }),
    ];
    for (const order of orders) await bench.complete(order);
    const march = monthOf('2026-03');
    bench.clock.jump(31 * DAY);
    await issuing.issue(march);
    for (const order of orders) await bench.score(order, 0.25);
    bench.clock.jump(30 * DAY);
    await issuing.issue(monthOf('2026-04'));
    const [april, first] = await invoices.list({ userId: 7 }, { limit: 5, offset: 0 });
    expect([first?.totalMicros, april?.totalMicros]).toEqual([6 * USD, 0.5 * USD]);
    expect(await invoices.linesOf(april?.id ?? 0)).toMatchObject([
      {
        description: 'Paid by score: EURUSD short_term, model scored',
        quantity: 2,
        unitMicros: 0.25 * USD,
        amountMicros: 0.5 * USD,
      },
    ]);
    await expect(bench.verify()).resolves.toEqual([]);
  });

  it('say the same as a page and as a PDF, and escape what people wrote', async () => {
    const [invoice] = await invoices.list({ userId: 2 }, { limit: 1, offset: 0 });
    if (invoice === undefined) throw new Error('the invoice was issued');
    const document = invoiceDocument({ ...invoice, lines: await invoices.linesOf(invoice.id) });
    const html = invoiceHtml(document);
    expect(html).toContain('&lt;b&gt;Ωmega&lt;/b&gt; &amp; Söhne<br>1 Market Street<br>London');
    expect(html).not.toContain('<b>');
    const pdf = await invoicePdf(document, invoice.createdAt);
    const text = textOf(pdf);
    for (const part of [
      'INV-202601-000002',
      'London',
      '2026-01-01 to 2026-01-31',
      '5.00 USD',
      '15.00 USD',
      '27.00 USD',
    ]) {
      expect(html).toContain(part);
      expect(text).toContain(part);
    }
    expect(text).toContain('<b>Ωmega</b> & Söhne');
    await expect(invoicePdf(document, invoice.createdAt)).resolves.toEqual(pdf);
  });

  it.each([
    ['Łódź, Žižkov', 'Łódź, Žižkov'],
    ['Ελληνική Εταιρεία', 'Ελληνική Εταιρεία'],
    ['ООО «Ромашка», Москва', 'ООО «Ромашка», Москва'],
    ['Երևան, თბილისი', 'Երևան, თბილისი'],
    // drawn from the left: the last letter of the last word comes first
    ['חברת מסחר', 'רחסמ תרבח'],
    ['Haifa: חברת מסחר 12', 'Haifa: רחסמ תרבח 12'],
    ['רחוב הרצל 12', '12 לצרה בוחר'],
    ['東京 Trading', '?? Trading'],
  ])('print the name %s', async (name, drawn) => {
    const document = {
      title: 'T',
      recipient: [name],
      facts: [],
      columns: [],
      rows: [[name, '1']],
      totals: [],
    };
    const text = textOf(await invoicePdf(document, new Date(0)));
    expect(text.split('\n').filter((line) => line.replaceAll(/\s+/g, ' ').trim() === drawn)).toHaveLength(2);
  });

  it('go on over pages', async () => {
    const rows = Array.from({ length: 120 }, (_, index) => [`line ${index}`, '1', '1.00 USD', '1.00 USD']);
    const document = {
      title: 'T',
      recipient: [],
      facts: [],
      columns: ['a', 'b', 'c', 'd'],
      rows,
      totals: [],
    };
    const pdf = await invoicePdf(document, new Date(0));
    expect(pdf.toString('latin1').match(/\/Type \/Page\b/g)?.length).toBe(3);
    expect(textOf(pdf)).toContain('line 119');
  });
});
