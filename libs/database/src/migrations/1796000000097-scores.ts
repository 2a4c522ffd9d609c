import { type MigrationInterface, type QueryRunner, Table } from 'typeorm';
import { bigint, float, index, int, utc, varchar } from './columns.js';

/** Sums of scores by day, kept while outcomes are written, and where models stand. */
export class Scores1796000000097 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createTable(days());
    await queryRunner.createTable(standings());
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.dropTable('score_standings');
    await queryRunner.dropTable('score_days');
  }
}

const key = { isPrimary: true } as const;
const PIT_BINS = 10;
const LEVELS = [50, 80, 90, 95];

const days = (): Table =>
  new Table({
    name: 'score_days',
    columns: [
      varchar('subject', 110, key),
      int('horizon', key),
      varchar('day', 10, key),
      varchar('symbol', 32, key),
      varchar('interval', 8, key),
      bigint('outcomes'),
      bigint('unresolvable'),
      bigint('scored'),
      float('loss'),
      float('baseline_loss'),
      bigint('points'),
      float('absolute_error'),
      float('squared_error'),
      bigint('scaled'),
      float('scaled_error'),
      bigint('directions'),
      bigint('right_directions'),
      ...LEVELS.flatMap((level) => [bigint(`stated_${level}`), bigint(`covered_${level}`)]),
      ...Array.from({ length: PIT_BINS }, (_, bin) => bigint(`pit_${bin}`)),
    ],
  });

const nullable = { isNullable: true } as const;

const standings = (): Table =>
  new Table({
    name: 'score_standings',
    columns: [
      varchar('subject', 110, key),
      varchar('kind', 16),
      bigint('outcomes'),
      float('effective_count'),
      float('skill', nullable),
      float('skill_lower', nullable),
      float('quality', nullable),
      utc('updated_at'),
    ],
    indices: [index('ix_score_standings_quality', ['kind', 'quality'])],
  });
