import { Injectable } from '@nestjs/common';
import { Database, runSql } from '#libs/database';
import { JobEngine } from '#libs/jobs';
import { PluginRegistry } from '#libs/plugin-host';
import type { HealthReading } from '#libs/plugin-sdk';
import { AuditRecorder } from '../../audit/audit.port.js';
import { HttpFront } from '../http/http-front.js';

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
  readings(): Promise<HealthReading[]> {
    return Promise.all([
      measured('server', async () => ({
        up: !this.front.stopping,
        detail: { stopping: this.front.stopping },
      })),
      measured('database', () => this.#database()),
      measured('jobs', () => this.#jobs()),
      measured('plugins', async () => this.#plugins()),
      measured('audit', async () => ({ up: !this.audit.overloaded, detail: {} })),
    ]);
  }

  async #database(): Promise<Measured> {
    const started = performance.now();
    await runSql(this.database.read, 'SELECT 1');
    return { up: true, detail: { kind: this.database.kind, response_ms: performance.now() - started } };
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
    return { name, ...(await measure()) };
  } catch {
    // The reading is the report; the cause is in the log of whatever is broken.
    return { name, up: false, detail: {} };
  }
}
