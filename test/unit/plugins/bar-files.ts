import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll } from '@jest/globals';
import { createPlugin, type Feeder, type PluginLogger } from '#libs/plugin-sdk';
import { FakeClock } from '#libs/testing';
import defaultFeeder from '../../../libs/plugins/src/feeders/default-feeder/default-feeder.js';

export const HOUR = 3_600_000;
export const START = Date.UTC(2026, 0, 5);

const text = (time: number): string => new Date(time).toISOString().slice(0, 19).replace('T', ' ');

/** A smooth, never flat price, so that every indicator is defined. */
export const priceAt = (row: number): number =>
  1.1 + Math.sin(row / 7) / 100 + Math.cos(row / 3) / 300 + row / 100_000;

/** CSV lines of bars that begin `stepMs` apart. */
export const barLines = (rows: number, stepMs = HOUR, start = START): string[] =>
  Array.from({ length: rows }, (_, row) => {
    const [open, close] = [priceAt(row), priceAt(row + 1)];
    const [high, low] = [Math.max(open, close) + 0.001, Math.min(open, close) - 0.001];
    return `${text(start + row * stepMs)},${open},${high},${low},${close}`;
  });

export const HEADER = 'DATE_TIME,OPEN,HIGH,LOW,CLOSE';

/** A folder of CSV files that goes away with the spec. */
export function barFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'bars-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const clock = new FakeClock();
  const lines: string[] = [];
  const write = (line: string) => {
    lines.push(line);
  };
  const logger: PluginLogger = { info: write, warn: write, error: write };
  return {
    folder,
    clock,
    /** What plugins logged. */
    lines,
    write: (name: string, rows: readonly string[], header = HEADER): string => {
      writeFileSync(join(folder, name), [header, ...rows, ''].join('\n'));
      return name;
    },
    feeder: (parameters: Readonly<Record<string, unknown>>): Promise<Feeder> =>
      createPlugin(
        defaultFeeder,
        { data_source: 'file', ...parameters },
        { resolveFile: (path) => resolve(folder, path), logger, clock },
      ),
  };
}
