import { Table, type TableColumnOptions } from 'typeorm';
import type { AppendOnlyTable } from './append-only.js';
import { bigint, int, json, serialId, utc, varchar } from './columns.js';

/** A table with what must not happen to its rows. */
export interface GuardedTable {
  readonly table: Table;
  readonly guard: AppendOnlyTable;
}

export const currency = (): TableColumnOptions => varchar('currency', 3);

export const quotes = (): GuardedTable => ({
  table: new Table({
    name: 'quotes',
    columns: [
      serialId(),
      varchar('prediction_id', 36),
      int('revision'),
      int('client_id'),
      int('provider_id'),
      int('price_id', { isNullable: true }),
      varchar('model_name', 100),
      varchar('description', 255),
      currency(),
      bigint('unit_micros'),
      json('multipliers'),
      bigint('total_micros'),
      bigint('evaluator_micros'),
      bigint('provider_micros'),
      bigint('platform_micros'),
      utc('created_at'),
    ],
    indices: [
      { name: 'uq_quotes_revision', columnNames: ['prediction_id', 'revision'], isUnique: true },
      { name: 'ix_quotes_client', columnNames: ['client_id'] },
    ],
  }),
  guard: { name: 'quotes', serial: 'id', keys: [['prediction_id', 'revision']] },
});

export const transactions = (): GuardedTable => ({
  table: new Table({
    name: 'transactions',
    columns: [
      serialId(),
      varchar('transaction_type', 16),
      int('user_id'),
      varchar('prediction_id', 36, { isNullable: true }),
      int('revision', { default: 0 }),
      bigint('amount_micros'),
      currency(),
      varchar('description', 255, { isNullable: true }),
      varchar('payment_reference', 255, { isNullable: true }),
      int('created_by', { isNullable: true }),
      bigint('credit_limit_micros', { isNullable: true }),
      utc('created_at'),
    ],
    indices: [
      {
        name: 'uq_transactions_job',
        columnNames: ['prediction_id', 'transaction_type', 'revision'],
        isUnique: true,
      },
      {
        name: 'uq_transactions_settlement',
        columnNames: ['prediction_id'],
        isUnique: true,
        where: `"transaction_type" IN ('capture', 'void')`,
      },
      { name: 'ix_transactions_user', columnNames: ['user_id', 'id'] },
    ],
  }),
  guard: {
    name: 'transactions',
    serial: 'id',
    keys: [['prediction_id', 'transaction_type', 'revision']],
    partialKeys: [
      `prediction_id = NEW.prediction_id AND transaction_type IN ('capture', 'void')
       AND NEW.transaction_type IN ('capture', 'void')`,
    ],
  },
});

export const transactionEntries = (): GuardedTable => ({
  table: new Table({
    name: 'transaction_entries',
    columns: [
      int('transaction_id', { isPrimary: true }),
      int('owner_id', { isPrimary: true }),
      varchar('kind', 12, { isPrimary: true }),
      currency(),
      bigint('amount_micros'),
    ],
    indices: [
      {
        // Covers the sum of an account.
        name: 'ix_entries_account',
        columnNames: ['owner_id', 'currency', 'kind', 'transaction_id', 'amount_micros'],
      },
    ],
    foreignKeys: [
      {
        name: 'fk_entries_transaction',
        columnNames: ['transaction_id'],
        referencedTableName: 'transactions',
        referencedColumnNames: ['id'],
      },
    ],
  }),
  guard: { name: 'transaction_entries', keys: [['transaction_id', 'owner_id', 'kind']] },
});

export const balanceSnapshots = (): GuardedTable => ({
  table: new Table({
    name: 'balance_snapshots',
    columns: [
      int('owner_id', { isPrimary: true }),
      varchar('currency', 3, { isPrimary: true }),
      varchar('kind', 12, { isPrimary: true }),
      int('through_id', { isPrimary: true }),
      bigint('balance_micros'),
    ],
  }),
  guard: { name: 'balance_snapshots', keys: [['owner_id', 'currency', 'kind', 'through_id']] },
});

export const credits = (): GuardedTable => ({
  table: new Table({
    name: 'credits',
    columns: [
      serialId(),
      int('user_id'),
      varchar('credit_type', 12),
      bigint('amount_micros'),
      currency(),
      int('source_transaction_id'),
      utc('expires_at', { isNullable: true }),
      utc('closed_at', { isNullable: true }),
      utc('created_at'),
    ],
    indices: [
      { name: 'uq_credits_transaction', columnNames: ['source_transaction_id'], isUnique: true },
      { name: 'ix_credits_user', columnNames: ['user_id', 'id'] },
      {
        name: 'ix_credits_expiring',
        columnNames: ['user_id', 'currency', 'expires_at'],
        where: '"expires_at" IS NOT NULL AND "closed_at" IS NULL',
      },
    ],
  }),
  guard: {
    name: 'credits',
    serial: 'id',
    keys: [['source_transaction_id']],
    settable: [{ column: 'closed_at', allowed: 'OLD.closed_at IS NULL' }],
  },
});

export const creditUses = (): GuardedTable => ({
  table: new Table({
    name: 'credit_uses',
    columns: [
      int('credit_id', { isPrimary: true }),
      int('transaction_id', { isPrimary: true }),
      bigint('amount_micros'),
      bigint('used_after_micros'),
    ],
    indices: [{ name: 'ix_credit_uses_transaction', columnNames: ['transaction_id'] }],
    foreignKeys: [
      {
        name: 'fk_credit_uses_credit',
        columnNames: ['credit_id'],
        referencedTableName: 'credits',
        referencedColumnNames: ['id'],
      },
    ],
  }),
  guard: { name: 'credit_uses', keys: [['credit_id', 'transaction_id']] },
});
