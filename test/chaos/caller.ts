import { createHash, randomUUID } from 'node:crypto';
import { writeSync } from 'node:fs';
import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import type { Asked, Call, LoadOrder, Work } from './journal.js';

/** Nobody waits longer for an answer: it counts as a request that hangs. */
export const DEADLINE_MS = 15_000;
const PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 1_000;
const HORIZON = 3;
const REPEATS = 10;
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

/** What all callers share. */
export class Desk {
  readonly agent = new Agent({ keepAlive: true, maxSockets: 64 });
  /** Predictions that were acknowledged, for readers. */
  readonly predictions: { id: string; apiKey: string }[] = [];
  sent = 0;
  acknowledged = 0;
  answered = 0;
  works = 0;
  isOver = false;
  #turn = 0;
  #nextAt = 0;

  constructor(
    private readonly journal: number,
    readonly order: LoadOrder,
    readonly random: () => number,
    private targets: readonly string[],
  ) {}

  aim(targets: readonly string[]): void {
    this.targets = targets;
  }

  nextTarget(): string {
    this.#turn += 1;
    return this.targets[this.#turn % this.targets.length] ?? '';
  }

  oneOf<T>(list: readonly T[]): T | undefined {
    return list[Math.floor(this.random() * list.length)];
  }

  /** Waits for the next place in the rate that all callers keep together. */
  async place(): Promise<void> {
    const { perSecond } = this.order;
    if (perSecond === undefined) return;
    const at = Math.max(performance.now(), this.#nextAt);
    this.#nextAt = at + 1000 / perSecond;
    await pause(at - performance.now());
  }

  write(call: Call): void {
    writeSync(this.journal, `${JSON.stringify(call)}\n`);
    if (call.status === null) return;
    this.answered += 1;
    if (call.status < 300) this.acknowledged += 1;
  }
}

/** Somebody who does one work over and over, as a client that means it does: nothing is given up before it is answered. */
export class Caller {
  constructor(
    private readonly desk: Desk,
    private readonly work: Work,
  ) {}

  async run(): Promise<void> {
    while (!this.desk.isOver) {
      await this.desk.place();
      await this.#once();
      this.desk.works += 1;
    }
  }

  async #once(): Promise<void> {
    switch (this.work) {
      case 'predict':
        return this.#predict();
      case 'order':
        return void (await this.#settled(this.#order()));
      case 'repeat':
        return this.#repeat();
      case 'answer':
        return this.#answer(true);
      case 'forget':
        return this.#answer(false);
      case 'read':
        return this.#read();
    }
  }

  async #predict(): Promise<void> {
    const apiKey = this.desk.oneOf(this.desk.order.clients) ?? '';
    const body = { symbol: 'SYNTHFX', interval: '1h' };
    const path = '/api/v1/predictions/';
    const key = randomUUID();
    const said = await this.#settled({ asked: 'prediction', method: 'POST', path, apiKey, body, key });
    if (said !== null) this.desk.predictions.push({ id: String(said['id']), apiKey });
  }

  #order(): Question {
    return orderBy(this.desk.oneOf(this.desk.order.clients) ?? '');
  }

  async #repeat(): Promise<void> {
    const question = this.#order();
    await Promise.all(Array.from({ length: REPEATS }, () => this.#settled(question)));
  }

  async #answer(isWorked: boolean): Promise<void> {
    const apiKey = this.desk.oneOf(this.desk.order.evaluators) ?? '';
    const asked = { apiKey, method: 'GET', path: '/api/v1/evaluator/pending?limit=50' } as const;
    const { pending_requests: pending = [] } = ((await this.#settled({ asked: 'list', ...asked })) ?? {}) as {
      readonly pending_requests?: readonly { readonly id: string }[];
    };
    const order = this.desk.oneOf(pending);
    if (order === undefined) return pause(PAUSE_MS);
    const claimed = await this.#settled(claimOf(order.id, apiKey));
    if (claimed === null || !isWorked) return;
    await this.#settled(answerTo(order.id, Number(claimed['lease_epoch']), apiKey));
  }

  async #read(): Promise<void> {
    const known = this.desk.oneOf(this.desk.predictions);
    if (known === undefined) return pause(PAUSE_MS);
    const { id, apiKey } = known;
    await this.#settled({ asked: 'read', method: 'GET', path: `/api/v1/predictions/${id}`, apiKey });
  }

  /** Asks until there is an answer that stays the same; the body of a success, null when it was refused. */
  async #settled(question: Question): Promise<Parsed | null> {
    let wait = PAUSE_MS;
    for (;;) {
      const reply = await this.#ask(question);
      if (reply !== null && reply.status < 300) return JSON.parse(reply.text) as Parsed;
      if (reply !== null && !isPassing(reply, question)) return null;
      // a list that nobody waits for any more need not be had
      if (this.desk.isOver && question.key === undefined) return null;
      await pause(wait);
      wait = Math.min(LONGEST_PAUSE_MS, wait * 1.5);
    }
  }

  #ask(question: Question): Promise<Reply | null> {
    this.desk.sent += 1;
    return askOnce(this.desk, question);
  }
}

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

/** Another try may have another end. Who holds as many orders as he may has to give one back first. */
function isPassing({ status, text }: Reply, { asked }: Question): boolean {
  if (status === 429) return asked !== 'claim';
  return status === 503 || (status === 409 && text.includes('idempotency_in_progress'));
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

export const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, Math.max(0, ms)));
