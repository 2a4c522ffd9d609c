import { type FrameLoading, loadFrame } from './load-frame.js';
import { OracleBars, type OracleSettings } from './oracle-bars.js';

interface OracleFile extends OracleSettings {
  readonly csv_file: string | null;
  readonly datetime_column: string;
}

/**
 * Loads `csv_file` of a barrier oracle.
 * @throws PluginError `not_configured` when it is not set or can't be used
 */
export async function loadOracleBars(settings: OracleFile, loading: FrameLoading): Promise<OracleBars> {
  const { csv_file: path, datetime_column: dateColumn } = settings;
  const columns = [...new Set([settings.high_column, settings.low_column, settings.close_column])];
  const frame = await loadFrame({ parameter: 'csv_file', path, dateColumn, columns }, loading);
  return new OracleBars(frame, settings);
}
