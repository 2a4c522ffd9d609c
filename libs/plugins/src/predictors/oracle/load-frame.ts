import { type Frame, type PluginLogger, PluginError } from '#libs/plugin-sdk';
import { loadCsv } from '#libs/timeseries';
import { configuredFile } from '../../configured-file.js';

/** What a predictor reads of a file of its own. */
export interface FrameSource {
  /** Name of the parameter that holds the path, for messages. */
  readonly parameter: string;
  readonly path: string | null;
  readonly dateColumn: string;
  /** Columns that must be there, all that hold numbers when absent; an empty cell is NaN. */
  readonly columns?: readonly string[];
}

/** The part of a plugin's context that loading needs. */
export interface FrameLoading {
  readonly resolveFile: (path: string) => string;
  readonly logger: PluginLogger;
}

/**
 * Loads the bars of a predictor, sorted by time; equal times are kept. Rows that can't be read are left out and logged.
 * @throws PluginError `not_configured` when the parameter is not set or the file can't be used; the text names no folder
 */
export async function loadFrame(source: FrameSource, { resolveFile, logger }: FrameLoading): Promise<Frame> {
  const { parameter, path, ...options } = source;
  if (path === null) throw new PluginError('not_configured', `${parameter} must name a CSV file`);
  const csv = { ...options, emptyCells: 'nan' } as const;
  const loaded = await configuredFile(parameter, () => loadCsv(resolveFile(path), csv));
  if (loaded.badRowCount > 0) {
    const badRows = loaded.badRows.slice(0, 10);
    logger.warn(`${loaded.badRowCount} bad rows of ${parameter} were left out`, { badRows });
  }
  return loaded.frame;
}
