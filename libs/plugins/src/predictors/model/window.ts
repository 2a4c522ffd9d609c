import { AppError } from '#libs/kernel';
import { PluginError, type Frame } from '#libs/plugin-sdk';
import {
  computeFeatures,
  featureInputs,
  featureReach,
  formatNaiveIso,
  type Normalisation,
} from '#libs/timeseries';
import { fileFault } from './model-file.js';
import { type FeatureDefinitions, metadataName, type ModelMetadata } from './model-metadata.js';
import type { ServedModel } from './served-model.js';

/** One column of a window. */
export interface WindowColumn {
  /** Its name in the frame. */
  readonly name: string;
  /** Its entry in the normalisation; null for a column that stays as it is. */
  readonly scale: string | null;
}

/** What a window is made of. */
export interface WindowSpec {
  /** In the model's order. */
  readonly columns: readonly WindowColumn[];
  /** Bars. */
  readonly size: number;
  readonly normalisation: Normalisation | null;
  /** Too little history: an error, or rows of zeros in front, as some models were trained with. */
  readonly padding: 'refuse' | 'zeros';
  /** Numbers that stand behind the columns in every row that has a bar; not normalised. */
  readonly constants?: readonly number[];
  /** Statistics that stand behind the constants in every row that has a bar. */
  readonly statistics?: WindowStatistics | undefined;
}

/** Statistics of one column of a window, as it is handed to the model (scaled): three for each period. */
export interface WindowStatistics {
  /** Place among the columns. */
  readonly column: number;
  readonly periods: readonly number[];
}

/** Where the columns of a window come from. */
export interface ColumnSource {
  /** `feature_columns` of the metadata. */
  readonly named: readonly string[] | null;
  /** Columns that the model takes, without those that the caller adds. */
  readonly width: number;
  /** The column that is forecast, if any. */
  readonly target?: string | null;
  /** Columns that are never features, such as labels. */
  readonly without?: readonly string[];
  readonly normalisation: Normalisation | null;
}

/**
 * The last bars with the features that a model names and the data do not have, as far as they can be computed from these
 * bars alone (docs/features.md).
 * @param rows bars whose features are wanted; so many more are looked at that the features no longer depend on the first
 */
export function withFeatures(frame: Frame, metadata: ModelMetadata, rows: number): Frame {
  const lacking = (metadata.featureColumns ?? [])
    .filter((name) => frame.spelled(name) === undefined)
    .map((name) => ({ name, feature: featureFor(name, metadata.featureDefinitions ?? 'standard') }))
    .filter(({ feature }) => isFeature(frame, feature));
  if (lacking.length === 0) return frame;
  const features = lacking.map(({ feature }) => feature);
  const reach = Math.max(...features.map((feature) => featureReach(feature).settled));
  const last = frame.last(rows + reach);
  const values = computeFeatures(last, features);
  return last.with(lacking.map(({ name, feature }) => [name, values.get(feature) ?? NO_VALUES] as const));
}

const NO_VALUES = new Float64Array();

/** Columns that the original's training files name otherwise than docs/features.md. */
const ORIGINAL: readonly (readonly [name: RegExp, feature: string])[] = [
  [/^BB_Width$/i, 'BB_range'],
  [/^CCI$/i, 'CCI_20'],
  [/^ATR_ratio$/i, 'target_ATR_ratio'],
  [/^rolling_std(_\d+)?$/i, 'typical_price_std$1'],
  [/^price_minus_ema(_\d+)?$/i, 'typical_price_minus_EMA$1'],
];

/** The feature of docs/features.md that a column of a model's metadata means. */
export function featureFor(column: string, definitions: FeatureDefinitions): string {
  const found = definitions === 'original' ? ORIGINAL.find(([name]) => name.test(column)) : undefined;
  return found === undefined ? column : column.replace(...found);
}

function isFeature(frame: Frame, name: string): boolean {
  try {
    featureInputs(frame, [name]);
    return true;
  } catch (error) {
    if (error instanceof AppError) return false;
    throw error;
  }
}

/**
 * The columns of a window. The named ones where the metadata name them; else the target alone for a model that takes one
 * column, or all columns but `without` where their number is the model's.
 * @throws PluginError `invalid_request` naming what is missing and what there is
 */
export function windowColumns(frame: Frame, source: ColumnSource): readonly WindowColumn[] {
  return wantedColumns(frame, source).map((wanted) => {
    const name = frame.spelled(wanted);
    if (name === undefined) throw missing(frame, wanted);
    const scale = [wanted, name].find((one) => source.normalisation?.has(one) === true) ?? null;
    return { name, scale };
  });
}

