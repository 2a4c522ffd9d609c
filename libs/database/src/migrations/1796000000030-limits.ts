import { type MigrationInterface, type QueryRunner, Table } from 'typeorm';
import { int, reference, utc, varchar } from './columns.js';

/** Networks that an account logged in from; on PostgreSQL also the counters of rate limits, shared by all processes. */
export class Limits1796000000030 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createTable(knownNetworks());
    if (!isPostgres(queryRunner)) return;
    // Unlogged: nothing is lost with a crash of the database but how far each caller has come within a minute. Half of
    // a page stays free, so that a hit is a new version of the row beside the old one and touches no index.
    await queryRunner.query(
      `CREATE UNLOGGED TABLE limit_counters (
         key varchar(43) PRIMARY KEY,
         hits integer NOT NULL DEFAULT 0,
         failures bigint[] NOT NULL DEFAULT '{}',
         pending bigint[] NOT NULL DEFAULT '{}',
         expires_at bigint NOT NULL
       ) WITH (fillfactor = 50)`,
    );
    await queryRunner.query('CREATE INDEX ix_limit_counters_expires ON limit_counters (expires_at)');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    if (isPostgres(queryRunner)) await queryRunner.query('DROP TABLE limit_counters');
    await queryRunner.dropTable('known_networks');
  }
}

const isPostgres = (queryRunner: QueryRunner): boolean => queryRunner.dataSource.options.type === 'postgres';

const knownNetworks = (): Table =>
  new Table({
    name: 'known_networks',
    columns: [
      int('user_id', { isPrimary: true }),
      varchar('network', 45, { isPrimary: true }),
      utc('last_login_at'),
    ],
    foreignKeys: [reference('fk_known_networks_user', 'user_id', 'users')],
  });
