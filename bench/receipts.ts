/** What a receipt costs a forecast end to end, on both databases: predictions with and without, by turns in one process. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { servePostgres } from './postgres.js';

export interface ReceiptFigures {
  readonly database: 'SQLite' | 'PostgreSQL';
  readonly forecasts: number;
  /** 95th percentiles, milliseconds from submit to the completed answer, idle service. */
  readonly withP95Ms: number;
  readonly withoutP95Ms: number;
  readonly withP50Ms: number;
  readonly withoutP50Ms: number;
  /** Of the processor, drafting, linking and signing included. */
  readonly moreCpuMs: number;
  /** On the disk, with indexes. */
  readonly bytesEach: number;
  /** Of which what is signed. */
  readonly textBytesEach: number;
}

interface Measured {
  readonly on: readonly number[];
  readonly off: readonly number[];
  readonly moreCpuMs: number;
  readonly bytes: number;
  readonly textBytes: number;
}

export async function measureReceipts(): Promise<readonly ReceiptFigures[]> {
  const folder = mkdtempSync(join(tmpdir(), 'prediction-provider-bench-'));
  const postgres = await servePostgres();
  try {
    return [
      await measureOn('SQLite', `sqlite:///${join(folder, 'receipts.db')}`),
      await measureOn('PostgreSQL', await postgres.create('receipts')),
    ];
  } finally {
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureOn(database: ReceiptFigures['database'], url: string): Promise<ReceiptFigures> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--no-warnings',
    '--import',
    './test/runner/built-product.js',
    'bench/receipts-process.ts',
    `--database_url=${url}`,
  ]);
  const { on, off, moreCpuMs, bytes, textBytes } = JSON.parse(stdout) as Measured;
  return {
    database,
    forecasts: on.length,
    withP95Ms: at(on, 0.95),
    withoutP95Ms: at(off, 0.95),
    withP50Ms: at(on, 0.5),
    withoutP50Ms: at(off, 0.5),
    moreCpuMs,
    bytesEach: bytes,
    textBytesEach: textBytes,
  };
}

const at = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor(share * (values.length - 1))] ?? NaN;
