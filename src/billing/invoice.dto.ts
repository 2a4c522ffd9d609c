import {
  DateTimeField,
  IntegerField,
  ListField,
  MAX_INTEGER,
  MoneyField,
  NestedField,
  PathIdField,
  StringField,
  UnitPriceField,
} from '#libs/http';
import type { Currency, Micros } from './billing.port.js';
import { OwnPageQuery } from './credit.dto.js';
import { CurrencyField, ExactOf, IdField } from './money.fields.js';

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
    description: 'Return only invoices of this month (UTC).',
    example: '2026-01',
  })
  month?: string;

  @IntegerField({
    optional: true,
    min: 1,
    max: MAX_INTEGER,
    description: 'Return only invoices of this client.',
    example: 2,
  })
  userId?: number;
}

export class InvoiceId {
  @PathIdField({ description: 'Id of the invoice.', example: 1 }) invoiceId!: number;
}

export class InvoiceOut {
  @IdField id!: number;
  @IntegerField({ description: 'Id of the client.', example: 2 }) userId!: number;

  @StringField({ description: 'Number, without gaps within a month.', example: 'INV-202601-000001' })
  invoiceNumber!: string;

  @DateTimeField({ wire: 'billing_period_start', example: '2026-01-01T00:00:00.000Z' }) periodStart!: Date;

  @DateTimeField({
    wire: 'billing_period_end',
    description: 'End of the period (exclusive).',
    example: '2026-02-01T00:00:00.000Z',
  })
  periodEnd!: Date;

  @CurrencyField currency!: Currency;
  @MoneyField({ wire: 'subtotal', example: 31.25 }) subtotalMicros!: Micros;
  @MoneyField({ wire: 'tax_amount', example: 0 }) taxMicros!: Micros;
  @MoneyField({ wire: 'total_amount', example: 31.25 }) totalMicros!: Micros;

  @ExactOf('totalMicros', { wire: 'total_amount_micros', of: 'total_amount', example: 31_250_000 })
  totalAmountMicros?: Micros;

  @DateTimeField({ example: '2026-03-03T01:00:00.000Z' }) paymentDueDate!: Date;
  @DateTimeField({ example: '2026-02-01T01:00:00.000Z' }) createdAt!: Date;
}

export class InvoiceLineOut {
  @IntegerField({ example: 1 }) position!: number;
  @StringField({ example: 'EURUSD short_term, model lstm_1h' }) description!: string;
  @IntegerField({ example: 5 }) quantity!: number;

  @UnitPriceField({
    wire: 'unit_price',
    description: 'Price of one item, with up to 6 decimals.',
    example: 6.25,
  })
  unitMicros!: Micros;

  @MoneyField({ wire: 'amount', example: 31.25 }) amountMicros!: Micros;
}

export class InvoiceRecipientOut {
  @StringField({ example: 'desk1' }) name!: string;
  @ListField(StringField(), { example: ['1 Market Street', 'London'] }) address!: readonly string[];
}

/** An invoice with its lines. */
export class InvoiceDetailOut extends InvoiceOut {
  @NestedField(InvoiceRecipientOut, { description: 'Name and address of the client on the day of issue.' })
  recipient!: InvoiceRecipientOut;

  @ListField(NestedField(InvoiceLineOut)) lines!: readonly InvoiceLineOut[];
}

export class IssuedOut {
  @StringField({ example: '2026-01' }) month!: string;
  @IntegerField({ description: 'Number of invoices issued by this call.', example: 3 }) issued!: number;
}
