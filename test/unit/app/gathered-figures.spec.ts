import { EventEmitter } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { GatheredFigures, type Processes } from '../../../src/app/metrics/gathered-figures.js';
import { Metrics } from '../../../src/app/metrics/metrics.js';
import { SupervisedSiblings } from '../../../src/app/metrics/siblings.js';
import { Telemetry } from '#libs/telemetry';

/** Several processes of a service and their supervisor in one, with what `node:cluster` does between them. */
class Cluster extends EventEmitter {
  readonly workers: Record<string, Worker> = {};
  readonly gathered = new GatheredFigures(this as unknown as Processes);

  start(): { readonly id: number; readonly telemetry: Telemetry; readonly metrics: Metrics } {
    const worker = new Worker(Object.keys(this.workers).length + 1, this);
    this.workers[worker.id] = worker;
    const telemetry = new Telemetry();
    return {
      id: worker.id,
      telemetry,
      metrics: new Metrics(telemetry, new SupervisedSiblings(worker.inside)),
    };
  }

  end(id: number): void {
    const worker = this.workers[id];
    if (worker === undefined) throw new Error('no such process');
    worker.connected = false;
    this.emit('exit', worker);
  }
}

class Worker {
  connected = true;
  /** What the process itself sees of the channel. */
  readonly inside = Object.assign(new EventEmitter(), {
    send: (message: object, done?: (error: null) => void) => {
      queueMicrotask(() => {
        this.cluster.emit('message', this, structuredClone(message));
        done?.(null);
      });
      return true;
    },
  });

  constructor(
    readonly id: number,
    private readonly cluster: Cluster,
  ) {}

  isConnected = (): boolean => this.connected;
  send = (message: object): boolean => this.inside.emit('message', structuredClone(message));
}

const LABELS = { kind: 'core_prediction', outcome: 'completed' };
const runsIn = async (metrics: Metrics): Promise<number> => {
  const { body } = await metrics.text();
  return Number(/^job_runs_total\{.*\} (\d+)$/m.exec(body)?.[1] ?? NaN);
};

describe('figures of several processes', () => {
  it('are the same whichever is asked: counts and histograms in sum, gauges by their own rule', async () => {
    const cluster = new Cluster();
    const [one, other] = [cluster.start(), cluster.start()];
    one.telemetry.count('job_runs_total', LABELS, 2);
    other.telemetry.count('job_runs_total', LABELS, 3);
    one.telemetry.observe('job_wait_seconds', { kind: 'webhook' }, 0.3);
    other.telemetry.observe('job_wait_seconds', { kind: 'webhook' }, 7);
    one.telemetry.set('database_up', {}, 1);
    other.telemetry.set('database_up', {}, 0);
    const build = { version: '1', node: 'v20', database: 'postgres', job_engine: 'graphile' };
    for (const { telemetry } of [one, other]) telemetry.set('prediction_provider_build_info', build, 1);
    const own = (text: string): string[] =>
      text
        .split('\n')
        .filter((line) => /^(job|database|prediction)_/.test(line))
        .sort();
    const { body } = await one.metrics.text();
    expect(own((await other.metrics.text()).body)).toEqual(own(body));
    const lines = body.split('\n');
    expect(lines).toContain('job_runs_total{kind="core_prediction",outcome="completed"} 5');
    expect(lines).toContain('job_wait_seconds_bucket{kind="webhook",le="0.5"} 1');
    expect(lines).toContain('job_wait_seconds_bucket{kind="webhook",le="+Inf"} 2');
    expect(lines).toContain('job_wait_seconds_sum{kind="webhook"} 7.3');
    expect(lines).toContain('database_up 0');
    expect(body.match(/^prediction_provider_build_info\{.*\} 1$/gm)).toHaveLength(1);
    cluster.gathered.close();
  });

  it('do not fall when a process ends and another takes its place', async () => {
    const cluster = new Cluster();
    const [one, other] = [cluster.start(), cluster.start()];
    one.telemetry.count('job_runs_total', LABELS, 20);
    other.telemetry.count('job_runs_total', LABELS, 3);
    one.telemetry.set('audit_rows_waiting', {}, 40);
    expect(await runsIn(other.metrics)).toBe(23);
    one.telemetry.count('job_runs_total', LABELS, 5);
    await one.metrics.leave();
    cluster.end(one.id);
    expect(await runsIn(other.metrics)).toBe(28);
    const next = cluster.start();
    next.telemetry.count('job_runs_total', LABELS);
    cluster.end(other.id); // killed: what it had told last counts
    expect(await runsIn(next.metrics)).toBe(29);
    expect((await next.metrics.text()).body).not.toMatch(/^audit_rows_waiting 40$/m);
    cluster.gathered.close();
  });

  it('come without the newest ones of a process that does not answer', async () => {
    const cluster = new Cluster();
    const [one, silent] = [cluster.start(), cluster.start()];
    silent.telemetry.count('job_runs_total', LABELS, 4);
    expect(await runsIn(silent.metrics)).toBe(4);
    cluster.workers[silent.id]?.inside.removeAllListeners();
    silent.telemetry.count('job_runs_total', LABELS, 4);
    expect(await runsIn(one.metrics)).toBe(4);
    cluster.gathered.close();
  });
});
