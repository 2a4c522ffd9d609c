import * as fc from 'fast-check';
import type { AdapterName } from '../harness/app.js';
import type { DatabaseKind } from '../harness/databases.js';
import { AnswerChecks } from './checks.js';
import { readDocument, type Route, routesIn } from './description.js';
import { type FuzzRequest, requestsFor } from './requests.js';
import { curlOf, isCut, type Outcome, Sender, type WireRequest, wireOf } from './send.js';
import { FaultyCluster } from './faults.js';
import { FuzzTarget } from './target.js';

export interface FuzzRun {
  /** Two processes of the API and two workers on PostgreSQL, with a fault in each batch of requests; else one process. */
  readonly on: 'cluster' | { readonly database: DatabaseKind; readonly adapter: AdapterName };
  readonly requests: number;
  readonly seed: number;
  /** Called now and then with the number of requests so far. */
  readonly onProgress?: (done: number) => void;
}

/** Something that must not be. Requests with the same fault at the same route are one finding. */
export interface Finding {
  /** `GET /api/v1/predictions/{prediction_id}`; empty for what no single request did. */
  readonly route: string;
  readonly fault: string;
  readonly times: number;
  /** The smallest request that showed it, for a shell, and the answer. */
  readonly request: string;
  readonly answer: string;
}

export interface FuzzReport {
  readonly findings: readonly Finding[];
  /** Answers by their status, `none` for no answer. */
  readonly statuses: ReadonlyMap<string, number>;
  /** Routes that never answered with success. */
  readonly unreached: readonly string[];
  /** How often which fault happened. */
  readonly faults: ReadonlyMap<string, number>;
}

const CONNECTIONS = 8;
/** So many requests are made at a time, from a seed of their own; then the accounts are renewed. */
const BATCH = 250;
/** Requests that are spent on making one failing request smaller. */
const MAX_SHRINKS = 40;

interface Found {
  times: number;
  request: FuzzRequest;
  outcome: Outcome;
  /** The batch and the place in it from which the request can be made again. */
  readonly seed: number;
  readonly index: number;
}

/** Sends requests that chance and the description make to the product, and checks every answer. */
export async function fuzz(run: FuzzRun): Promise<FuzzReport> {
  if (run.on !== 'cluster') {
    const target = await FuzzTarget.start(run.on.database, run.on.adapter);
    return reportOf(new FuzzSession(run, target, null), () => target.close());
  }
  const cluster = await FaultyCluster.start();
  return reportOf(new FuzzSession(run, cluster.target, cluster), () => cluster.close());
}

async function reportOf(session: FuzzSession, end: () => Promise<void>): Promise<FuzzReport> {
  try {
    await session.sendAll();
    const findings = [...(await session.findings()), ...session.logFindings()];
    const complaints = await session.complaints();
    return {
      findings: [...findings, ...complaints.map(unsent)],
      statuses: session.statuses,
      unreached: session.unreached(),
      faults: session.faults,
    };
  } finally {
    session.close();
    await end();
  }
}

/** A fault that no single request showed. */
const unsent = (fault: string): Finding => ({ route: '', fault, times: 1, request: '', answer: '' });

class FuzzSession {
  readonly statuses = new Map<string, number>();
  readonly #described: readonly Route[];
  readonly #reached = new Set<string>();
  readonly #arbitrary: fc.Arbitrary<FuzzRequest>;
  readonly #checks: AnswerChecks;
  readonly #senders: readonly Sender[];
  #turn = 0;
  readonly #found = new Map<string, Found>();
  /** Routes by the ids of the requests to them, for errors in the log. */
  readonly #routes = new Map<string, string>();

  constructor(
    private readonly run: FuzzRun,
    private readonly target: FuzzTarget,
    private readonly cluster: FaultyCluster | null,
  ) {
    const document = readDocument();
    this.#described = routesIn(document);
    this.#arbitrary = requestsFor(document, this.#described);
    this.#checks = new AnswerChecks(document, { mayBeAway: cluster !== null });
    this.#senders = (cluster?.urls ?? [target.app.server.url]).map((url) => new Sender(url, CONNECTIONS));
  }

