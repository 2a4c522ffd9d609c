import { type MigrationInterface, type QueryRunner, TableIndex } from 'typeorm';
import { index } from './columns.js';

/**
 * The matched route beside the path as it was sent. Plain SQL, because TypeORM would rebuild the table on SQLite, which
 * its triggers refuse; older rows keep null, with which they were sealed.
 */
export class AuditRoutes1796000000031 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE api_logs ADD COLUMN route varchar(255)');
    await queryRunner.createIndex('api_logs', ROUTES);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.dropIndex('api_logs', ROUTES);
    await queryRunner.query('ALTER TABLE api_logs DROP COLUMN route');
  }
}

const ROUTES = new TableIndex(index('ix_api_logs_route', ['route', 'id'], '"route" <> "endpoint"'));
