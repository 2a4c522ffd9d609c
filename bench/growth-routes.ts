/** Every route of the contract that submits, lists or adds up, with what it is asked. */
import { answerOf, bodyOf } from '../test/harness/answers.js';
import type { Served } from './served.js';

export type Who = 'client' | 'evaluator' | 'provider' | 'administrator';
export type Keys = Readonly<Record<Who, string>>;

/** One question. In paths `{order}` and `{prediction}` stand for what an earlier question made in the same turn. */
export interface Asked {
  readonly who: Who;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly body?: (made: Made) => object;
  /** What the answer's `id` is of. */
  readonly makes?: 'order' | 'prediction';
}

/** What a turn of questions has made so far. */
export interface Made {
  order?: string;
  prediction?: string;
  leaseEpoch?: number;
}

const HORIZON = 6;
const DAY_MS = 86_400_000;
const order = () => ({
  symbol: 'EURUSD',
  prediction_type: 'short_term',
  datetime_requested: new Date(Date.now() + 2 * DAY_MS).toISOString(),
  interval: '1d',
  prediction_horizon: HORIZON,
  predictor_plugin: 'random_walk_predictor',
});
const QUESTION = {
  symbol: 'SP500',
  interval: '1d',
  predictor_plugin: 'random_walk_predictor',
  horizons: [1, 5],
};
const answer = ({ leaseEpoch }: Made) => ({ lease_epoch: leaseEpoch, ...bodyOf(answerOf(HORIZON)) });
const nothing = (): object => ({});
const get = (who: Who, ...paths: readonly string[]): Asked[] =>
  paths.map((path) => ({ who, method: 'GET', path }));

/** In this order: an order is submitted before it is claimed. */
export const ASKED: readonly Asked[] = [
  { who: 'client', method: 'POST', path: 'client/quote', body: order },
  { who: 'client', method: 'POST', path: 'client/predict', body: order, makes: 'order' },
  { who: 'evaluator', method: 'POST', path: 'evaluator/claim/{order}', body: nothing },
  {
    who: 'evaluator',
    method: 'PUT',
    path: 'evaluator/progress/{order}',
    body: ({ leaseEpoch }) => ({ lease_epoch: leaseEpoch, progress_percentage: 50 }),
  },
  ...get('evaluator', 'evaluator/assigned'),
  { who: 'evaluator', method: 'POST', path: 'evaluator/submit/{order}', body: answer },
  ...get('client', 'client/predictions/{order}', 'client/predictions/{order}/download/results.csv'),
  { who: 'client', method: 'POST', path: 'client/predict', body: order, makes: 'order' },
  { who: 'client', method: 'PUT', path: 'client/predictions/{order}', body: () => ({ priority: 7 }) },
  { who: 'client', method: 'DELETE', path: 'client/predictions/{order}' },
  { who: 'client', method: 'POST', path: 'predict', body: () => QUESTION, makes: 'prediction' },
  ...get('client', 'predictions/{prediction}', 'predictions/{prediction}/outcome'),
  { who: 'client', method: 'DELETE', path: 'predictions/{prediction}' },
  ...get('client', 'predictions/?limit=100', 'secure/predictions?limit=100', 'scoreboard'),
  ...get('client', 'models/random_walk_predictor/scorecard', 'models'),
  ...get('client', 'client/predictions', 'client/predictions?status=completed&sort=completed_at'),
  ...get('client', 'client/predictions?symbol=EURUSD', 'client/predictions?sort=cost&limit=100'),
  ...get('client', 'client/spend', 'client/billing', 'client/invoices', 'client/webhooks/deliveries'),
  ...get('client', 'billing/balance', 'billing/credits', 'billing/statement', 'users/profile'),
  ...get('evaluator', 'evaluator/pending', 'evaluator/pending?symbol=EURUSD&sort=payment'),
  ...get('evaluator', 'evaluator/pending?symbol=NONE', 'evaluator/pending?min_payment=4.1&sort=created_at'),
  ...get('evaluator', 'evaluator/pending?prediction_type=custom&max_priority=5&sort=effort&order=asc'),
  ...get('evaluator', 'evaluator/pending?symbol=GBPUSD&min_priority=2&sort=payment&order=desc'),
  ...get('evaluator', 'evaluator/pending?prediction_type=short_term&min_payment=3.7&sort=created_at'),
  ...get('evaluator', 'evaluator/stats?period=7d'),
  ...get('provider', 'provider/pricing', 'provider/earnings', 'provider/stats'),
  ...get(
    'administrator',
    'client/predictions',
    'client/predictions?status=failed&sort=cost',
    'client/predictions?symbol=EURUSD&sort=completed_at',
    'client/predictions?status=failed&prediction_type=custom&sort=priority&order=asc',
    'client/predictions?status=failed&symbol=GBPUSD&sort=cost&order=asc',
    'client/webhooks/deliveries?status=failed',
    'predictions/?limit=100',
    'admin/stats',
    'admin/system/health',
  ),
  ...get('administrator', 'admin/audit?user_id=2', 'admin/audit?status_code=401,403', 'admin/logs?limit=100'),
  ...get('administrator', 'admin/audit?user_id=2&method=DELETE', 'admin/audit?method=POST&status_code=401'),
  ...get('administrator', 'admin/audit?user_id=2&status_code=401', 'admin/usage/desk?days=365'),
  ...get('administrator', 'admin/usage/desk?days=30', 'admin/users', 'admin/billing', 'admin/pricing'),
  ...get('administrator', 'admin/billing/summary', 'admin/invoices', 'admin/config', 'plugins/status'),
];

/** Asks once; resolves with the time in ms. @throws Error for an answer that is no success */
export async function ask({ url }: Served, keys: Keys, asked: Asked, made: Made): Promise<number> {
  const path = asked.path
    .replace('{order}', made.order ?? 'none')
    .replace('{prediction}', made.prediction ?? 'none');
  const started = performance.now();
  const answered = await fetch(`${url}/api/v1/${path}`, {
    method: asked.method,
    headers: { 'X-API-KEY': keys[asked.who], 'Content-Type': 'application/json', Prefer: 'wait=10' },
    ...(asked.body !== undefined && { body: JSON.stringify(asked.body(made)) }),
  });
  const text = await answered.text();
  const took = performance.now() - started;
  if (!answered.ok) throw new Error(`${asked.method} ${path} answers ${answered.status}: ${text}`);
  if (asked.path.includes('/claim/'))
    made.leaseEpoch = (JSON.parse(text) as { lease_epoch: number }).lease_epoch;
  if (asked.makes !== undefined) made[asked.makes] = String((JSON.parse(text) as { id: unknown }).id);
  return took;
}