  async sendAll(): Promise<void> {
    for (let done = 0; done < this.run.requests; done += BATCH) {
      const seed = this.run.seed * 1_000_000 + done;
      const numRuns = Math.min(BATCH, this.run.requests - done);
      const requests = fc.sample(this.#arbitrary, { seed, numRuns });
      const lanes = Array.from({ length: CONNECTIONS }, (_, lane) => this.#lane(requests, seed, lane));
      const fault = this.cluster?.next(done / BATCH, (seed % 97) / 97);
      await Promise.all([...lanes, fault]);
      await this.target.refresh();
      this.run.onProgress?.(done + numRuns);
    }
  }

  async #lane(requests: readonly FuzzRequest[], seed: number, lane: number): Promise<void> {
    for (let index = lane; index < requests.length; index += CONNECTIONS) {
      const request = requests[index] as FuzzRequest;
      const outcome = await this.#send(request);
      for (const fault of this.#checks.faultsOf(request, outcome)) {
        const key = `${routeOf(request)} ${fault}`;
        const known = this.#found.get(key);
        if (known === undefined) this.#found.set(key, { times: 1, request, outcome, seed, index });
        else known.times += 1;
      }
    }
  }

  async #send(request: FuzzRequest): Promise<Outcome> {
    const outcome = await this.#answerTo(wireOf(request, this.target));
    this.target.learn(request, outcome);
    const status = 'failure' in outcome ? 'none' : String(outcome.status);
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
    if ('status' in outcome && outcome.status < 300) this.#reached.add(routeOf(request));
    if (!('failure' in outcome)) this.#routes.set(String(outcome.headers['x-request-id']), routeOf(request));
    return outcome;
  }

  /** Asks the next process. One that is being killed is left for the first one, as a balancer does. */
  async #answerTo(wire: WireRequest): Promise<Outcome> {
    this.#turn += 1;
    const [first, ...others] = this.#senders;
    const other = others[(this.#turn % this.#senders.length) - 1];
    if (first === undefined) throw new Error('there is a process to ask');
    const outcome = await (other ?? first).send(wire);
    return other !== undefined && isCut(outcome) ? first.send(wire) : outcome;
  }

  get faults(): ReadonlyMap<string, number> {
    return this.cluster?.happened ?? new Map();
  }

  /** What is wrong behind all of it: with the books, the audit log, and processes that nobody ended. */
  async complaints(): Promise<string[]> {
    return [...(await this.target.verify()), ...(this.cluster?.ended() ?? [])];
  }

  async findings(): Promise<Finding[]> {
    const findings: Finding[] = [];
    for (const [key, found] of this.#found) {
      const route = routeOf(found.request);
      const fault = key.slice(route.length + 1);
      await this.#shrink(found, fault);
      const wire = wireOf(found.request, this.target);
      findings.push({
        route,
        fault,
        times: found.times,
        request: curlOf(wire, found.request.asker),
        answer: 'failure' in found.outcome ? '' : found.outcome.body.toString().slice(0, 300),
      });
    }
    return findings;
  }

  /** Makes the request again from its seed and lets fast-check simplify it as long as the fault stays. */
  async #shrink(found: Found, fault: string): Promise<void> {
    const property = fc.asyncProperty(this.#arbitrary, async (request) => {
      if (request.route !== found.request.route) return;
      const outcome = await this.#send(request);
      if (!this.#checks.faultsOf(request, outcome).includes(fault)) return;
      Object.assign(found, { request, outcome });
      throw new Error(fault);
    });
    let left = MAX_SHRINKS;
    await fc.check(
      property.beforeEach(() => {
        left -= 1;
        fc.pre(left > 0);
      }),
      { seed: found.seed, path: String(found.index), numRuns: 1 },
    );
  }

  /** Errors that the product logged with a stack: each is a fault that no answer may have shown. */
  logFindings(): Finding[] {
    const lines = this.target.app.logLines.filter(
      (line) => line.level === 'ERROR' && JSON.stringify(line).includes('"stack"'),
    );
    const times = new Map<string, number>();
    for (const line of lines) {
      const route = this.#routes.get(String(line['requestId'])) ?? '';
      const { message } = (line['err'] ?? {}) as { readonly message?: string };
      const key = `${route}\nlogs an error: ${message ?? line.msg}`;
      times.set(key, (times.get(key) ?? 0) + 1);
    }
    return [...times].map(([key, count]) => {
      const [route = '', fault = ''] = key.split('\n');
      return { route, fault, times: count, request: '', answer: '' };
    });
  }

  unreached(): string[] {
    const names = this.#described.map(({ method, template }) => `${method} ${template}`);
    return names.filter((name) => !this.#reached.has(name));
  }

  close(): void {
    for (const sender of this.#senders) sender.close();
  }
}

const routeOf = ({ route, method }: FuzzRequest): string =>
  method === route.method
    ? `${method} ${route.template}`
    : `${method} instead of ${route.method} ${route.template}`;
