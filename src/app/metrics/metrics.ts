import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { JobEngine } from '#libs/jobs';
import type { Exchange } from '../http/exchange.js';
import type { RequestObserver } from '../http/http-front.js';
import { RequestFigures } from './request-figures.js';

/** The process's figures: requests by route, jobs, and Node's own (event-loop delay, memory, garbage collection). */
export class Metrics implements RequestObserver {
  readonly #registry = new Registry();
  readonly #requests = new RequestFigures();

  constructor() {
    collectDefaultMetrics({ register: this.#registry });
  }

  /** Adds the job engine's figures; they are read when somebody asks for them. */
  watchJobs(jobs: JobEngine): void {
    const gauge = new Gauge({
      name: 'jobs',
      help: 'Number of unfinished jobs, by status.',
      labelNames: ['status'] as const,
      registers: [this.#registry],
      collect: async () => {
        const { queued, running, oldestWaitMs } = await jobs.counts();
        gauge.set({ status: 'queued' }, queued);
        gauge.set({ status: 'running' }, running);
        oldest.set((oldestWaitMs ?? 0) / 1000);
      },
    });
    const oldest = new Gauge({
      name: 'jobs_oldest_wait_seconds',
      help: 'Seconds that the longest-waiting job has been due; 0 if no job is waiting.',
      registers: [this.#registry],
    });
  }

  finished({ method, route }: Exchange, status: number, durationMs: number): void {
    const known = KNOWN_METHODS.has(method) ? method : 'OTHER';
    this.#requests.add(known, route ?? 'unmatched', status, durationMs / 1000);
  }

  /** Prometheus text. */
  async text(): Promise<{ readonly contentType: string; readonly body: string }> {
    const others = await this.#registry.metrics();
    return { contentType: this.#registry.contentType, body: `${this.#requests.text()}\n${others}` };
  }
}

/** Anything may stand in a request line; a figure's label may not. */
const KNOWN_METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
