import { type MigrationInterface, type QueryRunner, Table } from 'typeorm';
import { bigint, index, int, json, longText, utc, varchar } from './columns.js';

/** Back-tests and their forecasts. */
export class Backtests1796000000160 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createTable(backtests());
    await queryRunner.createTable(parts());
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.dropTable('backtest_parts');
    await queryRunner.dropTable('backtests');
  }
}

const key = { isPrimary: true } as const;
const nullable = { isNullable: true } as const;

const backtests = (): Table =>
  new Table({
    name: 'backtests',
    columns: [
      varchar('id', 36, key),
      int('user_id'),
      varchar('status', 16),
      varchar('model', 100),
      json('question'),
      int('done'),
      int('total'),
      json('result', nullable),
      json('failure', nullable),
      utc('created_at'),
      utc('finished_at', nullable),
    ],
    indices: [
      index('ix_backtests_user', ['user_id', 'created_at']),
      index('ix_backtests_finished', ['finished_at']),
    ],
  });

const parts = (): Table =>
  new Table({
    name: 'backtest_parts',
    columns: [varchar('backtest_id', 36, key), int('part', key), bigint('lines'), longText('content')],
  });
