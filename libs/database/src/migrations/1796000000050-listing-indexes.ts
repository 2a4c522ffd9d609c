import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Every listing finds its page by an index, in the order it is shown, whatever the filter; what waits is in partial
 * indexes, which stay as small as the queue.
 */
export class ListingIndexes1796000000050 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const [name] of REPLACED) await queryRunner.query(`DROP INDEX ${name}`);
    for (const [name, on] of ADDED) await queryRunner.query(`CREATE INDEX ${name} ON ${on}`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const [name] of ADDED) await queryRunner.query(`DROP INDEX ${name}`);
    for (const [name, on] of REPLACED) await queryRunner.query(`CREATE INDEX ${name} ON ${on}`);
  }
}

type NamedIndex = readonly [name: string, on: string];

/** What earlier migrations made and nothing asks for any more. */
const REPLACED: readonly NamedIndex[] = [
  ['ix_api_logs_endpoint', 'api_logs (endpoint, id)'],
  ['ix_api_logs_user', 'api_logs (user_id, id)'],
  ['ix_predictions_owner', 'predictions (user_id, status)'],
  ['ix_predictions_address', 'predictions (client_address, status)'],
  ['ix_api_logs_route', `api_logs (route, id) WHERE "route" <> "endpoint"`],
  // a planner without statistics took it for the queue, and sorted all that is pending
  ['ix_prediction_jobs_status', 'prediction_jobs (status, completed_at)'],
  ['ix_prediction_jobs_holder', `prediction_jobs (claimed_by) WHERE "status" = 'processing'`],
];

const WAITING = `WHERE "status" = 'pending'`;
const IN_FLIGHT = `WHERE "status" IN ('pending', 'processing')`;

const orders = (name: string, columns: string): NamedIndex => [
  `ix_prediction_jobs_${name}`,
  `prediction_jobs (${columns})`,
];
const waiting = (name: string, columns: string): NamedIndex => [
  `ix_prediction_jobs_waiting_${name}`,
  `prediction_jobs (${columns}) ${WAITING}`,
];

const ADDED: readonly NamedIndex[] = [
  // a client's orders, by each filter and in each order that the listing has
  orders('user_status', 'user_id, status, created_at'),
  orders('user_symbol', 'user_id, symbol, created_at'),
  orders('user_type', 'user_id, prediction_type, created_at'),
  orders('user_ended', 'user_id, completed_at, created_at'),
  orders('user_priority', 'user_id, priority, created_at'),
  orders('user_cost', 'user_id, estimated_cost_micros, created_at'),
  // everybody's, for administrators
  orders('symbol', 'symbol, created_at'),
  orders('type', 'prediction_type, created_at'),
  orders('ended', 'completed_at, created_at'),
  ...['processing', 'completed', 'failed', 'cancelled'].map((status): NamedIndex => [
    `ix_prediction_jobs_${status}`,
    `prediction_jobs (created_at) WHERE "status" = '${status}'`,
  ]),
  ['ix_prediction_jobs_done', `prediction_jobs (completed_at) WHERE "status" = 'completed'`],
  // claims in force
  ['ix_prediction_jobs_held', `prediction_jobs (claimed_by, claimed_at) WHERE "status" = 'processing'`],
  ['ix_prediction_jobs_claims', `prediction_jobs (claimed_at) WHERE "status" = 'processing'`],
  // what evaluators choose from
  waiting('first', 'priority DESC, created_at, id'),
  waiting('oldest', 'created_at, priority DESC'),
  waiting('youngest', 'created_at DESC, priority DESC'),
  waiting('cheapest', 'estimated_payment_micros, priority DESC, created_at'),
  waiting('dearest', 'estimated_payment_micros DESC, priority DESC, created_at'),
  waiting('lightest', 'effort, priority DESC, created_at'),
  waiting('heaviest', 'effort DESC, priority DESC, created_at'),
  waiting('symbol', 'symbol, priority DESC, created_at'),
  waiting('type', 'prediction_type, priority DESC, created_at'),
  waiting('plugin', 'predictor_plugin, priority DESC, created_at'),
  ['ix_predictions_user', 'predictions (user_id, id)'],
  ['ix_predictions_user_open', `predictions (user_id) ${IN_FLIGHT}`],
  ['ix_predictions_address_open', `predictions (client_address) ${IN_FLIGHT}`],
  ['ix_entries_owner', 'transaction_entries (owner_id, transaction_id, kind)'],
  ['ix_api_logs_template', `api_logs (route, request_timestamp) WHERE "route" <> "endpoint"`],
  ['ix_api_logs_failures', 'api_logs (request_timestamp) WHERE "response_status_code" >= 400'],
  ['ix_api_logs_path', 'api_logs (endpoint, request_timestamp)'],
  ['ix_api_logs_caller', 'api_logs (user_id, request_timestamp)'],
  [
    'ix_api_logs_failed',
    'api_logs (response_status_code, request_timestamp) WHERE "response_status_code" >= 400',
  ],
  ['ix_api_logs_method', `api_logs (method, request_timestamp) WHERE "method" NOT IN ('GET', 'POST')`],
];
