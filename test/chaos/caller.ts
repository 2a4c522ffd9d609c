import { randomUUID } from 'node:crypto';
import { writeSync } from 'node:fs';
import { Agent } from 'node:http';
import { answerTo, askOnce, claimOf, orderBy, type Parsed, type Question, type Reply } from './asking.js';
import type { Call, LoadOrder, Work } from './journal.js';

/** A timer sleeps for a millisecond at least: places that passed meanwhile are taken at once, so that the rate holds above 1,000 a second. */
const MOST_BEHIND_MS = 50;
const PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 1_000;
const REPEATS = 10;

/** What all callers share. */
export class Desk {
  readonly agent = new Agent({ keepAlive: true });
  /** Requests that no caller waits for. */
  readonly open = new Set<Promise<unknown>>();
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
    const now = performance.now();
    const at = Math.max(now - MOST_BEHIND_MS, this.#nextAt);
    this.#nextAt = at + 1000 / perSecond;
    if (at > now) await pause(at - now);
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
      case 'flood':
        return this.#flood();
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

  /** Waits for no answer: new ones come as fast as they come. The last ones are waited for by the end. */
  async #flood(): Promise<void> {
    const asked = this.#ask(this.#order());
    this.desk.open.add(asked);
    void asked.finally(() => this.desk.open.delete(asked));
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

/** Another try may have another end. Who holds as many orders as he may has to give one back first. */
function isPassing({ status, text }: Reply, { asked }: Question): boolean {
  if (status === 429) return asked !== 'claim';
  return status === 503 || (status === 409 && text.includes('idempotency_in_progress'));
}

export const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, Math.max(0, ms)));
