import { Injectable } from '@nestjs/common';
import { Database, runSql } from '#libs/database';
import { JobEngine } from '#libs/jobs';
import { systemClock, within } from '#libs/kernel';
import { PluginRegistry } from '#libs/plugin-host';
import type { HealthReading } from '#libs/plugin-sdk';
import { AuditRecorder } from '../../audit/audit.port.js';
import { HttpFront } from '../http/http-front.js';

/** Probes ask every few seconds and wait about as long. */
const LIMIT_MS = 1_500;

type Detail = HealthReading['detail'];

/** Measures whether the process is able to take traffic. */
@Injectable()
export class Readiness {
  constructor(
    private readonly front: HttpFront,
    private readonly database: Database,
    private readonly plugins: PluginRegistry,
    private readonly jobs: JobEngine,
    private readonly audit: AuditRecorder,
  ) {}

  /** Every condition, measured now; a check that fails is a reading that is down, never an error. */
  async readings(): Promise<HealthReading[]> {
    const elsewhere = this.plugins.readings();
    const own = await Promise.all([
      measured('server', async () => ({
        up: !this.front.stopping,
        detail: { stopping: this.front.stopping },
      })),
      measured('database', () => this.#database()),
      measured('jobs', () => this.#jobs()),
      measured('plugins', async () => this.#plugins()),
      measured('audit', async () => ({ up: !this.audit.overloaded, detail: {} })),
    ]);
    return [...own, ...(await elsewhere)];
  }

  async #database(): Promise<Measured> {
    const started = performance.now();
    const { kind, file, availability } = this.database;
    file?.assertInPlace();
    const { outage } = availability.figures;
    // reads alone show what keeps PostgreSQL from serving; a SQLite file may be readable and take no write
    if (outage !== null && kind === 'sqlite') return { up: false, detail: { kind, code: outage.code } };
    await runSql(this.database.read, 'SELECT 1');
    return { up: true, detail: { kind, response_ms: performance.now() - started } };
  }

  async #jobs(): Promise<Measured> {
    const { queued, running, oldestWaitMs } = await this.jobs.counts();
    return { up: true, detail: { queued, running, oldest_wait_ms: oldestWaitMs } };
  }

  #plugins(): Measured {
    const all = this.plugins.summaries();
    const failed = all.filter(({ state }) => state === 'failed').length;
    return { up: true, detail: { loaded: all.filter(({ state }) => state === 'active').length, failed } };
  }
}

interface Measured {
  readonly up: boolean;
  readonly detail: Detail;
}

async function measured(name: string, measure: () => Promise<Measured>): Promise<HealthReading> {
  try {
    const late = () => new Error(`${name} was not measured in time`);
    return { name, ...(await within(systemClock, LIMIT_MS, measure(), late)) };
  } catch {
    // The reading is the report; the cause is in the log of whatever is broken.
    return { name, up: false, detail: {} };
  }
}
