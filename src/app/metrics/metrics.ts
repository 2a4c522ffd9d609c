import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { JobEngine } from '#libs/jobs';
import type { Exchange } from '../http/exchange.js';
import type { RequestObserver } from '../http/http-front.js';

/** From the 1 ms of an oracle's answer to the 30 s of a long wait. */
const BUCKETS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** The process's figures: requests by route, jobs, and Node's own (event-loop delay, memory, garbage collection). */
export class Metrics implements RequestObserver {
  readonly #registry = new Registry();
  readonly #requests = new Counter({
    name: 'http_requests_total',
    help: 'Finished requests. Route is the template; 499 means that the client went away.',
    labelNames: ['method', 'route', 'status'] as const,
    registers: [this.#registry],
  });
  readonly #durations = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Seconds from the first byte of the request line to the last byte of the answer.',
    labelNames: ['method', 'route'] as const,
    buckets: BUCKETS_S,
    registers: [this.#registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.#registry });
  }

  /** Adds the job engine's figures; they are read when somebody asks for them. */
  watchJobs(jobs: JobEngine): void {
    const gauge = new Gauge({
      name: 'jobs',
      help: 'Jobs that are not finished, by status.',
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
      help: 'How long the job that waits longest has been due; 0 when none waits.',
      registers: [this.#registry],
    });
  }

  finished({ method, route }: Exchange, status: number, durationMs: number): void {
    const labels = { method: KNOWN_METHODS.has(method) ? method : 'OTHER', route: route ?? 'unmatched' };
    this.#requests.inc({ ...labels, status: String(status) });
    this.#durations.observe(labels, durationMs / 1000);
  }

  /** Prometheus text. */
  async text(): Promise<{ readonly contentType: string; readonly body: string }> {
    return { contentType: this.#registry.contentType, body: await this.#registry.metrics() };
  }
}

/** Anything may stand in a request line; a figure's label may not. */
const KNOWN_METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