function wantedColumns(frame: Frame, source: ColumnSource): readonly string[] {
  const { named, width, target = null, without = [] } = source;
  if (named !== null) return named;
  if (width === 1 && target !== null) return [target];
  const left = frame.names.filter((name) => !without.includes(name));
  if (left.length === width) return left;
  throw new PluginError(
    'invalid_request',
    `the model takes ${width} columns and its metadata name none (feature_columns); the data has ${frame.names.join(', ')}`,
  );
}

/**
 * The bars up to and including `row`, oldest first, row by row as float32. Bars after `row` are never read.
 * @throws PluginError `no_data` when there is too little history, or a bar of the window has no value
 */
export function windowAt(frame: Frame, row: number, spec: WindowSpec): Float32Array {
  const { columns, size, normalisation, padding, constants = [], statistics } = spec;
  const from = row - size + 1;
  if (from < 0 && padding === 'refuse') {
    throw new PluginError(
      'no_data',
      `the model looks at ${size} bars; up to the baseline there are ${row + 1}`,
    );
  }
  const width = columns.length + constants.length + 3 * (statistics?.periods.length ?? 0);
  const window = new Float32Array(size * width);
  const first = Math.max(0, from);
  columns.forEach(({ name, scale }, column) => {
    const values = frame.column(name);
    for (let at = first; at <= row; at += 1) {
      const value = values[at] ?? NaN;
      const scaled = Math.fround(
        scale === null || !normalisation ? value : normalisation.apply(scale, value),
      );
      if (!Number.isFinite(scaled)) throw noValue(frame, name, at);
      window[(at - from) * width + column] = scaled;
    }
  });
  const added = [...constants, ...statisticsIn(window, width, first - from, statistics)];
  for (let at = first; at <= row; at += 1) window.set(added, (at - from) * width + columns.length);
  return window;
}

/**
 * For each period: population standard deviation, exponential average with α = 2/(n + 1) begun with the first value, and
 * the last value minus that average; over the last n values of the column, n being the period or the number of bars if
 * there are fewer.
 */
function statisticsIn(
  window: Float32Array,
  width: number,
  firstBar: number,
  statistics: WindowStatistics | undefined,
): readonly number[] {
  if (statistics === undefined) return [];
  const { column, periods } = statistics;
  const values: number[] = [];
  for (let at = firstBar * width + column; at < window.length; at += width) values.push(window[at] ?? NaN);
  return periods.flatMap((period) => {
    const tail = values.slice(-period);
    const mean = tail.reduce((sum, value) => sum + value, 0) / tail.length;
    const squares = tail.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    const alpha = 2 / (tail.length + 1);
    const average = tail.reduce((before, value) => before + alpha * (value - before));
    return [Math.sqrt(squares / tail.length), average, (tail.at(-1) ?? NaN) - average];
  });
}

/** Target of the statistics of a window where the metadata name none, as in the original. */
const STATISTICS_TARGET = 'typical_price';

/**
 * The statistics that a model's metadata ask for (`add_window_stats`), of the target among its columns.
 * @throws PluginError `not_configured` when the target is none of the columns
 */
export function statisticsFor(
  { file, metadata }: Pick<ServedModel, 'file' | 'metadata'>,
  columns: readonly WindowColumn[],
): WindowStatistics | undefined {
  const { statisticsPeriods: periods, targetColumn } = metadata;
  if (periods.length === 0) return undefined;
  const target = (targetColumn ?? STATISTICS_TARGET).toLowerCase();
  const names = metadata.featureColumns ?? columns.map(({ name }) => name);
  const column = names.findIndex((name) => name.toLowerCase() === target);
  if (column !== -1) return { column, periods };
  throw fileFault(
    file,
    `add_window_stats needs target_column, one of its columns, in ${metadataName(file)}; "${targetColumn ?? STATISTICS_TARGET}" is none of ${names.join(', ')}`,
  );
}

function missing(frame: Frame, name: string): PluginError {
  const present = frame.names.join(', ');
  return new PluginError(
    'invalid_request',
    `the model needs the column "${name}"; the data has ${present} (feature_columns lets the feeder compute more)`,
  );
}

function noValue(frame: Frame, name: string, row: number): PluginError {
  const time = formatNaiveIso(frame.time[row] ?? NaN);
  return new PluginError(
    'no_data',
    `the column "${name}" has no value in the bar of ${time}, which the model looks at`,
  );
}
