import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createPlugin,
  type EntryQuestion,
  type ExitQuestion,
  type ForecastRequest,
  type ParameterDeclarations,
  type Predictor,
  type PredictorDefinition,
} from '#libs/plugin-sdk';
import { parseSyncTimestamp, parseTimestamp } from '#libs/timeseries';

/** Warnings that plugins logged since the start of the spec file. */
export const warnings: string[] = [];

/** Creates a predictor as the host would; what it warns of goes to {@link warnings}. */
export const createPredictor = async <
  P extends Predictor = Predictor,
  D extends ParameterDeclarations = ParameterDeclarations,
>(
  definition: PredictorDefinition<D>,
  given: Readonly<Record<string, unknown>> = {},
): Promise<P> => {
  const logger = { info: () => {}, warn: (message: string) => void warnings.push(message), error: () => {} };
  return (await createPlugin(definition, given, { logger })) as P;
};

/** A folder for the files of one spec; `remove` in afterAll. */
export function scratchFolder(): { write(name: string, text: string): string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'predictors-'));
  return {
    write: (name, text) => {
      const path = join(folder, name);
      writeFileSync(path, text);
      return path;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Epoch ms of `YYYY-MM-DD HH:MM[:SS]` or of a synchronous timestamp. */
export function at(text: string): number {
  const time = parseTimestamp(text) ?? parseSyncTimestamp(text);
  if (time === null) throw new Error(`no timestamp: ${text}`);
  return time;
}

export const entryAt = (
  time: string,
  takeProfitPips: number,
  stopLossPips: number,
  costs: Partial<EntryQuestion> = {},
): EntryQuestion => ({
  time: at(time),
  takeProfitPips,
  stopLossPips,
  spreadPips: 0,
  commissionPerLot: 0,
  slippagePips: 0,
  ...costs,
});

export const exitAt = (
  time: string,
  direction: 'buy' | 'sell',
  takeProfitPrice: number,
  stopLossPrice: number,
): ExitQuestion => ({ time: at(time), direction, takeProfitPrice, stopLossPrice });

export const forecastRequest = (part: Partial<ForecastRequest> = {}): ForecastRequest => ({
  symbol: 'EURUSD',
  interval: '1h',
  horizons: null,
  horizon: null,
  baseline: null,
  dateColumn: null,
  targetColumn: null,
  signal: new AbortController().signal,
  ...part,
});

/** Fourteen hourly bars over a Wednesday to a Tuesday, with holes and a weekend. */
export const FOURTEEN_BARS = `DATE_TIME,OPEN,HIGH,LOW,CLOSE
2024-01-10 08:00:00,1.10000,1.10010,1.09990,1.10000
2024-01-10 09:00:00,1.10000,1.10070,1.09995,1.10040
2024-01-10 10:00:00,1.10040,1.10060,1.10030,1.10055
2024-01-10 11:00:00,1.10055,1.10056,1.09890,1.10100
2024-01-10 12:00:00,1.10100,1.10200,1.10090,1.10150
2024-01-11 12:00:00,1.10150,1.10160,1.10000,1.10010
2024-01-12 19:00:00,1.10010,1.10020,1.09900,1.09950
2024-01-12 20:00:00,1.09950,1.09960,1.09800,1.09850
2024-01-12 21:00:00,1.09850,1.09900,1.09700,1.09720
2024-01-14 22:00:00,1.09720,1.09800,1.09600,1.09650
2024-01-15 00:00:00,1.09650,1.09700,1.09500,1.09550
2024-01-15 01:00:00,1.09550,1.09560,1.09400,1.09420
2024-01-15 02:00:00,1.09420,1.09500,1.09300,1.09450
2024-01-16 02:00:00,1.09450,1.09900,1.09440,1.09880
`;
