import { Injectable } from '@nestjs/common';
import { cpus, totalmem } from 'node:os';
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppConfig } from '#libs/config';
import { Clock } from '#libs/kernel';

/** Space of the file system that holds the database (SQLite) or the working folder. Bytes. */
export interface DiskSpace {
  readonly usedBytes: number;
  readonly availableBytes: number;
  /** 0 to 100, of what the service's user may use. */
  readonly usedPercent: number;
}

/** The shortest interval over which processor time is averaged. */
const MIN_SAMPLE_MS = 1_000;

const percent = (part: number, whole: number): number =>
  whole > 0 ? Math.round((part / whole) * 1000) / 10 : 0;

/** What this process and its machine use, measured. Percentages are 0 to 100 with one decimal. */
@Injectable()
export class ProcessFigures {
  #sample: { readonly atMs: number; readonly busyMs: number };
  #cpuPercent: number;

  constructor(
    private readonly clock: Clock,
    private readonly config: AppConfig,
  ) {
    this.#sample = { atMs: clock.monotonic(), busyMs: busyMs() };
    this.#cpuPercent = percent(busyMs(), process.uptime() * 1000 * cpus().length);
  }

  /** Processor time of this process since the last look (at least a second ago), of all processors together. */
  cpuPercent(): number {
    const now = { atMs: this.clock.monotonic(), busyMs: busyMs() };
    const elapsedMs = now.atMs - this.#sample.atMs;
    if (elapsedMs >= MIN_SAMPLE_MS) {
      this.#cpuPercent = percent(now.busyMs - this.#sample.busyMs, elapsedMs * cpus().length);
      this.#sample = now;
    }
    return this.#cpuPercent;
  }

  /** Resident memory of this process. */
  memoryBytes(): number {
    return process.memoryUsage.rss();
  }

  /** Resident memory of this process, of the machine's. */
  memoryPercent(): number {
    return percent(this.memoryBytes(), totalmem());
  }

  /** Null where the file system tells nothing. */
  async disk(): Promise<DiskSpace | null> {
    const { database } = this.config;
    const folder =
      database.kind === 'sqlite' && database.path !== ':memory:' ? dirname(database.path) : process.cwd();
    const { bsize, blocks, bfree, bavail } = await statfs(folder);
    if (blocks === 0) return null;
    const usedBytes = (blocks - bfree) * bsize;
    const availableBytes = bavail * bsize;
    return { usedBytes, availableBytes, usedPercent: percent(usedBytes, usedBytes + availableBytes) };
  }
}

function busyMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
