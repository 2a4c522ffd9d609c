/** Files of 1,000,000 bars in the forms of several makers and in Parquet, loaded as the file feeder does, with the event loop watched meanwhile. */
import { createWriteStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { type CsvOptions, loadCsv } from '#libs/timeseries';

const ROWS = 1_000_000;
const MINUTE_MS = 60_000;
const MB = 1024 * 1024;

/** How one maker writes a bar. */
interface Form {
  readonly name: string;
  readonly header: string;
  readonly line: (time: string, prices: readonly number[]) => string;
  readonly options?: CsvOptions['format'];
}

const decimals = (prices: readonly number[], separator: string): string =>
  prices.map((price) => price.toFixed(5)).join(separator);
const dayFirst = (time: string): string => time.slice(0, 10).split('-').toReversed().join('.');

export const PLAIN: Form = {
  name: 'plain',
  header: 'DATE_TIME,OPEN,HIGH,LOW,CLOSE\n',
  line: (time, prices) => `${time},${decimals(prices, ',')}\n`,
};
const FORMS: readonly Form[] = [
  {
    name: 'MetaTrader 5, a zone',
    header: '<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\n',
    line: (time, prices) =>
      `${time.slice(0, 10).replaceAll('-', '.')}\t${time.slice(11)}\t${decimals(prices, '\t')}\n`,
    // Every time of the file exists there: Istanbul has had no summer time since 2016.
    options: { zone: 'Europe/Istanbul' },
  },
  {
    name: 'Dukascopy',
    header: 'Gmt time,Open,High,Low,Close\n',
    line: (time, prices) => `${dayFirst(time)} ${time.slice(11)}.000,${decimals(prices, ',')}\n`,
  },
  {
    name: 'HistData',
    header: '',
    line: (time, prices) => `${time.replaceAll(/[-:]/g, '')};${decimals(prices, ';')};0\n`,
  },
  {
    name: 'decimal comma',
    header: 'Datum;Erster;Hoch;Tief;Schlusskurs\n',
    line: (time, prices) =>
      `${dayFirst(time)} ${time.slice(11, 16)};${decimals(prices, ';').replaceAll('.', ',')}\n`,
  },
  {
    name: 'thousands in quotes',
    header: 'Date,Open,High,Low,Close\n',
    line: (time, prices) =>
      `${time.slice(5, 7)}/${time.slice(8, 10)}/${time.slice(0, 4)} ${time.slice(11, 16)},${prices.map((price) => `"1,${price.toFixed(5).replace('.', '').slice(0, 3)}.25"`).join(',')}\n`,
  },
];

export interface CsvMeasure {
  readonly name: string;
  readonly seconds: number;
  /** Processor time of all threads: what other work on the machine changes least. */
  readonly cpuSeconds: number;
  readonly extraMb: number;
  readonly delayP99Ms: number;
}

/** The plain file first, then each of the other forms. */
export async function measureCsv(): Promise<readonly CsvMeasure[]> {
  const measures: CsvMeasure[] = [];
  for (const form of [PLAIN, ...FORMS])
    measures.push(await measureFile(form.name, (path) => writeBars(path, form), form.options));
  return [...measures, await measureFile('Parquet (snappy)', writeParquet)];
}

async function measureFile(
  name: string,
  write: (path: string) => Promise<void>,
  options?: CsvOptions['format'],
): Promise<CsvMeasure> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-csv-'));
  try {
    const path = join(folder, 'bars.csv');
    await write(path);
    const before = process.memoryUsage().rss;
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const startedAt = performance.now();
    const usage = process.cpuUsage();
    const { frame } = await loadCsv(path, {
      dateColumn: 'DATE_TIME',
      ...(options && { format: options }),
    });
    const seconds = (performance.now() - startedAt) / 1000;
    const { user, system } = process.cpuUsage(usage);
    delay.disable();
    if (frame.length !== ROWS) throw new Error(`${frame.length} of ${ROWS} rows were loaded`);
    return {
      name,
      seconds,
      cpuSeconds: (user + system) / 1e6,
      extraMb: (process.memoryUsage().rss - before) / MB,
      delayP99Ms: delay.percentile(99) / 1e6,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export async function writeBars(
  path: string,
  { header, line }: Pick<Form, 'header' | 'line'>,
): Promise<void> {
  const file = createWriteStream(path);
  file.write(header);
  for (let row = 0; row < ROWS; row += 1) {
    const time = timeOf(row).toISOString().slice(0, 19).replace('T', ' ');
    if (!file.write(line(time, pricesOf(row)))) await once(file, 'drain');
  }
  file.end();
  await once(file, 'finish');
}

const timeOf = (row: number): Date => new Date(Date.UTC(2020, 0, 1) + row * MINUTE_MS);

function pricesOf(row: number): readonly number[] {
  const price = 1.1 + Math.sin(row / 1000) / 100;
  return [price, price + 0.0005, price - 0.0005, price + 0.0001];
}

function writeParquet(path: string): Promise<void> {
  const rows = Array.from({ length: ROWS }, (_, row) => row);
  const prices = ['OPEN', 'HIGH', 'LOW', 'CLOSE'].map((name, place) => ({
    name,
    data: rows.map((row) => Number(pricesOf(row)[place]?.toFixed(5))),
    type: 'DOUBLE' as const,
  }));
  const time = { name: 'DATE_TIME', data: rows.map(timeOf), type: 'TIMESTAMP' as const };
  writeFileSync(path, Buffer.from(parquetWriteBuffer({ columnData: [time, ...prices], codec: 'SNAPPY' })));
  return Promise.resolve();
}
