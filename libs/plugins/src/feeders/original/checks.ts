import type { ParametersOf } from '#libs/kernel';
import { PluginError } from '#libs/plugin-sdk';
import type { DecompositionOptions } from '#libs/timeseries';
import type { realParameters } from './parameters.js';

/** Columns by kind. */
interface Features {
  readonly columns: readonly string[];
  readonly technical: readonly string[];
  readonly ticks: readonly string[];
  readonly decomposed: readonly string[];
}

/** What the numbers and names of the columns are, where they are not those that are expected. */
export function featureFaults(
  settings: ParametersOf<typeof realParameters>,
  { columns, technical, ticks, decomposed }: Features,
  expected: readonly string[],
): readonly string[] {
  const counts = [
    ['expected_feature_count', settings.expected_feature_count, columns.length],
    ['expected_stl_features', settings.expected_stl_features, decomposed.length],
    ['expected_technical_indicators', settings.expected_technical_indicators, technical.length],
    ['expected_tick_features', settings.expected_tick_features, ticks.length],
  ] as const;
  const missing = expected.filter((name) => !columns.includes(name));
  const further = columns.filter((name) => !expected.includes(name));
  return [
    ...counts
      .filter(([, wanted, count]) => settings.validate_feature_count && wanted !== count)
      .map(([name, wanted, count]) => `${name} is ${wanted}, but the switches give ${count}`),
    ...(settings.validate_feature_names && missing.length > 0 ? [`missing are ${missing.join(', ')}`] : []),
    ...(settings.validate_feature_names && further.length > 0
      ? [`not expected are ${further.join(', ')}`]
      : []),
  ];
}

/**
 * Faults as notes.
 * @throws PluginError `not_configured` when the validation is strict
 */
export function settle(isStrict: boolean, faults: readonly string[]): readonly string[] {
  if (!isStrict || faults.length === 0) return faults.map((fault) => `feature_check: ${fault}`);
  throw new PluginError(
    'not_configured',
    `${faults.join('; ')} (validate_feature_count, validate_feature_names and strict_validation switch the checks off)`,
  );
}

/** @throws PluginError `not_configured` for windows that are too short for their parts */
export function checkDecomposition(options: DecompositionOptions): DecompositionOptions {
  const { stl } = options;
  if (stl !== null && stl.window < 2 * stl.period) {
    throw new PluginError(
      'not_configured',
      `stl_window must be at least twice stl_period (${2 * stl.period}), not ${stl.window}`,
    );
  }
  if (stl !== null && stl.trend % 2 === 0) {
    throw new PluginError('not_configured', `stl_trend must be odd, not ${stl.trend}`);
  }
  return options;
}
