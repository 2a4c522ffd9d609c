import { Table, type TableColumnOptions, type TableOptions } from 'typeorm';
import type { AppendOnlyTable } from './append-only.js';
import { bigint, index, int, json, reference, serialId, unique, utc, varchar } from './columns.js';

/** A table with what must not happen to its rows. */
export interface GuardedTable {
  readonly table: Table;
  readonly guard: AppendOnlyTable;
}

export const guarded = ({
  guard,
  ...table
}: TableOptions & { readonly guard: Omit<AppendOnlyTable, 'name'> }): GuardedTable => ({
  table: new Table(table),
  guard: { name: table.name, ...guard },
});

export const currency = (): TableColumnOptions => varchar('currency', 3);

export const quotes = (): GuardedTable =>
  guarded({
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
      unique('uq_quotes_revision', ['prediction_id', 'revision']),
      index('ix_quotes_client', ['client_id']),
    ],
    guard: { serial: 'id', keys: [['prediction_id', 'revision']] },
  });

export const transactions = (): GuardedTable =>
  guarded({
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
      unique('uq_transactions_job', ['prediction_id', 'transaction_type', 'revision']),
      unique('uq_transactions_settlement', ['prediction_id'], `"transaction_type" IN ('capture', 'void')`),
      index('ix_transactions_user', ['user_id', 'id']),
    ],
    guard: {
      serial: 'id',
      keys: [['prediction_id', 'transaction_type', 'revision']],
      partialKeys: [
        `prediction_id = NEW.prediction_id AND transaction_type IN ('capture', 'void')
       AND NEW.transaction_type IN ('capture', 'void')`,
      ],
    },
  });

export const transactionEntries = (): GuardedTable =>
  guarded({
    name: 'transaction_entries',
    columns: [
      int('transaction_id', { isPrimary: true }),
      int('owner_id', { isPrimary: true }),
      varchar('kind', 12, { isPrimary: true }),
      currency(),
      bigint('amount_micros'),
    ],
    indices: [
      // Covers the sum of an account.
      index('ix_entries_account', ['owner_id', 'currency', 'kind', 'transaction_id', 'amount_micros']),
    ],
    foreignKeys: [reference('fk_entries_transaction', 'transaction_id', 'transactions')],
    guard: { keys: [['transaction_id', 'owner_id', 'kind']] },
  });

export const balanceSnapshots = (): GuardedTable =>
  guarded({
    name: 'balance_snapshots',
    columns: [
      int('owner_id', { isPrimary: true }),
      varchar('currency', 3, { isPrimary: true }),
      varchar('kind', 12, { isPrimary: true }),
      int('through_id', { isPrimary: true }),
      bigint('balance_micros'),
    ],
    guard: { keys: [['owner_id', 'currency', 'kind', 'through_id']] },
  });

export const credits = (): GuardedTable =>
  guarded({
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
      unique('uq_credits_transaction', ['source_transaction_id']),
      index('ix_credits_user', ['user_id', 'id']),
      index(
        'ix_credits_expiring',
        ['user_id', 'currency', 'expires_at'],
        '"expires_at" IS NOT NULL AND "closed_at" IS NULL',
      ),
    ],
    guard: {
      serial: 'id',
      keys: [['source_transaction_id']],
      settable: [{ column: 'closed_at', allowed: 'OLD.closed_at IS NULL' }],
    },
  });

export const creditUses = (): GuardedTable =>
  guarded({
    name: 'credit_uses',
    columns: [
      int('credit_id', { isPrimary: true }),
      int('transaction_id', { isPrimary: true }),
      bigint('amount_micros'),
      bigint('used_after_micros'),
    ],
    indices: [index('ix_credit_uses_transaction', ['transaction_id'])],
    foreignKeys: [reference('fk_credit_uses_credit', 'credit_id', 'credits')],
    guard: { keys: [['credit_id', 'transaction_id']] },
  });
