import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A list with several filters is read in lanes: columns of few values stand before the one that it is sorted by. The audit
 * log's indexes have what its filters look at.
 */
export class LanedLists1796000000261 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const [name, , now] of CHANGED) {
      await queryRunner.query(`DROP INDEX ${name}`);
      await queryRunner.query(`CREATE INDEX ${name} ON ${now}`);
    }
    for (const [name] of DROPPED) await queryRunner.query(`DROP INDEX ${name}`);
    for (const [name, on] of ADDED) await queryRunner.query(`CREATE INDEX ${name} ON ${on}`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const [name] of ADDED) await queryRunner.query(`DROP INDEX ${name}`);
    for (const [name, on] of DROPPED) await queryRunner.query(`CREATE INDEX ${name} ON ${on}`);
    for (const [name, before] of CHANGED) {
      await queryRunner.query(`DROP INDEX ${name}`);
      await queryRunner.query(`CREATE INDEX ${name} ON ${before}`);
    }
  }
}

const waiting = (columns: string): string => `prediction_jobs (${columns}) WHERE "status" = 'pending'`;
const orders = (columns: string): string => `prediction_jobs (${columns})`;
const CLAIMABLE = 'user_id, expires_at, currency';
const LOGGED = 'id, method, response_status_code, user_id';

/** Name, what it was on, what it is on now. */
const CHANGED: readonly (readonly [name: string, before: string, now: string])[] = [
  [
    'ix_prediction_jobs_waiting_symbol',
    waiting(
      `symbol, priority DESC, created_at, id, estimated_payment_micros, effort, predictor_plugin, prediction_type, ${CLAIMABLE}`,
    ),
    waiting(
      `symbol, prediction_type, priority, effort, created_at, id, estimated_payment_micros, predictor_plugin, ${CLAIMABLE}`,
    ),
  ],
  [
    'ix_prediction_jobs_waiting_plugin',
    waiting(
      `predictor_plugin, priority DESC, created_at, id, estimated_payment_micros, effort, symbol, prediction_type, ${CLAIMABLE}`,
    ),
    waiting(
      `predictor_plugin, prediction_type, priority, effort, created_at, id, estimated_payment_micros, symbol, ${CLAIMABLE}`,
    ),
  ],
  [
    'ix_prediction_jobs_waiting_type',
    waiting(
      `prediction_type, priority DESC, created_at, id, estimated_payment_micros, effort, symbol, predictor_plugin, ${CLAIMABLE}`,
    ),
    waiting(
      `prediction_type, priority, effort, created_at, id, estimated_payment_micros, symbol, predictor_plugin, ${CLAIMABLE}`,
    ),
  ],
  [
    'ix_prediction_jobs_user_status',
    orders('user_id, status, created_at'),
    orders('user_id, status, prediction_type, priority, created_at, id'),
  ],
  [
    'ix_prediction_jobs_user_symbol',
    orders('user_id, symbol, created_at'),
    orders('user_id, symbol, status, prediction_type, priority, created_at, id'),
  ],
  [
    'ix_prediction_jobs_symbol',
    orders('symbol, created_at'),
    orders('symbol, status, prediction_type, priority, created_at, id'),
  ],
  [
    'ix_api_logs_caller',
    'api_logs (user_id, request_timestamp)',
    'api_logs (user_id, request_timestamp, id, method, response_status_code)',
  ],
  ['ix_api_logs_timestamp', 'api_logs (request_timestamp)', `api_logs (request_timestamp, ${LOGGED})`],
  [
    'ix_api_logs_path',
    'api_logs (endpoint, request_timestamp)',
    `api_logs (endpoint, request_timestamp, ${LOGGED})`,
  ],
  [
    'ix_api_logs_template',
    'api_logs (route, request_timestamp) WHERE "route" <> "endpoint"',
    `api_logs (route, request_timestamp, ${LOGGED}) WHERE "route" <> "endpoint"`,
  ],
  [
    'ix_api_logs_failed',
    'api_logs (response_status_code, request_timestamp) WHERE "response_status_code" >= 400',
    'api_logs (response_status_code, request_timestamp, id, method, user_id) WHERE "response_status_code" >= 400',
  ],
  [
    'ix_api_logs_failures',
    'api_logs (request_timestamp) WHERE "response_status_code" >= 400',
    `api_logs (request_timestamp, ${LOGGED}) WHERE "response_status_code" >= 400`,
  ],
  [
    'ix_api_logs_method',
    `api_logs (method, request_timestamp) WHERE "method" NOT IN ('GET', 'POST')`,
    `api_logs (method, request_timestamp, id, response_status_code, user_id) WHERE "method" NOT IN ('GET', 'POST')`,
  ],
];

type NamedIndex = readonly [name: string, on: string];

/** Lanes of every type and status do what these did. */
const DROPPED: readonly NamedIndex[] = [
  ['ix_prediction_jobs_user_type', orders('user_id, prediction_type, created_at')],
  ['ix_prediction_jobs_type', orders('prediction_type, created_at')],
  ...['processing', 'completed', 'failed', 'cancelled'].map((status): NamedIndex => [
    `ix_prediction_jobs_${status}`,
    `${orders('created_at')} WHERE "status" = '${status}'`,
  ]),
];

const ADDED: readonly NamedIndex[] = [
  ...(
    [
      ['symbol_cheapest', 'symbol, prediction_type, priority, estimated_payment_micros'],
      ['symbol_dearest', 'symbol, prediction_type, priority, estimated_payment_micros DESC'],
      ['type_cheapest', 'prediction_type, priority, estimated_payment_micros'],
      ['type_dearest', 'prediction_type, priority, estimated_payment_micros DESC'],
    ] as const
  ).map(([name, columns]): NamedIndex => [
    `ix_prediction_jobs_waiting_${name}`,
    waiting(`${columns}, created_at, id, predictor_plugin, ${CLAIMABLE}`),
  ]),
  // not by status first: a planner without statistics would take it for the queue
  ['ix_prediction_jobs_type_status', orders('prediction_type, status, priority, created_at, id')],
  ...(
    [
      ['user_status', 'user_id, status, prediction_type'],
      ['type_status', 'prediction_type, status'],
    ] as const
  ).flatMap(([name, lane]): NamedIndex[] => [
    [`ix_prediction_jobs_${name}_cost`, orders(`${lane}, estimated_cost_micros, created_at, id, symbol`)],
    [`ix_prediction_jobs_${name}_ended`, orders(`${lane}, completed_at, created_at, id, symbol`)],
  ]),
];
