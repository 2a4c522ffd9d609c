import { type MigrationInterface, type QueryRunner, Table } from 'typeorm';
import { int, utc, varchar } from './columns.js';

/** The names of the secret keys that were in use on this database, so that a start with a wrong one is noticed. */
export class SecretKeys1796000000250 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    const columns = [
      varchar('name', 16, { isPrimary: true }),
      int('generation'),
      utc('first_used_at'),
      utc('retired_at', { isNullable: true }),
    ];
    await queryRunner.createTable(new Table({ name: 'secret_keys', columns }));
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.dropTable('secret_keys');
  }
}
