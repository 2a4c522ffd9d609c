import type { MigrationInterface, QueryRunner } from 'typeorm';
import { type FiguredRows, forgetFigures, keepFigures, type KeptFigure } from './kept-figures.js';

/** What is held until forecasts are scored, and what became of it, added up for administrators. */
export class ScoreFigures1796000000311 implements MigrationInterface {
  up(queryRunner: QueryRunner): Promise<void> {
    return keepFigures(queryRunner, FIGURED);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await forgetFigures(queryRunner, FIGURED);
    for (const table of ['figure_changes', 'figures', 'figure_days'])
      await queryRunner.query(`DELETE FROM ${table} WHERE source = '${SOURCE}'`);
  }
}

const SOURCE = 'score';

/** Owned by nobody: only the sums over all are read. */
const figure = (name: string, column: string, when: string): Omit<KeptFigure, 'columns'> => ({
  source: SOURCE,
  owner: () => '0',
  name: (row) => `'${name}:' || ${row}.currency`,
  amount: (row) => `${row}.${column}`,
  when: (row) => when.replaceAll('ROW', row),
});

const settled = (name: string): KeptFigure => ({
  ...figure(name, `${name}_micros`, 'ROW.settled_at IS NOT NULL'),
  hourOf: 'settled_at',
  columns: ['settled_at'],
});

const FIGURED: FiguredRows = {
  table: 'score_holds',
  set: 'scores',
  standing: [
    {
      ...figure('held', 'held_micros', 'ROW.held_at IS NOT NULL AND ROW.settled_at IS NULL'),
      columns: ['held_at', 'settled_at'],
    },
  ],
  happened: [settled('earned'), settled('returned')],
};
