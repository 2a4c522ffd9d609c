import { createHash, randomUUID } from 'node:crypto';
import { type Agent, type IncomingHttpHeaders, request } from 'node:http';
import type { Asked, Call } from './journal.js';

/** Nobody waits longer for an answer: it counts as a request that hangs. */
export const DEADLINE_MS = 15_000;
const HORIZON = 3;
const DAY_MS = 86_400_000;

/** One request. */
export interface Question {
  readonly asked: Asked;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly apiKey: string;
  readonly body?: unknown;
  readonly key?: string;
  readonly epoch?: number;
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export type Parsed = Readonly<Record<string, unknown>>;

/** Where a request goes to, and its line. */
export interface Way {
  readonly agent: Agent;
  nextTarget(): string;
  write(call: Call): void;
}

/** Asks, and writes down what came of it before it goes on; null when there was no answer. */
export async function askOnce(way: Way, question: Question): Promise<Reply | null> {
  const { asked, key, epoch } = question;
  const id = randomUUID();
  const at = Date.now();
  const started = performance.now();
  const common = {
    asked,
    at,
    request: id,
    ...(key !== undefined && { key }),
    ...(epoch !== undefined && { epoch }),
  };
  const took = (): number => Math.round(performance.now() - started);
  try {
    const reply = await send(way, question, id);
    way.write({ ...common, ms: took(), ...read(question, reply) });
    return reply;
  } catch (error) {
    const fault = String((error as NodeJS.ErrnoException).code ?? error);
    way.write({ ...common, ms: took(), status: null, fault });
    return null;
  }
}

/** An order that costs little to answer. */
export function orderBy(apiKey: string): Question {
  const body = {
    symbol: 'SYNTHFX',
    prediction_type: 'short_term',
    datetime_requested: new Date(Date.now() + 2 * DAY_MS).toISOString(),
    interval: '1h',
    prediction_horizon: HORIZON,
    predictor_plugin: 'random_walk_predictor',
  };
  return { asked: 'order', method: 'POST', path: '/api/v1/client/predict', apiKey, body, key: randomUUID() };
}

export const claimOf = (id: string, apiKey: string): Question => ({
  asked: 'claim',
  method: 'POST',
  path: `/api/v1/evaluator/claim/${id}`,
  apiKey,
  body: {},
  key: randomUUID(),
});

/** An answer under a claim. */
export function answerTo(id: string, epoch: number, apiKey: string): Question {
  const predictions = Array.from({ length: HORIZON }, (_, bar) => 1.1 + bar / 1_000);
  const body = {
    lease_epoch: epoch,
    predictions,
    uncertainties: predictions.map(() => 0.002),
    confidence_intervals: {
      lower_95: predictions.map((value) => value - 0.004),
      upper_95: predictions.map((value) => value + 0.004),
    },
    model_metadata: { model: 'observer' },
  };
  const path = `/api/v1/evaluator/submit/${id}`;
  return { asked: 'answer', method: 'POST', path, apiKey, body, epoch, key: randomUUID() };
}

function read(
  { asked, path }: Question,
  { status, headers, text }: Reply,
): Partial<Call> & Pick<Call, 'status'> {
  const hasRetryAfter = headers['retry-after'] !== undefined;
  if (status >= 300) return { status, hasRetryAfter };
  const said = JSON.parse(text) as Parsed;
  const digest = createHash('sha256').update(text).digest('hex');
  const named = asked === 'claim' || asked === 'answer' ? path.split('/').at(-1) : said['id'];
  return {
    status,
    digest,
    ...(named !== undefined && { id: String(named) }),
    ...(asked === 'claim' && { epoch: Number(said['lease_epoch']) }),
    ...(asked === 'answer' && { resultHash: String(said['result_hash']) }),
  };
}

function send(way: Way, question: Question, id: string): Promise<Reply> {
  const { method, path, apiKey, body, key } = question;
  const text = body === undefined ? undefined : JSON.stringify(body);
  const headers = {
    'X-API-KEY': apiKey,
    'X-Request-Id': id,
    ...(key !== undefined && { 'Idempotency-Key': key }),
    ...(text !== undefined && {
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(text),
    }),
  };
  return new Promise((done, fail) => {
    const call = request(`${way.nextTarget()}${path}`, { method, headers, agent: way.agent }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', fail);
      response.once('aborted', () => fail(Object.assign(new Error('cut'), { code: 'CUT' })));
      response.once('end', () => {
        const { statusCode = 0, headers: said } = response;
        done({ status: statusCode, headers: said, text: Buffer.concat(chunks).toString() });
      });
    });
    const timer = setTimeout(
      () => call.destroy(Object.assign(new Error('late'), { code: 'TIMEOUT' })),
      DEADLINE_MS,
    );
    call.once('error', fail).once('close', () => clearTimeout(timer));
    call.end(text);
  });
}
