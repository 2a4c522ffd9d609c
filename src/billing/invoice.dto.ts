import { DateTimeField, IntegerField, ListField, NestedField, NumberField, StringField } from '#libs/http';
import { OwnPageQuery } from './credit.dto.js';

/** PostgreSQL's integer. */
const MAX_ID = 2_147_483_647;
const MONTH = /^20\d{2}-(?:0[1-9]|1[0-2])$/;

export class InvoiceMonth {
  @StringField({ pattern: MONTH, description: 'Month (UTC) to invoice; must be over.', example: '2026-01' })
  month!: string;
}

/** Filters of the administrators' list. */
export class InvoicesQuery extends OwnPageQuery {
  @StringField({
    optional: true,
    pattern: MONTH,
    description: 'Return only this month (UTC).',
    example: '2026-01',
  })
  month?: string;

  @IntegerField({ optional: true, min: 1, max: MAX_ID, description: 'Return only this client.', example: 2 })
  user_id?: number;
}

export class InvoiceId {
  @IntegerField({ min: 1, description: 'Id of the invoice.', example: 1 })
  invoice_id!: number;
}

export class InvoiceOut {
  @IntegerField({ example: 1 })
  id!: number;

  @IntegerField({ description: 'Id of the client.', example: 2 })
  user_id!: number;

  @StringField({ description: 'Numbered per month without gaps.', example: 'INV-202601-000001' })
  invoice_number!: string;

  @DateTimeField({ example: '2026-01-01T00:00:00.000Z' })
  billing_period_start!: Date;

  @DateTimeField({ description: 'End of the period (exclusive).', example: '2026-02-01T00:00:00.000Z' })
  billing_period_end!: Date;

  @StringField({ example: 'USD' })
  currency!: string;

  @NumberField({ example: 31.25 })
  subtotal!: number;

  @NumberField({ example: 0 })
  tax_amount!: number;

  @NumberField({ example: 31.25 })
  total_amount!: number;

  @IntegerField({ description: 'Exact value of `total_amount` in micro-units (1e-6).', example: 31_250_000 })
  total_amount_micros!: number;

  @DateTimeField({ example: '2026-03-03T01:00:00.000Z' })
  payment_due_date!: Date;

  @DateTimeField({ example: '2026-02-01T01:00:00.000Z' })
  created_at!: Date;
}

export class InvoiceLineOut {
  @IntegerField({ example: 1 })
  position!: number;

  @StringField({ example: 'EURUSD short_term, model lstm_1h' })
  description!: string;

  @IntegerField({ example: 5 })
  quantity!: number;

  @NumberField({ description: 'Price of one item, with up to 6 decimals.', example: 6.25 })
  unit_price!: number;

  @NumberField({ example: 31.25 })
  amount!: number;
}

export class InvoiceRecipientOut {
  @StringField({ example: 'desk1' })
  name!: string;

  @ListField(StringField(), { example: ['1 Market Street', 'London'] })
  address!: string[];
}

/** An invoice with its lines. */
export class InvoiceDetailOut extends InvoiceOut {
  @NestedField(InvoiceRecipientOut, { description: 'Name and address of the client on the day of issue.' })
  recipient!: InvoiceRecipientOut;

  @ListField(NestedField(InvoiceLineOut))
  lines!: InvoiceLineOut[];
}

export class IssuedOut {
  @StringField({ example: '2026-01' })
  month!: string;

  @IntegerField({ description: 'Number of invoices issued by this call.', example: 3 })
  issued!: number;
}
