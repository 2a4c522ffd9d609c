import { type MigrationInterface, type QueryRunner, Table } from 'typeorm';
import { dropAppendOnlyGuard, makeAppendOnly } from './append-only.js';
import { bigint, int, serialId, unique, utc, varchar } from './columns.js';
import { type FiguredRows, forgetFigures, keepFigures } from './kept-figures.js';

/** Files with ended orders, and what stays of the orders in them: the money is compared with these rows, too. */
export class OrderArchives1796000000110 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createTable(archives());
    await queryRunner.createTable(orders());
    await makeAppendOnly(
      queryRunner,
      {
        name: 'order_archives',
        serial: 'id',
        keys: [['file']],
        settable: [
          {
            column: 'dropped_orders',
            allowed: 'NEW.dropped_orders > OLD.dropped_orders AND NEW.dropped_orders <= OLD.orders',
          },
        ],
      },
      archives().columns.map(({ name }) => name),
    );
    await makeAppendOnly(queryRunner, { name: 'archived_orders', keys: [['id']] });
    await keepFigures(queryRunner, FIGURED);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await forgetFigures(queryRunner, FIGURED);
    for (const name of ['archived_orders', 'order_archives']) {
      await queryRunner.dropTable(name);
      await dropAppendOnlyGuard(queryRunner, name);
    }
  }
}

/** A client has the same number of orders after some of them were archived. */
const FIGURED: FiguredRows = {
  table: 'archived_orders',
  standing: [
    {
      source: 'orders',
      owner: (row) => `${row}.user_id`,
      name: (row) => `'archived:' || ${row}.status`,
      columns: ['status'],
    },
  ],
  happened: [],
};

const archives = (): Table =>
  new Table({
    name: 'order_archives',
    columns: [
      serialId(),
      bigint('orders'),
      utc('ended_until'),
      varchar('file', 255),
      varchar('file_hash', 64),
      bigint('file_bytes'),
      utc('archived_at'),
      bigint('dropped_orders', { default: 0 }),
    ],
    indices: [unique('uq_order_archives_file', ['file'])],
  });

const orders = (): Table =>
  new Table({
    name: 'archived_orders',
    columns: [
      varchar('id', 36, { isPrimary: true }),
      int('user_id'),
      int('evaluator_id', { isNullable: true }),
      varchar('status', 16),
      utc('ended_at'),
      int('archive_id'),
    ],
  });
