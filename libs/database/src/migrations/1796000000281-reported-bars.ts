import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Reported values by their bars: of a symbol with years of reports the resolution reads those of its targets. */
export class ReportedBars1796000000281 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `CREATE INDEX ix_reported_values_bar ON reported_values (symbol, "interval", target_column, bar_at, authority, revision)`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP INDEX ix_reported_values_bar');
  }
}
