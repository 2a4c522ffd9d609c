import { type MigrationInterface, type QueryRunner, Table } from 'typeorm';
import { dropAppendOnlyGuard, makeAppendOnly } from './append-only.js';
import { bigint, index, json, longText, unique, utc, varchar, wideSerialId } from './columns.js';

/** Signed receipts of forecasts, chained onto each other, and the keys that they are signed with. */
export class Receipts1796000000220 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    const receipts = receiptsTable(queryRunner);
    await queryRunner.createTable(receipts);
    const linked = ['body', 'number', 'hash', 'header', 'signature'];
    await makeAppendOnly(
      queryRunner,
      {
        name: 'forecast_receipts',
        serial: 'id',
        keys: [['source', 'subject_id'], ['number']],
        settable: linked.map((column) => ({ column, allowed: 'OLD.number IS NULL AND NEW.number > 0' })),
      },
      receipts.columns.map(({ name }) => name),
    );
    const keys = keysTable();
    await queryRunner.createTable(keys);
    await makeAppendOnly(
      queryRunner,
      {
        name: 'receipt_keys',
        keys: [['kid']],
        settable: [
          {
            column: 'private_key',
            allowed:
              'OLD.private_key IS NOT NULL AND (NEW.private_key IS NOT NULL OR NEW.retired_at IS NOT NULL)',
          },
          { column: 'retired_at', allowed: 'OLD.retired_at IS NULL' },
        ],
      },
      keys.columns.map(({ name }) => name),
    );
    await queryRunner.query(
      `INSERT INTO seal_heads (chain, links, row_count, hash) VALUES ('receipts', 0, 0, '${'0'.repeat(64)}')`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const name of ['receipt_keys', 'forecast_receipts']) {
      await queryRunner.dropTable(name);
      await dropAppendOnlyGuard(queryRunner, name);
    }
    const isPostgres = queryRunner.dataSource.options.type === 'postgres';
    const guard = isPostgres
      ? [
          'ALTER TABLE seal_heads DISABLE TRIGGER seal_heads_no_delete',
          'ALTER TABLE seal_heads ENABLE ALWAYS TRIGGER seal_heads_no_delete',
        ]
      : await sqliteGuard(queryRunner);
    await queryRunner.query(guard[0] ?? '');
    await queryRunner.query(`DELETE FROM seal_heads WHERE chain = 'receipts'`);
    await queryRunner.query(guard[1] ?? '');
  }
}

/** SQLite cannot switch a trigger off: it is dropped and made again. */
async function sqliteGuard(queryRunner: QueryRunner): Promise<readonly string[]> {
  const [row] = (await queryRunner.query(
    `SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = 'seal_heads_no_delete'`,
  )) as readonly { sql: string }[];
  return ['DROP TRIGGER seal_heads_no_delete', row?.sql ?? ''];
}

const nullable = { isNullable: true } as const;

const receiptsTable = (queryRunner: QueryRunner): Table =>
  new Table({
    name: 'forecast_receipts',
    columns: [
      wideSerialId(queryRunner),
      varchar('source', 16),
      varchar('subject_id', 36),
      longText('body'),
      bigint('number', nullable),
      varchar('hash', 64, nullable),
      varchar('header', 255, nullable),
      varchar('signature', 128, nullable),
    ],
    indices: [
      unique('uq_forecast_receipts_subject', ['source', 'subject_id']),
      unique('uq_forecast_receipts_number', ['number']),
      index('ix_forecast_receipts_open', ['id'], '"number" IS NULL'),
    ],
  });

const keysTable = (): Table =>
  new Table({
    name: 'receipt_keys',
    columns: [
      varchar('kid', 64, { isPrimary: true }),
      json('public_key'),
      longText('private_key', nullable),
      utc('created_at'),
      utc('retired_at', nullable),
    ],
  });
