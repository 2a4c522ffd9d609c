/** What twenty models add to a start: compiled for the first time, and kept from the start before. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { builtInLstm } from './keras-onnx.js';
import { median } from './predictions.js';
import { serveProduct } from './served.js';

const MODELS = 20;
const TURNS = 5;
const COLUMNS = ['OPEN', 'HIGH', 'LOW', 'CLOSE', 'VOLUME', 'SPREAD', 'TICKS', 'DEPTH'];
const BARS = 400;

/** Milliseconds from the start of the process to readiness. */
export interface KeptModelsFigures {
  readonly withoutMs: number;
  /** With twenty models that nobody has compiled yet, once. */
  readonly firstMs: number;
  /** With the same models after a restart. */
  readonly keptMs: number;
}

/** Starts the built service by turns, without models and with models that are kept compiled. */
export async function measureKeptModels(): Promise<KeptModelsFigures> {
  const folder = mkdtempSync(join(tmpdir(), 'prediction-provider-bench-kept-'));
  try {
    const settings = await settingsIn(folder);
    const readyOf = async (given: Readonly<Record<string, string>>): Promise<number> => {
      const served = await serveProduct(given);
      await served.stop();
      return served.readyMs;
    };
    // With the same data: the feeder of files alone takes longer to load than that of the defaults.
    const without = Object.fromEntries(
      Object.entries(settings).filter(([name]) => !name.startsWith('model_')),
    );
    const first = await readyOf(settings);
    const times: { without: number[]; kept: number[] } = { without: [], kept: [] };
    for (let turn = 0; turn < TURNS; turn += 1) {
      times.kept.push(await readyOf(settings));
      times.without.push(await readyOf(without));
    }
    return { withoutMs: median(times.without), firstMs: first, keptMs: median(times.kept) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function settingsIn(folder: string): Promise<Record<string, string>> {
  mkdirSync(join(folder, 'models'));
  const files: Record<string, string> = {};
  for (let number = 0; number < MODELS; number += 1) {
    const name = `lstm_${number}`;
    files[name] = await builtInLstm(join(folder, 'models'), name);
    const metadata = { feature_columns: COLUMNS, window_size: 256, target_column: 'CLOSE' };
    writeFileSync(join(folder, 'models', `${name}_metadata.json`), JSON.stringify(metadata));
  }
  const rows = Array.from({ length: BARS }, (_, bar) => {
    const time = new Date(Date.UTC(2020, 0, 1) + bar * 3_600_000).toISOString().slice(0, 19);
    return [time, ...COLUMNS.map((_name, column) => (1 + Math.sin(bar / 9 + column) / 10).toFixed(6))].join();
  });
  const bars = join(folder, 'bars.csv');
  writeFileSync(bars, [`DATE_TIME,${COLUMNS.join()}`, ...rows, ''].join('\n'));
  return {
    data_source: 'file',
    data_file_path: bars,
    model_path: files['lstm_0'] ?? '',
    model_files: JSON.stringify(files),
    compiled_models: join(folder, 'kept'),
  };
}

/** The figures in words. */
export const describeKeptModels = ({ withoutMs, firstMs, keptMs }: KeptModelsFigures): string =>
  `${(keptMs - withoutMs).toFixed(0)} ms (ready after ${keptMs.toFixed(0)} ms, ${withoutMs.toFixed(0)} ms without models); ` +
  `${(firstMs - withoutMs).toFixed(0)} ms where none is compiled yet`;

if (process.argv[1] === fileURLToPath(import.meta.url))
  console.log(`${MODELS} models added to a restart: ${describeKeptModels(await measureKeptModels())}`);
