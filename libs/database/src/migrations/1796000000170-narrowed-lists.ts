import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A list with filters finds its rows by one of them and looks at the others, or is read in its order: what is looked at in
 * a queue stands in the index of what finds it. Everybody's orders have their orders, deliveries their filters.
 */
export class NarrowedLists1796000000170 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const [name, , wide] of WIDENED) {
      await queryRunner.query(`DROP INDEX ${name}`);
      await queryRunner.query(`CREATE INDEX ${name} ON ${wide}`);
    }
    for (const [name, on] of ADDED) await queryRunner.query(`CREATE INDEX ${name} ON ${on}`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const [name] of ADDED) await queryRunner.query(`DROP INDEX ${name}`);
    for (const [name, narrow] of WIDENED) {
      await queryRunner.query(`DROP INDEX ${name}`);
      await queryRunner.query(`CREATE INDEX ${name} ON ${narrow}`);
    }
  }
}

const waiting = (columns: string): string => `prediction_jobs (${columns}) WHERE "status" = 'pending'`;
const SHOWN = 'user_id, expires_at, currency';

/** Name, what it was on, what it is on now. */
const WIDENED: readonly (readonly [name: string, narrow: string, wide: string])[] = [
  [
    'ix_prediction_jobs_waiting_symbol',
    waiting('symbol, priority DESC, created_at'),
    waiting(
      `symbol, priority DESC, created_at, id, estimated_payment_micros, effort, predictor_plugin, prediction_type, ${SHOWN}`,
    ),
  ],
  [
    'ix_prediction_jobs_waiting_plugin',
    waiting('predictor_plugin, priority DESC, created_at'),
    waiting(
      `predictor_plugin, priority DESC, created_at, id, estimated_payment_micros, effort, symbol, prediction_type, ${SHOWN}`,
    ),
  ],
  [
    'ix_prediction_jobs_waiting_type',
    waiting('prediction_type, priority DESC, created_at'),
    waiting(
      `prediction_type, priority DESC, created_at, id, estimated_payment_micros, effort, symbol, predictor_plugin, ${SHOWN}`,
    ),
  ],
  [
    'ix_prediction_jobs_waiting_first',
    waiting('priority DESC, created_at, id'),
    waiting(
      `priority DESC, created_at, id, estimated_payment_micros, effort, symbol, predictor_plugin, prediction_type, ${SHOWN}`,
    ),
  ],
  [
    'ix_prediction_jobs_waiting_cheapest',
    waiting('estimated_payment_micros, priority DESC, created_at'),
    waiting(
      `estimated_payment_micros, priority DESC, created_at, id, effort, symbol, predictor_plugin, prediction_type, ${SHOWN}`,
    ),
  ],
  [
    'ix_prediction_jobs_waiting_oldest',
    waiting('created_at, priority DESC'),
    waiting('created_at, priority DESC, expires_at'),
  ],
  [
    'ix_webhook_deliveries_prediction',
    'webhook_deliveries (prediction_id)',
    'webhook_deliveries (prediction_id, created_at)',
  ],
];

const ADDED: readonly (readonly [name: string, on: string])[] = [
  ['ix_prediction_jobs_priority', 'prediction_jobs (priority, created_at)'],
  ['ix_prediction_jobs_cost', 'prediction_jobs (estimated_cost_micros, created_at)'],
  ['ix_webhook_deliveries_user_status', 'webhook_deliveries (user_id, status, created_at)'],
  ['ix_webhook_deliveries_status', 'webhook_deliveries (status, created_at)'],
];
