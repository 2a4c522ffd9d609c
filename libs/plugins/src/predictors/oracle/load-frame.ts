import { type Frame, type PluginLogger, PluginError } from '#libs/plugin-sdk';
import { type FileFormat, type FileNote, loadCsv } from '#libs/timeseries';
import { configuredFile } from '../../configured-file.js';

/** What a predictor reads of a file of its own. */
export interface FrameSource {
  /** Name of the parameter that holds the path, for messages. */
  readonly parameter: string;
  readonly path: string | null;
  readonly dateColumn: string;
  /** How the file is written; found out where absent. */
  readonly format?: FileFormat;
  /** Columns that must be there, all that hold numbers when absent; an empty cell is NaN. */
  readonly columns?: readonly string[];
}

/** The part of a plugin's context that loading needs. */
export interface FrameLoading {
  readonly resolveFile: (path: string) => string;
  readonly logger: PluginLogger;
}

/** What every file of prices has, and no reason for a warning. */
const QUIET = new Set<FileNote['code']>(['gaps', 'duplicate_times', 'ignored_columns']);

/**
 * Loads the bars of a predictor, sorted by time; equal times are kept. Rows that can't be read are left out; what is
 * to be known of the file is logged.
 * @throws PluginError `not_configured` when the parameter is not set or the file can't be used; the text names no folder
 */
export async function loadFrame(source: FrameSource, { resolveFile, logger }: FrameLoading): Promise<Frame> {
  const { parameter, path, ...options } = source;
  if (path === null) throw new PluginError('not_configured', `${parameter} must name a CSV file`);
  const loaded = await configuredFile(parameter, () => loadCsv(resolveFile(path), options));
  for (const { code, text } of loaded.notes) {
    if (!QUIET.has(code)) logger.warn(`${parameter}: ${text}`, { code });
  }
  return loaded.frame;
}
