import type { ModelInfo } from '#libs/plugin-sdk';
import type { OracleBars, OracleSettings } from './oracle-bars.js';

interface InfoSettings extends OracleSettings {
  readonly window_size: number;
  readonly noise_mode: string;
}

/** Model info of a barrier oracle: the original's keys, then what makes its answers what they are. */
export const oracleInfo = (
  name: string,
  scope: string,
  settings: InfoSettings,
  bars: OracleBars,
): ModelInfo => ({
  model_name: name,
  window_size: settings.window_size,
  supported_types: ['entry', 'exit'],
  entry_directions: ['buy', 'sell'],
  exit_directions: ['buy', 'sell'],
  prediction_scope: scope,
  required_columns: ['OPEN', 'HIGH', 'LOW', 'CLOSE'],
  accepts_ohlc_window: false,
  looks_ahead: true,
  horizon_mode: settings.horizon_mode,
  timestamp_match: settings.timestamp_match,
  match_limit_seconds: settings.match_limit_seconds,
  noise_mode: settings.noise_mode,
  ...bars.summary(),
});
