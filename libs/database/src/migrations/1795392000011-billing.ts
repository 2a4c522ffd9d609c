import type { MigrationInterface, QueryRunner } from 'typeorm';
import { dropAppendOnlyGuard, makeAppendOnly } from './append-only.js';
import { bigint, boolean, index, int, json, reference, serialId, unique, utc, varchar } from './columns.js';
import {
  balanceSnapshots,
  credits,
  creditUses,
  currency,
  guarded,
  type GuardedTable,
  quotes,
  transactionEntries,
  transactions,
} from './ledger-tables.js';

/** Prices, the ledger, credits, settled orders and invoices; all of them append-only. Amounts are micro-units. */
export class Billing1795392000011 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const { table, guard } of tablesOf(queryRunner)) {
      await queryRunner.createTable(table);
      await makeAppendOnly(
        queryRunner,
        guard,
        table.columns.map(({ name }) => name),
      );
    }
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const { table } of tablesOf(queryRunner).toReversed()) {
      await queryRunner.dropTable(table);
      await dropAppendOnlyGuard(queryRunner, table.name);
    }
  }
}

const tablesOf = (queryRunner: QueryRunner): GuardedTable[] => [
  providerPricing(queryRunner),
  quotes(),
  transactions(),
  transactionEntries(),
  balanceSnapshots(),
  credits(),
  creditUses(),
  billingRecords(),
  invoices(),
  invoiceLines(),
];

const providerPricing = (queryRunner: QueryRunner): GuardedTable =>
  guarded({
    name: 'provider_pricing',
    columns: [
      serialId(),
      int('provider_id'),
      varchar('model_name', 100),
      bigint('price_micros'),
      currency(),
      boolean(queryRunner, 'is_active', { default: true }),
      utc('created_at'),
      utc('updated_at'),
    ],
    indices: [
      unique('uq_provider_pricing_active', ['provider_id', 'model_name'], '"is_active"'),
      index('ix_provider_pricing_model', ['model_name', 'is_active']),
    ],
    guard: {
      serial: 'id',
      partialKeys: [
        'is_active AND NEW.is_active AND provider_id = NEW.provider_id AND model_name = NEW.model_name',
      ],
      settable: [
        { column: 'is_active', allowed: 'OLD.is_active AND NOT NEW.is_active' },
        { column: 'updated_at', allowed: 'OLD.is_active AND NOT NEW.is_active' },
      ],
    },
  });

const billingRecords = (): GuardedTable =>
  guarded({
    name: 'billing_records',
    columns: [
      serialId(),
      int('client_id'),
      int('provider_id'),
      int('evaluator_id'),
      varchar('prediction_id', 36),
      varchar('model_name', 100),
      bigint('cost_micros'),
      bigint('evaluator_micros'),
      bigint('bonus_micros'),
      bigint('provider_micros'),
      bigint('platform_micros'),
      currency(),
      varchar('description', 255, { isNullable: true }),
      int('transaction_id'),
      utc('timestamp'),
    ],
    indices: [
      unique('uq_billing_records_prediction', ['prediction_id']),
      index('ix_billing_records_client', ['client_id', 'timestamp']),
      index('ix_billing_records_provider', ['provider_id', 'timestamp']),
      index('ix_billing_records_evaluator', ['evaluator_id', 'timestamp']),
      index('ix_billing_records_timestamp', ['timestamp']),
    ],
    guard: { serial: 'id', keys: [['prediction_id']] },
  });

const invoices = (): GuardedTable =>
  guarded({
    name: 'invoices',
    columns: [
      serialId(),
      int('user_id'),
      varchar('invoice_number', 50),
      utc('billing_period_start'),
      utc('billing_period_end'),
      currency(),
      bigint('subtotal_micros'),
      bigint('tax_micros'),
      bigint('total_micros'),
      json('recipient'),
      utc('payment_due_date'),
      utc('created_at'),
    ],
    indices: [
      unique('uq_invoices_number', ['invoice_number']),
      unique('uq_invoices_period', ['user_id', 'billing_period_start', 'currency']),
      index('ix_invoices_period', ['billing_period_start']),
    ],
    guard: { serial: 'id', keys: [['invoice_number'], ['user_id', 'billing_period_start', 'currency']] },
  });

const invoiceLines = (): GuardedTable =>
  guarded({
    name: 'invoice_lines',
    columns: [
      int('invoice_id', { isPrimary: true }),
      int('position', { isPrimary: true }),
      varchar('description', 255),
      int('quantity'),
      bigint('unit_micros'),
      bigint('amount_micros'),
    ],
    foreignKeys: [reference('fk_invoice_lines_invoice', 'invoice_id', 'invoices')],
    guard: { keys: [['invoice_id', 'position']] },
  });
