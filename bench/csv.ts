/** A CSV of 1,000,000 bars, loaded as the file feeder does, with the event loop watched meanwhile. */
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { loadCsv } from '#libs/timeseries';

const ROWS = 1_000_000;
const MINUTE_MS = 60_000;
const MB = 1024 * 1024;

export async function measureCsv(): Promise<{
  readonly seconds: number;
  readonly extraMb: number;
  readonly delayP99Ms: number;
}> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-csv-'));
  try {
    const path = join(folder, 'bars.csv');
    await writeBars(path);
    const before = process.memoryUsage().rss;
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const startedAt = performance.now();
    const { frame } = await loadCsv(path, { dateColumn: 'DATE_TIME' });
    const seconds = (performance.now() - startedAt) / 1000;
    delay.disable();
    if (frame.length !== ROWS) throw new Error(`${frame.length} of ${ROWS} rows were loaded`);
    return {
      seconds,
      extraMb: (process.memoryUsage().rss - before) / MB,
      delayP99Ms: delay.percentile(99) / 1e6,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function writeBars(path: string): Promise<void> {
  const file = createWriteStream(path);
  file.write('DATE_TIME,OPEN,HIGH,LOW,CLOSE\n');
  for (let row = 0; row < ROWS; row += 1) {
    const time = new Date(Date.UTC(2020, 0, 1) + row * MINUTE_MS)
      .toISOString()
      .slice(0, 19)
      .replace('T', ' ');
    const price = 1.1 + Math.sin(row / 1000) / 100;
    const prices = [price, price + 0.0005, price - 0.0005, price + 0.0001].map((value) => value.toFixed(5));
    if (!file.write(`${time},${prices.join(',')}\n`)) await once(file, 'drain');
  }
  file.end();
  await once(file, 'finish');
}
