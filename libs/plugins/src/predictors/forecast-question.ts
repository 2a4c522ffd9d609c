import { decimal, integer, numberList, type ParameterDeclarations, text } from '#libs/kernel';
import { type ForecastRequest, type Frame, PluginError, wantedHorizons } from '#libs/plugin-sdk';

/** What a forecast is about when a request does not say: parameters of every forecasting predictor. */
export const forecastParameters = {
  prediction_horizon: integer(
    { default: 6, min: 1, max: 1000 },
    'Number of steps to forecast when a request names none.',
  ),
  prediction_target_column: text('CLOSE', 'Column to forecast when a request names none.'),
} as const satisfies ParameterDeclarations;

/** How the uncertainty of a forecast is told: parameters of the predictors that know its distribution. */
export const intervalParameters = {
  prediction_confidence_level: decimal(
    { default: 0.95, min: 0.01, max: 0.9999 },
    'Coverage of the intervals, for example 0.95.',
  ),
  quantile_levels: numberList(
    [0.05, 0.25, 0.5, 0.75, 0.95],
    'Probabilities, each between 0 and 1, of the quantiles to return.',
  ),
} as const satisfies ParameterDeclarations;

/** @throws PluginError `not_configured` for a quantile that is not between 0 and 1 */
export function checkQuantileLevels(levels: readonly number[]): void {
  const wrong = levels.find((level) => !(level > 0 && level < 1));
  if (wrong === undefined) return;
  throw new PluginError('not_configured', `quantile_levels must lie between 0 and 1, not ${wrong}`);
}

/**
 * The steps ahead that a forecast is about, in the caller's order: the named ones, else 1 to the asked or configured
 * horizon.
 * @throws PluginError `invalid_request` for a step that is no positive whole number
 */
export function horizonsOf(
  request: Pick<ForecastRequest, 'horizons' | 'horizon'>,
  configured: number,
): readonly number[] {
  const steps = wantedHorizons({ ...request, horizon: request.horizon ?? configured }) ?? [];
  const wrong = steps.find((step) => !Number.isSafeInteger(step) || step < 1);
  if (wrong === undefined) return steps;
  throw new PluginError('invalid_request', `a horizon must be a whole number of at least 1, not ${wrong}`);
}

/** The default of the original, in all dumps of its settings, and a column of none of its files. */
const COLUMN_OF_NO_FILE = 'close_price';

/**
 * The configured column, for a request that names none. `close_price` in files without it means CLOSE: the answer says
 * which one was forecast.
 */
export const configuredColumn = (frame: Frame, configured: string): string =>
  configured === COLUMN_OF_NO_FILE && frame.spelled(configured) === undefined ? 'CLOSE' : configured;

/**
 * The column that is forecast; a name that only differs in case is taken.
 * @throws PluginError `no_data` for a frame without rows, `invalid_request` (names what there is) for a missing column
 */
export function targetColumn(frame: Frame, name: string): { name: string; values: Float64Array } {
  if (frame.length === 0) throw new PluginError('no_data', 'there are no bars to forecast from');
  const spelled = frame.spelled(name);
  if (spelled !== undefined) return { name: spelled, values: frame.column(spelled) };
  const present = frame.names.join(', ');
  throw new PluginError('invalid_request', `there is no column "${name}"; the data has ${present}`);
}
